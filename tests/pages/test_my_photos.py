"""What a person saved: none, one, many; search, selection, receipts, delete; nobody else's."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages._shared import downloads, gallery, session
from pages._shared.receipts import size_text
from tests.pages.files import distinct, sample
from tests.pages.visit import Visit
from tests.suites.people import HERE, PASSWORD, details
from tests.suites.places import receipt_for
from vov_core.archive import Archive, Owner, SavedPhoto
from vov_core.database import Photo
from vov_core.findings import Verdict


def save(
    archive: Archive, owner: Owner, n: int = 1, name: str = "hand_protected.png", **changes: object
) -> SavedPhoto:
    output = distinct(n)
    facts = {"file_name": name, "format": "png", "width": 120, "height": 90} | changes
    archive.agree(owner, archive.terms(owner).version)
    return archive.save(output, receipt_for(output, **facts), owner, save_id=uuid4())


def date_back(archive: Archive, photo: SavedPhoto, when: datetime) -> None:
    with archive.database.writing() as session:
        session.execute(update(Photo).where(Photo.id == photo.id).values(created_at=when))


@pytest.fixture
def me() -> Owner:
    return Owner.new_guest()


@pytest.fixture
def mine(visit: Callable[..., Visit], me: Owner) -> Callable[[], Visit]:
    return lambda: visit("my_photos", guest_token=me.token)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """This process as one that VOV's own server runs in, and a browser without any cookie."""
    monkeypatch.setattr(downloads.shelf, "is_served", False)
    return TestClient(Starlette(routes=downloads.routes()), raise_server_exceptions=False)


@pytest.fixture(autouse=True)
def _not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads.shelf, "is_served", False)


def cards(tab: Visit) -> list[str]:
    """The names below the pictures."""
    ticks = [box for box in tab.at.checkbox if (box.key or "").startswith("tick-")]
    return [box.label.replace("\\", "") for box in ticks]


def tick(tab: Visit, *photos: SavedPhoto) -> Visit:
    for photo in photos:
        tab.at.checkbox(key=f"tick-{photo.id}").check()
    return tab.run()


def selected(tab: Visit, n: int, size: int) -> str:
    return tab.t("my_photos.selected", n=n, size=size_text(size))


def test_nothing_saved_yet(visit: Callable[..., Visit]) -> None:
    tab = visit("my_photos")
    assert tab.t("my_photos.empty_title") in tab.words
    assert not tab.at.checkbox and not tab.at.download_button
    tab.click("protect")
    assert tab.at.title[0].value == tab.t("protect.title")


def test_one_photo(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    saved = save(archive, me, name="hand_1.png")
    tab = mine()
    assert cards(tab) == ["hand_1.png"]
    assert tab.t("my_photos.total", n=1, size=size_text(saved.bytes)) in tab.words
    assert tab.has_download(f"download-{saved.id}")
    assert "data:image/webp;base64," in tab.words
    assert not tab.has_button("mail"), "no mail server, no button"


def test_names_are_only_names(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    save(archive, me, name="**<script>alert(1)</script>** :red[x] $y$.png")
    tab = mine()
    assert cards(tab) == ["**<script>alert(1)</script>** :red[x] $y$.png"]
    label = next(box.label for box in tab.at.checkbox if box.key != "tick_all")
    assert "\\<script\\>" in label and "<script>" not in tab.words


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("hand_1_protected.jpg", "hand_1_protected.jpg"),
        ("손 사진 (2).png", "손 사진 (2).png"),
        ("_a_.png", "\\_a\\_\\.png"),
        ("a _b_ c.png", "a \\_b\\_ c\\.png"),
        ("a__b__c.png", "a\\_\\_b\\_\\_c\\.png"),
        ("1. a.png", "1\\. a\\.png"),
        ("- a.png", "\\- a\\.png"),
        ("www.a.org", "www\\.a\\.org"),
        (":red[a].png", "\\:red\\[a\\]\\.png"),
    ],
)
def test_labels_are_escaped_only_where_they_must_be(name: str, label: str) -> None:
    assert gallery._label(name) == label


def test_many_photos_come_in_pages_and_stay_selected(
    mine: Callable[[], Visit], archive: Archive, me: Owner
) -> None:
    photos = [save(archive, me, n, f"{n}.png") for n in range(50)]
    tab = mine()
    assert cards(tab) == [f"{n}.png" for n in range(49, 25, -1)]
    tick(tab, photos[49], photos[40])
    tab.at.pagination[0].set_value(3)
    tab.run()
    assert cards(tab) == ["1.png", "0.png"]
    assert not tab.at.checkbox(key="tick_all").value
    tab.at.checkbox(key="tick_all").check()
    tab.run()
    four = (photos[49], photos[40], photos[1], photos[0])
    assert selected(tab, 4, sum(photo.bytes for photo in four)) in tab.words
    tab.at.pagination[0].set_value(1)
    tab.run()
    assert tab.at.checkbox(key=f"tick-{photos[40].id}").value
    tab.click("pick_all")
    assert selected(tab, 50, sum(photo.bytes for photo in photos)) in tab.words
    assert tab.at.checkbox(key="tick_all").value and not tab.has_button("pick_all")
    tab.click("pick_none")
    assert not tab.at.checkbox(key="tick_all").value and tab.at.button(key="delete").disabled
    tick(tab, *four[:2]).click("delete").answer("delete_yes")
    assert archive.totals(me).photos == 48 and len(cards(tab)) == 24 and tab.errors == []


def test_the_last_page_may_vanish(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    photos = [save(archive, me, n, f"{n}.png") for n in range(25)]
    tab = mine()
    tab.at.pagination[0].set_value(2)
    tick(tab.run(), photos[0]).click("delete").answer("delete_yes")
    assert len(cards(tab)) == 24 and not tab.at.pagination and tab.errors == []


def test_search_by_verdict_and_days(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    now = datetime.now(UTC)
    photos = [
        save(
            archive,
            me,
            n,
            f"{n}.png",
            verdict=Verdict.NOTHING_FOUND if n % 2 else Verdict.DANGER,
        )
        for n in range(4)
    ]
    for n, photo in enumerate(photos):
        date_back(archive, photo, now - timedelta(days=10 * n, minutes=n))
    tab = mine()
    assert cards(tab) == ["0.png", "1.png", "2.png", "3.png"]
    tab.at.selectbox(key="gallery_order").select("oldest").run()
    assert cards(tab) == ["3.png", "2.png", "1.png", "0.png"]
    tab.at.selectbox(key="gallery_verdict").select(Verdict.DANGER).run()
    assert cards(tab) == ["2.png", "0.png"]
    assert tab.t("my_photos.found", n=2, of=4) in tab.words
    day = (now - timedelta(days=20, minutes=2)).date()
    tab.at.date_input(key="gallery_days").set_value((day, day)).run()
    assert cards(tab) == ["2.png"]
    tab.at.selectbox(key="gallery_verdict").select(Verdict.NOTHING_FOUND).run()
    assert cards(tab) == [] and tab.t("my_photos.no_match") in tab.words
    tab.click("show_all")
    assert len(cards(tab)) == 4 and tab.errors == []


def test_days_are_those_of_the_persons_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    seoul = downloads.st.context.__class__
    monkeypatch.setattr(seoul, "timezone_offset", property(lambda _: -540))
    found = gallery._between((date(2026, 3, 1), date(2026, 3, 1)))
    assert found["since"] == datetime(2026, 2, 28, 15, tzinfo=UTC)
    assert found["until"] - found["since"] == timedelta(days=1)
    assert gallery._between((date(2026, 3, 1),)) == gallery._between(()) == {}


def test_the_receipt(mine: Callable[[], Visit], archive: Archive, me: Owner) -> None:
    saved = save(archive, me, name="<b>bold</b> & co.png")
    tab = mine()
    tab.at.menu_button(key=f"menu-{saved.id}").click("receipt")
    tab.run()
    assert saved.receipt.output_sha256 in tab.words
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co.png" in tab.words
    counts = {
        level: getattr(saved.receipt, level) for level in ("readable", "partly", "unreadable")
    }
    assert tab.t("receipt.exposure_counts", **counts) in tab.words
    for key in ("receipt.sha256", "receipt.models", "receipt.who", "receipt.guest"):
        assert tab.t(key) in tab.words


def test_delete_asks_and_removes_object_thumbnail_and_row(
    mine: Callable[[], Visit], archive: Archive, me: Owner, data_dir: Path
) -> None:
    saved = [save(archive, me, n, f"{n}.png") for n in range(3)]
    tab = mine()
    assert tab.at.button(key="delete").disabled
    tick(tab, *saved[:2]).click("delete")
    assert tab.t("my_photos.delete_text") in tab.words and len(archive.list(me)) == 3
    tab.answer("delete_no")
    assert len(archive.list(me)) == 3
    tab.click("delete").answer("delete_yes")
    assert archive.list(me) == (saved[2],) and cards(tab) == ["2.png"]
    assert sum(path.is_file() for path in (data_dir / "photos").rglob("*")) == 2
    assert tab.toasts == [tab.t("my_photos.deleted", n=2)]


def test_one_is_deleted_from_its_menu(
    mine: Callable[[], Visit], archive: Archive, me: Owner
) -> None:
    saved = save(archive, me)
    tab = mine()
    tab.at.menu_button(key=f"menu-{saved.id}").click("delete")
    tab.run().answer("delete_yes")
    assert tab.t("my_photos.empty") in tab.words and archive.totals(me) == (0, 0)


def test_a_lost_file_is_told_and_the_others_stay(
    mine: Callable[[], Visit], archive: Archive, me: Owner, data_dir: Path
) -> None:
    lost, kept = save(archive, me, 1, "lost.png"), save(archive, me, 2, "kept.png")
    for path in (data_dir / "photos").rglob(f"{lost.id}*"):
        path.unlink()
    tab = mine()
    assert tab.words.count(tab.t("my_photos.missing")) == 1
    assert len(cards(tab)) == 2 and tab.errors == []
    tick(tab, lost).click("delete").answer("delete_yes")
    assert archive.list(me) == (kept,)


def test_photos_of_others_are_never_listed(
    mine: Callable[[], Visit], visit: Callable[..., Visit], archive: Archive, me: Owner
) -> None:
    save(archive, me, 1, "mine.png")
    other = save(archive, Owner.new_guest(), 2, "theirs.png")
    assert cards(mine()) == ["mine.png"]
    tab = visit("my_photos")
    assert tab.t("my_photos.empty") in tab.words
    assert archive.list(tab.owner) == () and other.id not in tab.words


def test_a_selection_ends_with_its_person(
    mine: Callable[[], Visit], archive: Archive, me: Owner
) -> None:
    saved, other = save(archive, me), Owner.new_guest()
    save(archive, other, 2)
    tab = tick(mine(), saved)
    tab.at.session_state["guest_token"] = other.token
    tab.run()
    assert tab.at.button(key="delete").disabled


def test_the_zip_of_the_selection(
    mine: Callable[[], Visit], archive: Archive, me: Owner, served: TestClient
) -> None:
    photos = [save(archive, me, n, f"{n}.png") for n in range(3)]
    tab = mine()
    assert 'aria-disabled="true"' in tab.words and "href=" not in tab.words
    tick(tab, photos[0], photos[2])
    address = tab.words.split('href="')[1].split('"')[0]
    answer = served.get(f"/{address}")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    for photo, wanted in zip(photos, (True, False, True), strict=True):
        assert (photo.receipt.file_name.encode() in answer.content) is wanted
    tick(tab, photos[1])
    assert address in tab.words and b"1.png" in served.get(f"/base/{address}").content
    other = Owner.new_guest()
    save(archive, other)
    tab.at.session_state["guest_token"] = other.token
    tab.run()
    assert served.get(f"/{address}").status_code == 404, "it ends with its person"


def test_the_zip_ends_with_the_log_in(
    visit: Callable[..., Visit], archive: Archive, served: TestClient
) -> None:
    anna = session.people().sign_up("anna.kim", PASSWORD, details(), HERE)
    saved = save(archive, anna.member.owner)
    tab = tick(visit("my_photos", member_token=anna.token), saved)
    address = tab.words.split('href="')[1].split('"')[0]
    assert served.get(f"/{address}").status_code == 200
    tab.open("account").click("log_out")
    assert served.get(f"/{address}").status_code == 404


def test_without_own_server_the_zip_is_made_in_memory(
    mine: Callable[[], Visit], archive: Archive, me: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = save(archive, me)
    tab = tick(mine(), saved)
    assert not tab.at.download_button(key="zip").disabled
    monkeypatch.setattr(gallery, "_MOST_IN_MEMORY", saved.bytes - 1)
    tab.run()
    assert tab.at.download_button(key="zip").disabled
    limit = size_text(saved.bytes - 1)
    assert tab.at.download_button(key="zip").help == tab.t("my_photos.zip_limit", limit=limit)


def test_links_are_shown_with_their_end(
    mine: Callable[[], Visit], archive: Archive, me: Owner, served: TestClient
) -> None:
    photos = [save(archive, me, n, f"{n}.png") for n in range(2)]
    tab = tick(mine(), *photos).click("share")
    for n, photo in enumerate(photos):
        shown = tab.shown(f"link-{photo.id}")
        assert shown["copy"] == tab.t("share.copy")
        answer = served.get(urlsplit(shown["text"]).path)
        assert answer.content == distinct(n)
    assert tab.t("share.note") in tab.words


def test_without_own_server_there_are_no_links_to_a_folder(
    mine: Callable[[], Visit], archive: Archive, me: Owner
) -> None:
    saved = save(archive, me)
    tab = mine()
    tab.at.menu_button(key=f"menu-{saved.id}").click("share")
    tab.run()
    assert [info.value for info in tab.at.info] == [tab.t("share.off")]


def test_a_photo_protected_here_is_listed_here(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("hand.jpg", sample("00119"))).click("approve").click("save")
    tab.open("my_photos")
    assert cards(tab) == ["hand_protected.jpg"]
    tab.open("history")
    assert [metric.value for metric in tab.at.metric][:4] == ["1", "1", "0", "5"]
