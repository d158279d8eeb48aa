"""Save: once however often it is tried, and never lost when store or database are down."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from pages._shared import session
from pages._shared.review import escape
from tests.pages.files import distinct, sample
from tests.pages.visit import Visit
from vov_core.archive import Archive
from vov_core.database import engine
from vov_core.errors import VovError
from vov_core.storage import THUMBNAIL
from vov_core.texts import Language, text

HAND = ("hand.jpg", sample("00119"))


@contextmanager
def store_down(data_dir: Path) -> Iterator[None]:
    """A plain file where the folder of objects was."""
    folder = data_dir / "photos"
    folder.rename(data_dir / "elsewhere")
    folder.write_text("no folder")
    yield
    folder.unlink()
    (data_dir / "elsewhere").rename(folder)


@contextmanager
def database_locked(data_dir: Path) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    file = data_dir / "vov.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def database_broken(data_dir: Path) -> Iterator[None]:
    """The file of the database is none any more."""
    session.archive().database.close()
    files = {file: file.read_bytes() for file in data_dir.glob("vov.sqlite*")}
    for file in files:
        file.write_bytes(b"this is no database" * 1000)
    yield
    session.archive().database.close()
    for file in data_dir.glob("vov.sqlite*"):
        file.unlink()
    for file, data in files.items():
        file.write_bytes(data)


FAILURES = [
    (store_down, "store_unavailable"),
    (database_locked, "database_unavailable"),
    (database_broken, "database_unavailable"),
]


@pytest.mark.parametrize(
    ("failure", "code"), FAILURES, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_failed_save_is_told_and_can_be_done_later(
    failure: Callable[[Path], Iterator[None]],
    code: str,
    visit: Callable[..., Visit],
    archive: Archive,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_SQLITE_BUSY_SECONDS", 0.1)
    session.archive.clear()
    archive = session.archive()
    tab = visit("protect").upload(HAND).click("approve")
    approval = tab.item.approval
    with failure(data_dir):
        tab.click("save")
        sentence = tab.t("protect.problem", name=escape("hand.jpg"), reason=tab.t(f"errors.{code}"))
        assert tab.errors == [sentence]
        assert tab.item.approval is approval and not tab.item.saved
        assert tab.has_download("download") and tab.has_button("save")
    tab.run()
    assert tab.errors == [], "told once"
    tab.click("save")
    assert tab.errors == [] and tab.item.saved and not tab.has_button("save")
    (saved,) = archive.list(tab.owner)
    assert archive.read(tab.owner, saved.id) == approval.output.data
    objects = [path for path in (data_dir / "photos").rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in objects) == ["", THUMBNAIL], "the photo, once"


def test_a_full_disk_is_told_and_nothing_is_lost(small_disk: Path, language: Language) -> None:
    tab = Visit(language, "protect").upload(HAND).click("approve")
    archive = session.archive()
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    tab.click("save")
    reason = tab.t("errors.store_full")
    assert tab.errors == [tab.t("protect.problem", name=escape("hand.jpg"), reason=reason)]
    assert tab.has_download("download") and tab.has_button("save")
    assert archive.list(tab.owner) == ()
    filler.unlink()
    tab.click("save")
    assert tab.errors == [] and tab.item.saved
    assert len(archive.list(tab.owner)) == 1


@pytest.mark.parametrize("page", ["home", "protect", "my_photos", "history", "privacy", "about"])
def test_every_page_opens_while_the_store_is_down(
    page: str, visit: Callable[..., Visit], data_dir: Path
) -> None:
    data_dir.mkdir()
    (data_dir / "photos").write_text("a file where the folder should be")
    tab = visit(page)
    needs_it = page in {"home", "my_photos", "history", "privacy"}
    assert tab.errors == ([tab.t("errors.store_unavailable")] if needs_it else [])
    assert tab.at.title[0].value
    (data_dir / "photos").unlink()
    assert tab.run().errors == [], "a failure to open is not kept"


def test_some_of_many_fail_and_the_others_are_saved(
    english: Callable[..., Visit], archive: Archive, data_dir: Path
) -> None:
    tab = english("protect").upload(*((f"{n}.png", distinct(n)) for n in range(3)))
    tab.click("approve_all").click("save_all")
    tab.upload(("late.png", distinct(9))).click("approve")
    with store_down(data_dir):
        tab.click("save_all")
        assert len(tab.errors) == 1 and "late" in tab.errors[0]
    assert [item.saved for item in tab.workspace.items] == [True, True, True, False]
    tab.click("save")
    assert len(archive.list(tab.owner)) == 4


def test_saving_twice_is_one_photo(english: Callable[..., Visit], archive: Archive) -> None:
    tab = english("protect").upload(HAND).click("approve").click("save")
    tab.item.saved = False  # What a lost answer leaves behind.
    tab.run().click("save")
    assert tab.item.saved and len(archive.list(tab.owner)) == 1


def test_the_receipt_tells_what_was_done(english: Callable[..., Visit], archive: Archive) -> None:
    tab = english("protect").upload(HAND).slide("coverage", 140).fire("styles", "pick", "noise")
    tab.fire("review", "toggle", tab.shown("review")["tips"][0]["id"])
    tab.fire("review", "draw", {"cx": 99, "cy": 99, "rx": 20, "ry": 20})
    tab.click("approve").click("save")
    (saved,) = archive.list(tab.owner)
    receipt, output = saved.receipt, tab.item.approval.output
    assert (receipt.style, receipt.coverage, receipt.left_out, receipt.drawn) == (
        "noise",
        1.4,
        1,
        1,
    )
    assert receipt.fingerprints_covered == 5 and receipt.regions_found == 5 and receipt.hands == 1
    assert receipt.output_sha256 == output.report.sha256 and saved.bytes == len(output.data)
    assert receipt.models and receipt.ms_total > 0 and saved.owner_kind == "guest"
    # Drawn areas have no ridges to speak of: five tips were measured.
    assert (receipt.readable, receipt.partly, receipt.unreadable) == (0, 0, 5)


def test_nothing_is_saved_without_approval(
    english: Callable[..., Visit], archive: Archive, data_dir: Path
) -> None:
    tab = english("protect").upload(HAND).slide("coverage", 150)
    tab.click("remove")
    assert archive.totals(tab.owner) == (0, 0)
    assert not [path for path in (data_dir / "photos").rglob("*") if path.is_file()]


def test_no_log_line_quotes_a_name_or_a_path(
    english: Callable[..., Visit],
    data_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tab = english("protect").upload(("very private name.jpg", HAND[1]), ("secret.jpg", b"x"))
    session.archive()
    session.archive()
    tab.click("approve")
    with store_down(data_dir):
        tab.click("save")
    lines = "\n".join(record.getMessage() for record in caplog.records)
    assert "store_unavailable" in lines
    assert "private" not in lines and "secret" not in lines and str(data_dir) not in lines


def test_every_error_has_a_sentence(language: Language) -> None:
    def codes(kind: type[VovError]) -> set[str]:
        return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))

    facts = dict.fromkeys(
        (
            *("limit_mb", "size_mb", "megapixels", "limit_megapixels", "width", "height", "limit"),
            *("photos", "mb", "seconds", "limit_seconds", "place", "minutes"),
        ),
        1,
    )
    for code in codes(VovError):
        assert text(language, f"errors.{code}", file="f", name="n", reason="r", **facts)
