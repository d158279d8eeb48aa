"""The review: choose, tune, leave out, draw, approve, remove, reset."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from pages._shared.controls import DEFAULTS
from pages._shared.samples import NAMES
from tests.images.encoded import saved
from tests.pages.files import distinct, sample
from tests.pages.visit import Visit
from vov_core.finder import Finder
from vov_core.findings import Findings
from vov_core.masks import STYLES
from vov_core.pipeline import Tuning
from vov_core.texts import Language
from vov_core.workspace import Approval, Item, Workspace

OPEN_HAND = ("hand.jpg", sample("00119"))
TUNED = [
    ("coverage", 150),
    ("strength", 80),
    ("softness", 60),
    ("quality", 80),
]


def tips(tab: Visit) -> dict[str, bool]:
    """Region id -> covered, as the browser part shows them."""
    return {tip["id"]: tip["covered"] for tip in tab.shown("review")["tips"]}


def verdicts(tab: Visit) -> list[str]:
    return [e.proto.body for e in tab.at.get("html") if 'class="verdict' in e.proto.body]


def test_it_begins_with_an_empty_table(visit: Callable[..., Visit]) -> None:
    tab = visit("protect")
    assert tab.at.title[0].value == tab.t("protect.title")
    assert [option["id"] for option in tab.shown("samples")["options"]] == list(NAMES)
    assert all(option["name"] for option in tab.shown("samples")["options"])
    assert not tab.at.slider and not tab.at.button


def test_a_sample_is_taken_in_with_one_click(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").fire("samples", "pick", NAMES[1])
    assert tab.names == [f"{NAMES[1]}.jpg"]
    assert len(tips(tab)) == 5 and all(tips(tab).values())
    assert tab.t("verdict.danger", n=5) in verdicts(tab)[0]


def test_only_samples_can_be_picked(english: Callable[..., Visit]) -> None:
    for nonsense in ("../../etc/passwd", 7, None):
        assert not english("protect").fire("samples", "pick", nonsense).workspace.items


def test_nothing_found_is_no_guarantee(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("plain.png", distinct(3)))
    assert tips(tab) == {}
    (box,) = verdicts(tab)
    assert tab.t("verdict.nothing") in box and tab.t("verdict.nothing_text") in box
    tab.click("approve")
    approval = tab.item.approval
    assert approval is not None and approval.selection.verdict == "nothing_found"


def test_a_finger_tip_is_left_open_and_covered_again(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(OPEN_HAND)
    before, first = tab.shown("review"), next(iter(tips(tab)))
    tab.fire("review", "toggle", first)
    assert tips(tab)[first] is False and sum(tips(tab).values()) == 4
    assert tab.shown("review")["masked"] != before["masked"]
    assert tab.t("verdict.left_open", n=1) in "".join(verdicts(tab))
    tab.fire("review", "toggle", first)
    assert all(tips(tab).values()) and tab.shown("review")["masked"] == before["masked"]


def test_all_finger_tips_left_open_is_still_danger(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(OPEN_HAND)
    for region in tips(tab):
        tab.fire("review", "toggle", region)
    assert not any(tips(tab).values())
    (box,) = verdicts(tab)
    assert tab.t("verdict.all_open") in box and "danger" in box


def test_one_covered_tip_is_told_in_the_singular(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    for region in list(tips(tab))[1:]:
        tab.fire("review", "toggle", region)
    assert tab.t("verdict.danger_one") in verdicts(tab)[0]


def test_an_area_is_drawn_and_removed(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("plain.png", distinct(3)))
    before = tab.shown("review")["masked"]
    tab.fire("review", "draw", {"cx": 60, "cy": 45, "rx": 20, "ry": 12})
    (tip,) = tab.shown("review")["tips"]
    assert tip["covered"] and tab.t("fingers.drawn") in tip["name"]
    assert tip["action"] == tab.t("review.remove")
    assert 35 < tip["box"][0] < 41 and 79 < tip["box"][2] < 85
    assert tab.shown("review")["masked"] != before
    tab.fire("review", "toggle", tip["id"])
    assert tips(tab) == {} and tab.shown("review")["masked"] == before


@pytest.mark.parametrize(
    "shape",
    [
        {"cx": 0, "cy": 0, "rx": 0, "ry": 0},
        {"cx": 119, "cy": 89, "rx": 30, "ry": 30},
        {"cx": -500, "cy": -500, "rx": 5, "ry": 5},
        {"cx": 60, "cy": 45, "rx": 5000, "ry": 5000},
        {"cx": 60, "cy": 45, "rx": 1e300, "ry": 1},
        {"cx": float("nan"), "cy": 45, "rx": 3, "ry": float("inf")},
        {"cx": "middle", "cy": 45, "rx": 3, "ry": 3},
        {"cx": None, "cy": 1, "rx": 1, "ry": 1},
        {"rx": 3},
        [1, 2],
        "a circle",
    ],
    ids=str,
)
def test_odd_areas_break_nothing(shape: object, english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(("plain.png", distinct(3)))
    tab.fire("review", "draw", shape)
    assert tab.errors == [] and tab.has_component("review")
    tab.click("approve")
    assert tab.errors == [] and tab.has_download("download")


def test_an_unknown_region_changes_nothing(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    before = tab.shown("review")
    for nonsense in ("h9-thumb", "", {"id": 1}, ["a"]):
        tab.fire("review", "toggle", nonsense)
        assert tab.shown("review") == before


def test_a_slider_shows_its_new_picture_and_asks_no_model(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    findings, before = tab.item.findings, tab.shown("review")
    tab.slide("coverage", 160)
    after = tab.shown("review")
    assert after["masked"] != before["masked"] and after["original"] == before["original"]
    widths = [[tip["box"][2] - tip["box"][0] for tip in view["tips"]] for view in (before, after)]
    assert all(wide > narrow for narrow, wide in zip(*widths, strict=True))
    assert tab.item.findings is findings


def test_every_style_can_be_picked(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    seen = set()
    for name in STYLES:
        tab.fire("styles", "pick", name)
        shown = tab.shown("styles")
        assert shown["chosen"] == name and tab.t(f"styles.{name}_text") in tab.words
        seen.add(tab.shown("review")["masked"])
    assert len(seen) == len(STYLES)
    notes = {option["id"]: option["note"] for option in shown["options"]}
    assert {name for name, note in notes.items() if tab.t("styles.cosmetic") in note} == {
        name for name, style in STYLES.items() if not style.irreversible
    }
    assert tab.fire("styles", "pick", "invisible").shown("styles")["chosen"] == name


@pytest.mark.parametrize(("control", "value"), TUNED, ids=lambda value: str(value))
def test_a_changed_slider_takes_the_approval_back(
    control: str, value: int, english: Callable[..., Visit]
) -> None:
    tab = english("protect").upload(OPEN_HAND).fire("styles", "pick", "pixelate")
    tab.click("approve")
    assert tab.has_download("download") and not tab.has_button("approve")
    old = tab.at.slider(key=control).value
    tab.slide(control, value)
    assert tab.has_button("approve") and not tab.has_download("download")
    tab.slide(control, old)
    assert tab.has_download("download"), "back at what was approved"


def test_other_changes_take_the_approval_back(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    region = next(iter(tips(tab)))
    changes: list[Callable[[], Visit]] = [
        lambda: tab.fire("styles", "pick", "solid"),
        lambda: tab.choose("format", "png"),
        lambda: tab.fire("review", "toggle", region),
        lambda: tab.fire("review", "draw", {"cx": 99, "cy": 99, "rx": 20, "ry": 20}),
    ]
    for change in changes:
        tab.click("approve")
        assert tab.has_download("download")
        change()
        assert tab.has_button("approve") and not tab.has_download("download")
    tab.click("approve")
    approval = tab.item.approval
    assert approval is not None and approval.file_name == "hand_protected.png"
    assert len(approval.edits.drawn) == 1 and approval.edits.left_out == {region}


def test_reset_takes_everything_back(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    before = tab.shown("review")
    tab.slide("coverage", 180).slide("softness", 90).fire("styles", "pick", "noise")
    tab.fire("review", "toggle", next(iter(tips(tab))))
    tab.fire("review", "draw", {"cx": 99, "cy": 99, "rx": 20, "ry": 20})
    assert tab.shown("review") != before
    tab.click("reset")
    assert tab.shown("review") == before
    assert {name: tab.at.session_state[name] for name in DEFAULTS} == DEFAULTS


def test_the_approved_bytes_are_told(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(OPEN_HAND).click("approve")
    report = tab.item.approval.output.report
    sentence = tab.t("actions.approved", kb=f"{report.bytes / 1024:,.0f}", hash=report.sha256[:12])
    assert [success.value for success in tab.at.success] == [sentence]
    assert tab.has_download("download") and tab.has_button("save")


def test_many_photos_side_by_side(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(OPEN_HAND, *((f"{n}.png", distinct(n)) for n in range(4)))
    strip = tab.shown("strip")
    assert [option["name"] for option in strip["options"]] == tab.names
    assert strip["chosen"] == tab.workspace.items[-1].id
    first = tab.workspace.items[0]
    tab.fire("strip", "pick", first.id)
    assert tab.item is first and len(tips(tab)) == 5
    tab.click("approve")
    notes = [option["note"] for option in tab.shown("strip")["options"]]
    assert notes == [tab.t("protect.state_approved")] + [tab.t("protect.state_waiting")] * 4
    tab.click("approve_all")
    assert tab.has_download("download_all") and not tab.has_button("approve_all")
    tab.click("save_all")
    notes = {option["note"] for option in tab.shown("strip")["options"]}
    assert notes == {tab.t("protect.state_saved")} and not tab.has_button("save_all")
    assert tab.toasts == [tab.t("actions.saved_n", n=5)]


def test_a_photo_of_another_session_cannot_be_picked(english: Callable[..., Visit]) -> None:
    mine = english("protect").upload(("a.png", distinct(1)), ("b.png", distinct(2)))
    other = english("protect").upload(OPEN_HAND)
    mine.fire("strip", "pick", other.item.id)
    assert mine.item in mine.workspace.items and mine.item.id != other.item.id


def test_removed_photos_are_gone(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("a.png", distinct(1)), OPEN_HAND)
    tab.click("remove")
    assert tab.names == ["a.png"] and tab.item.name == "a.png"
    tab.click("remove")
    assert tab.workspace.items == () and tab.workspace.held == 0
    assert not tab.has_component("review") and tab.t("protect.lede") in tab.words
    assert not tab.at.session_state["problems"]


def test_the_last_photo_is_removed_from_within_the_review(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(("a.png", distinct(1))).answer("remove")
    assert tab.workspace.items == () and not tab.has_component("review")
    assert tab.t("protect.lede") in tab.words


def test_each_photo_has_its_own_settings(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(("a.png", distinct(1)), OPEN_HAND)
    first, second = tab.workspace.items
    tab.slide("coverage", 150).click("approve")
    tab.fire("strip", "pick", first.id)
    assert tab.at.slider(key="coverage").value == 150  # A new photo begins with the last settings.
    tab.slide("coverage", 110).fire("styles", "pick", "solid").click("approve")
    assert first.approved and second.approved
    assert second.tuning.look.coverage == 1.5 and second.tuning.look.style == DEFAULTS["style"]
    tab.fire("strip", "pick", second.id)
    assert tab.at.slider(key="coverage").value == 150 and second.approved
    assert tab.at.session_state["style"] == DEFAULTS["style"]
    tab.click("for_all")
    assert first.tuning == second.tuning and second.approved and not first.approved
    assert tab.toasts == [tab.t("controls.for_all_done", n=2)]


def test_what_goes_wrong_with_one_photo_stops_no_other(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Finder.find

    def stumbles(self: Finder, sha256: str, pixels: Any, known: Any = None) -> Findings:
        if pixels.shape[:2] == (41, 43):
            raise RuntimeError("nobody expected this")
        return look(self, sha256, pixels, known)

    monkeypatch.setattr(Finder, "find", stumbles)
    odd = saved(np.zeros((41, 43, 3), np.uint8), "PNG")
    tab = english("protect").upload(("a.png", distinct(1)), ("odd.png", odd), OPEN_HAND)
    assert tab.names == ["a.png", "hand.jpg"]
    assert tab.errors == [f"**odd\\.png**: {tab.t('errors.unexpected')}"]
    assert not tab.at.file_uploader[0].value


def test_a_step_that_nobody_expected_to_fail_is_told_once_and_stops_no_other(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = english("protect").upload(("a.png", distinct(1)), OPEN_HAND)
    approve = Workspace.approve

    def stumbles(space: Workspace, item: Item, tuning: Tuning) -> Approval:
        if item.name == "a.png":
            raise RuntimeError("nobody expected this")
        return approve(space, item, tuning)

    monkeypatch.setattr(Workspace, "approve", stumbles)
    tab.click("approve_all")
    assert tab.errors == [f"**a\\.png**: {tab.t('errors.unexpected')}"]
    assert [item.approved for item in tab.workspace.items] == [False, True]
    assert tab.run().errors == []


def test_photos_that_wait_outlast_a_look_at_another_page(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = english("protect")
    add = Workspace.add

    def leaves(space: Workspace, name: str, *rest: Any) -> Item:
        if name == "b.png":
            raise StopException  # What a click on another page does to a run.
        return add(space, name, *rest)

    monkeypatch.setattr(Workspace, "add", leaves)
    tab.upload(*((f"{name}.png", distinct(n)) for n, name in enumerate("abc")))
    assert tab.names == ["a.png"]
    tab.open("about")
    monkeypatch.setattr(Workspace, "add", add)
    tab.open("protect")
    assert tab.names == ["a.png", "b.png", "c.png"] and tab.errors == []


def test_work_survives_a_look_at_another_page(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND).slide("coverage", 150)
    tab.fire("review", "toggle", next(iter(tips(tab))))
    before = tab.shown("review")
    tab.open("about").open("protect")
    assert tab.shown("review") == before and tab.at.slider(key="coverage").value == 150


def test_the_language_changes_in_the_middle(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND).slide("coverage", 150).click("approve")
    for language in Language:
        tab.speak(language)
        assert tab.at.title[0].value == tab.t("protect.title")
        assert tab.has_download("download") and tab.at.slider(key="coverage").value == 150


def test_no_copy_of_the_upload_stays_in_the_session(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(OPEN_HAND)
    assert tab.at.file_uploader[0].key == "upload-1" and not tab.at.file_uploader[0].value
    held = [value for value in tab.at.session_state.values() if isinstance(value, bytes | list)]
    assert not any(OPEN_HAND[1] in value for value in held)
    assert [item.data == OPEN_HAND[1] for item in tab.workspace.items] == [True]
