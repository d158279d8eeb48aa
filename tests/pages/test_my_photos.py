"""What a person saved: none, one, many; receipts, zip, delete; nobody else's."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from pages._shared.gallery import zipped
from pages._shared.receipts import size_text
from tests.pages.files import distinct, sample
from tests.pages.visit import Visit
from tests.suites.places import receipt_for
from vov_core.archive import Archive, Owner, SavedPhoto


def save(
    archive: Archive, owner: Owner, n: int = 1, name: str = "hand_protected.png"
) -> SavedPhoto:
    output = distinct(n)
    receipt = receipt_for(output, file_name=name, format="png", width=120, height=90)
    return archive.save(output, receipt, owner, save_id=uuid4())


@pytest.fixture
def me() -> Owner:
    return Owner.new_guest()


@pytest.fixture
def mine(visit: Callable[..., Visit], me: Owner) -> Callable[[], Visit]:
    return lambda: visit("my_photos", guest_token=me.token)


def cards(tab: Visit) -> list[str]:
    """The names below the pictures."""
    return [words.value for words in tab.at.markdown if words.value.startswith("**")]


def test_nothing_saved_yet(visit: Callable[..., Visit]) -> None:
    tab = visit("my_photos")
    assert [info.value for info in tab.at.info] == [tab.t("my_photos.empty")]
    assert not tab.at.checkbox and not tab.at.button and not tab.at.download_button


def test_one_photo(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    saved = save(archive, me, name="hand_1.png")
    tab = mine()
    assert cards(tab) == ["**hand\\_1\\.png**"]
    assert tab.at.metric[0].value == "1" and tab.at.metric[1].value == size_text(saved.bytes)
    assert tab.has_download(f"download-{saved.id}")
    assert "data:image/jpeg;base64," in tab.words


def test_many_photos_come_in_pages(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    for n in range(26):
        save(archive, me, n, f"{n}.png")
    tab = mine()
    assert tab.at.metric[0].value == "26"
    assert cards(tab) == [f"**{n}\\.png**" for n in range(25, 13, -1)]
    tab.at.pagination[0].set_value(3)
    tab.run()
    assert cards(tab) == ["**1\\.png**", "**0\\.png**"]
    tab.at.checkbox(key="tick_all").check()
    tab.run()
    assert tab.t("my_photos.selected", n=2) in tab.words
    tab.click("delete").answer("delete_yes")
    assert tab.at.metric[0].value == "24" and len(cards(tab)) == 12 and tab.errors == []


def test_details_show_the_receipt(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    saved = save(archive, me, name="<b>bold</b> & co.png")
    tab = mine().click(f"receipt-{saved.id}")
    assert saved.receipt.output_sha256 in tab.words
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co.png" in tab.words
    for key in ("receipt.sha256", "receipt.models", "receipt.who", "receipt.guest"):
        assert tab.t(key) in tab.words


def test_delete_asks_and_removes_object_and_row(
    mine: Callable[[], Visit], archive: Archive, me: Owner, data_dir: Path
) -> None:
    saved = [save(archive, me, n, f"{n}.png") for n in range(3)]
    tab = mine()
    assert tab.at.button(key="delete").disabled
    for photo in saved[:2]:
        tab.at.checkbox(key=f"tick-{photo.id}").check()
    tab.run().click("delete")
    assert tab.t("my_photos.delete_text") in tab.words and len(archive.list(me)) == 3
    tab.answer("delete_no")
    assert len(archive.list(me)) == 3
    tab.click("delete").answer("delete_yes")
    assert archive.list(me) == (saved[2],) and cards(tab) == ["**2\\.png**"]
    assert sum(path.is_file() for path in (data_dir / "photos").rglob("*")) == 1
    assert tab.toasts == [tab.t("my_photos.deleted", n=2)]


def test_the_last_photo_deleted_leaves_an_empty_page(
    mine: Callable[[], Visit], archive: Archive, me: Owner
) -> None:
    save(archive, me)
    tab = mine()
    tab.at.checkbox(key="tick_all").check()
    tab.run().click("delete").answer("delete_yes")
    assert tab.t("my_photos.empty") in tab.words and archive.totals(me) == (0, 0)


def test_a_lost_file_is_told_and_the_others_stay(
    mine: Callable[[], Visit], archive: Archive, me: Owner, data_dir: Path
) -> None:
    lost, kept = save(archive, me, 1, "lost.png"), save(archive, me, 2, "kept.png")
    next(path for path in (data_dir / "photos").rglob(f"{lost.id}*")).unlink()
    tab = mine()
    assert [warning.value for warning in tab.at.warning] == [tab.t("my_photos.missing")]
    assert len(cards(tab)) == 2 and tab.errors == []
    tab.at.checkbox(key=f"tick-{lost.id}").check()
    tab.run().click("delete").answer("delete_yes")
    assert archive.list(me) == (kept,)


def test_photos_of_others_are_never_listed(
    mine: Callable[[], Visit], visit: Callable[..., Visit], archive: Archive, me: Owner
) -> None:
    save(archive, me, 1, "mine.png")
    other = save(archive, Owner.new_guest(), 2, "theirs.png")
    assert cards(mine()) == ["**mine\\.png**"]
    tab = visit("my_photos")
    assert tab.t("my_photos.empty") in tab.words
    assert archive.list(tab.owner) == () and other.id not in tab.words


def test_the_zip_holds_the_files_and_leaves_lost_ones_out(
    archive: Archive, me: Owner, data_dir: Path
) -> None:
    photos = [save(archive, me, n, "same.png") for n in range(3)]
    next(path for path in (data_dir / "photos").rglob(f"{photos[1].id}*")).unlink()
    with zipfile.ZipFile(io.BytesIO(zipped(archive, me, photos))) as bundle:
        assert bundle.testzip() is None
        content = {name: bundle.read(name) for name in bundle.namelist()}
    assert content == {"same.png": distinct(0), "same (2).png": distinct(2)}


def test_a_photo_protected_here_is_listed_here(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("hand.jpg", sample("00119"))).click("approve").click("save")
    tab.open("my_photos")
    assert cards(tab) == ["**hand\\_protected\\.jpg**"]
    tab.open("history")
    assert [metric.value for metric in tab.at.metric][:4] == ["1", "1", "0", "5"]
