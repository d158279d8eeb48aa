"""The booth's page: from the attract screen to the print, and back without a trace."""

import gc
import weakref
from collections.abc import Callable

import pytest

from pages._shared import session
from pages._shared.samples import NAMES
from tests.pages.files import distinct, sample
from tests.pages.test_camera import sent
from tests.pages.visit import Visit
from vov_core.archive import Archive
from vov_core.booth import SHOTS, Guest, Layout
from vov_core.images import read_photo


def guest(tab: Visit) -> Guest:
    found: Guest = tab.at.session_state["booth_guest"]
    return found


def fill(tab: Visit) -> Visit:
    """Four shots: two from the camera, two samples."""
    tab.click("booth_start")
    tab.fire("booth_camera", "shot", sent(sample("00119"), "one"))
    assert tab.shown("booth_camera")["received"] == "one"
    assert tab.shown("booth_camera")["reveal"].startswith("data:image/jpeg")
    tab.fire("booth_camera", "shot", sent(distinct(3), "two"))
    for name in NAMES[:2]:
        tab.fire("booth_samples", "pick", name)
    assert guest(tab).complete
    return tab


def kept(tab: Visit) -> set[str]:
    """What of the booth is in the session, but for when it was last seen."""
    keys = {str(key) for key in tab.at.session_state}
    return {key for key in keys if key.startswith("booth")} - {"booth_seen"}


def test_from_the_first_shot_to_my_photos(visit: Callable[..., Visit], archive: Archive) -> None:
    tab = visit("booth")
    assert tab.t("booth.lede") in tab.words and not tab.has_component("booth_camera")
    tab.fire("booth_layouts", "pick", "strip")
    fill(tab)
    assert tab.t("booth.covered", n=5) in tab.words and tab.t("booth.nothing") in tab.words
    tab.click("booth_next")
    tab.fire("booth_colours", "pick", "night")
    tab.at.text_input(key="booth_caption").set_value("우리 ♥")
    tab.run().click("booth_approve")
    assert tab.has_download("booth_download_jpeg") and tab.has_download("booth_download_png")
    made = tab.at.session_state["booth_prints"]["png"]
    assert (made.design.layout, made.design.colour) == (Layout.STRIP, "night")
    assert made.design.caption == "우리 ♥" and made.design.day is not None
    pixels = read_photo(made.output.data).pixels
    assert (pixels == guest(tab).frame(made.design, made.tuning)).all()
    assert tab.t("consent.title") in tab.words
    tab.click("booth_save")
    (saved,) = archive.list(tab.owner)
    assert (
        saved.receipt.file_name == "vov_four_cut.jpg" and saved.receipt.fingerprints_covered >= 10
    )
    assert saved.id == tab.at.session_state["booth_saved"]
    assert not tab.has_button("booth_save") and tab.errors == []
    until = archive.retention.until("guest", saved.saved_at)
    assert until and tab.t("consent.kept_until", date=f"{until:%Y-%m-%d}") in tab.words


def test_uploads_instead_of_a_camera(english: Callable[..., Visit]) -> None:
    tab = english("booth").click("booth_start")
    tab.upload(*[(f"{n}.png", distinct(n)) for n in range(6)])
    assert guest(tab).complete and len(guest(tab).workspace.items) == SHOTS
    (told,) = tab.errors
    reason = tab.t("booth.no_place", n=SHOTS)
    assert told == f"**4\\.png**: {reason}\n\n**5\\.png**: {reason}"


def test_a_bad_upload_is_told_and_the_next_takes_its_place(english: Callable[..., Visit]) -> None:
    tab = english("booth").click("booth_start")
    tab.upload(("notes.md", b"# Notes"), ("1.png", distinct(1)))
    assert guest(tab).next_slot == 1
    assert tab.errors == [f"**notes\\.md**: {tab.t('errors.not_a_photo')}"]


def test_one_shot_again(english: Callable[..., Visit]) -> None:
    tab = fill(english("booth")).click("booth_retake_1")
    assert guest(tab).next_slot == 1 and tab.shown("booth_camera")["reveal"] is None
    tab.fire("booth_camera", "shot", sent(distinct(77), "again"))
    assert guest(tab).complete and tab.has_button("booth_next")


def test_a_bad_shot_is_told_and_stops_the_countdown(visit: Callable[..., Visit]) -> None:
    tab = visit("booth").click("booth_start")
    tab.fire("booth_camera", "shot", sent(b"no picture", "bad"))
    assert len(tab.errors) == 1 and tab.shown("booth_camera")["received"] == "bad"
    assert tab.shown("booth_camera")["more"] is False and guest(tab).next_slot == 0
    tab.fire("booth_camera", "shot", sent(distinct(1), "good"))
    assert tab.errors == [] and tab.shown("booth_camera")["more"] is True


def test_a_changed_frame_must_be_approved_again(english: Callable[..., Visit]) -> None:
    tab = fill(english("booth")).click("booth_next").click("booth_approve").click("booth_back")
    assert "booth_prints" not in tab.at.session_state and tab.has_button("booth_approve")


@pytest.mark.parametrize("picked", ["../x", 7, None])
def test_only_what_is_offered_can_be_picked(picked: object, english: Callable[..., Visit]) -> None:
    tab = english("booth").fire("booth_layouts", "pick", picked)
    tab.click("booth_start").fire("booth_samples", "pick", picked)
    assert "booth_guest" not in tab.at.session_state or not guest(tab).workspace.items


@pytest.mark.parametrize("way", ["idle", "finish", "absent"])
def test_nothing_of_the_last_guest_remains(way: str, english: Callable[..., Visit]) -> None:
    tab = fill(english("booth")).click("booth_next")
    tab.at.text_input(key="booth_caption").set_value("only mine")
    tab.run().click("booth_approve")
    traces = [weakref.ref(item) for item in guest(tab).items]
    traces.append(weakref.ref(tab.at.session_state["booth_prints"]["png"]))
    traces.append(weakref.ref(guest(tab)))
    if way == "idle":
        tab.fire("booth_idle", "idle", 1)
    elif way == "finish":
        tab.click("booth_finish")
    else:
        tab.at.session_state["booth_seen"] -= session.settings().booth_idle_seconds + 60
        tab.run()
    # AppTest keeps the last run's elements; one more run lets go of them.
    tab.run()
    assert tab.has_button("booth_start") and kept(tab) <= {"booth_layouts", "booth_start"}
    gc.collect()
    assert [trace() for trace in traces] == [None] * len(traces)
    assert "only mine" not in repr(tab.at.session_state)
    tab.click("booth_start")
    assert tab.shown("booth_camera")["reveal"] is None


def test_a_kiosk_forgets_who_it_was(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOV_BOOTH_KIOSK", "on")
    tab = english("protect").upload(("mine.png", distinct(8)))
    before = tab.owner
    photo = tab.item
    fill(tab.open("booth"))
    tab.fire("booth_idle", "idle", 1).run()
    # Streamlit's own callbacks may still hold the item, but it is empty.
    assert tab.owner != before and photo.data == b"" and not photo.findings.photo_sha256
    assert tab.shown("guest_cookie")["is_new"] is True
    assert not tab.open("protect").workspace.items


def test_a_kiosk_watches_its_other_pages_too(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOV_BOOTH_KIOSK", "on")
    tab = english("protect").upload(("mine.png", distinct(8)))
    before, photo = tab.owner, tab.item
    assert tab.shown("booth_idle")["seconds"] == session.settings().booth_idle_seconds
    tab.fire("booth_idle", "idle", 1)
    # Back at the attract screen, as somebody else.
    assert tab.has_button("booth_start") and tab.owner != before and photo.data == b""


def test_at_home_no_page_watches(english: Callable[..., Visit]) -> None:
    assert not english("protect").has_component("booth_idle")


def test_at_home_only_the_booth_is_forgotten(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(("mine.png", distinct(8)))
    before = tab.owner
    fill(tab.open("booth")).fire("booth_idle", "idle", 1)
    assert tab.owner == before and tab.names == ["mine.png"]
    assert tab.shown("guest_cookie")["is_new"] is False
