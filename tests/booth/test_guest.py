"""A guest: four shots, each covered before it is anywhere; forgotten without a rest."""

import gc
import weakref
from collections.abc import Callable
from datetime import date
from typing import Any

import cv2
import numpy as np
import pytest

from tests.images.encoded import drawn, saved
from vov_core.booth import SHOTS, Design, Guest, Layout
from vov_core.booth.frames import fitted
from vov_core.errors import NotAPhotoError, SessionFullError
from vov_core.finder import Finder
from vov_core.findings import Verdict
from vov_core.images import OutputFormat, ReadLimits, read_photo
from vov_core.pipeline import Look, Tuning
from vov_core.workspace import Workspace

TUNING = Tuning(look=Look(style="solid"))
NUMBERS = ("00300", "00302", "00119", "00120")


def tinted(shade: int) -> bytes:
    pixels = drawn(160, 120)
    pixels[..., 1] = shade
    return saved(pixels, "PNG")


@pytest.fixture
def guest(finder: Finder) -> Guest:
    return Guest(Workspace(lambda: finder, ReadLimits(), 100 * 1024**2))


def test_shots_fill_the_places_in_order(guest: Guest) -> None:
    assert not guest.complete and guest.items == (None,) * SHOTS
    assert [guest.take(tinted(shade)) for shade in (1, 2, 3, 4, 5)] == [0, 1, 2, 3, None]
    assert guest.complete and len(guest.workspace.items) == SHOTS


def test_a_bad_shot_leaves_its_place_free(guest: Guest) -> None:
    guest.take(tinted(1))
    with pytest.raises(NotAPhotoError):
        guest.take(b"no picture")
    assert guest.next_slot == 1 and len(guest.workspace.items) == 1


def test_a_full_session_is_told(finder: Finder) -> None:
    guest = Guest(Workspace(lambda: finder, ReadLimits(), 10))
    with pytest.raises(SessionFullError):
        guest.take(tinted(1))


def test_a_retaken_shot_is_gone_and_the_next_takes_its_place(guest: Guest) -> None:
    for shade in range(SHOTS):
        guest.take(tinted(shade))
    old = guest.items[1]
    guest.retake(1)
    assert guest.next_slot == 1 and old not in guest.workspace.items
    assert guest.cell(1, TUNING, Layout.GRID) is None and guest.selection(1, TUNING) is None
    assert guest.take(tinted(99)) == 1 and guest.items[1] is not old
    guest.retake(3)
    guest.retake(3)
    assert guest.next_slot == 3


def test_the_same_photo_may_stand_in_two_places(guest: Guest) -> None:
    for _ in range(SHOTS):
        guest.take(tinted(5))
    guest.retake(0)
    assert guest.next_slot == 0 and all(guest.items[1:])
    assert guest.cell(1, TUNING, Layout.GRID) is not None


@pytest.mark.parametrize("layout", Layout)
def test_only_covered_shots_enter_the_frame(
    guest: Guest,
    layout: Layout,
    sample: Callable[[str], bytes],
    truth: Callable[[str], dict[str, Any]],
) -> None:
    for number in NUMBERS:
        guest.take(sample(number))
    frame = guest.frame(Design(layout=layout), TUNING)
    for slot, number in enumerate(NUMBERS):
        original = read_photo(sample(number)).pixels
        cell = guest.cell(slot, TUNING, layout)
        assert cell is not None
        # The shot stands in the frame as it was covered, away from its rounded corners.
        middle = cell[40:-40, 40:-40]
        _, _, (x, y), _ = cv2.minMaxLoc(cv2.matchTemplate(frame, middle, cv2.TM_SQDIFF))
        assert (frame[y : y + middle.shape[0], x : x + middle.shape[1]] == middle).all()
        for pad in truth(number)["pads"]:
            if not pad["visible"] or pad["visible_fraction"] < 0.9:
                continue
            inside = np.zeros(original.shape[:2], np.uint8)
            for outline in pad["pad_polygons"]:
                cv2.fillPoly(inside, [np.array(outline, np.int32)], 255)
            core = cv2.erode(inside, np.ones((61, 61), np.uint8))
            seen = fitted(np.dstack([core] * 3), layout)[..., 0] > 200
            assert not seen.any() or cell[seen].max() <= 2


def test_the_approved_print(guest: Guest, sample: Callable[[str], bytes]) -> None:
    with pytest.raises(ValueError, match="four"):
        guest.approve(Design(), TUNING, OutputFormat.PNG)
    guest.take(sample("00300"))
    for shade in range(SHOTS - 1):
        guest.take(tinted(shade))
    design = Design(layout=Layout.STRIP, colour="night", caption="우리", day=date(2026, 11, 23))
    made = guest.approve(design, TUNING, OutputFormat.PNG)
    assert made.verdict is Verdict.DANGER and made.covered == 5
    assert (read_photo(made.output.data).pixels == guest.frame(design, TUNING)).all()
    guest.retake(0)
    guest.take(tinted(9))
    assert guest.approve(design, TUNING, OutputFormat.JPEG).verdict is Verdict.NOTHING_FOUND


def test_another_style_covers_anew(guest: Guest, sample: Callable[[str], bytes]) -> None:
    guest.take(sample("00300"))
    solid = guest.cell(0, TUNING, Layout.GRID)
    tone = guest.cell(0, Tuning(), Layout.GRID)
    assert solid is not None and tone is not None and (solid != tone).any()


def test_nothing_of_a_guest_is_left(guest: Guest, sample: Callable[[str], bytes]) -> None:
    for number in NUMBERS:
        guest.take(sample(number))
    guest.frame(Design(), TUNING)
    gone = [weakref.ref(item) for item in guest.items]
    gone.append(weakref.ref(guest.cell(0, TUNING, Layout.GRID)))
    guest.clear()
    gc.collect()
    assert [reference() for reference in gone] == [None] * 5
    assert guest.items == (None,) * SHOTS and guest.workspace.held == 0
