"""Readable prints are told from blank, blurred and tiny finger tips."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.prints import Print, make_print
from tests.conftest import SAMPLES
from vov_core.exposure import Level, Reason, exposures, judge, measure, pixels_per_ridge
from vov_core.findings import Findings, Finger, Region, Source
from vov_core.geometry import ellipse
from vov_core.images import read_photo


@pytest.fixture(scope="module")
def print_() -> Print:
    return make_print(3)


def finger(
    print_: Print, per_ridge: float, *, contrast: float = 0.08, blur: float = 0.0, noise: float = 2
) -> tuple[np.ndarray, Region]:
    """A photo of nothing but one pad, and its region."""
    scale = per_ridge / (print_.period_mm * 25)
    size = round(600 * scale), round(800 * scale)
    ridge = cv2.resize(print_.ridge, size, interpolation=cv2.INTER_AREA)
    skin = 140 * (1 + contrast * ridge)
    if blur:
        skin = cv2.GaussianBlur(skin, (0, 0), blur)
    skin = skin[:, :, None] + np.random.default_rng(1).normal(0, noise, (*skin.shape, 3))
    width = 16 * 25 * scale
    shape = ellipse((size[0] / 2, size[1] / 2), width / 2, width * 0.65)
    return skin.clip(0, 255).astype(np.uint8), Region("t", shape, width, Source.LANDMARKS)


@pytest.mark.parametrize("per_ridge", [3.5, 6, 9, 14])
def test_a_sharp_print_is_readable(print_: Print, per_ridge: float) -> None:
    seen = measure(*finger(print_, per_ridge))
    assert (seen.level, seen.reason) == (Level.READABLE, Reason.CLEAR)
    # The expected ridge period is 0.46 mm; this print's own is another.
    assert seen.pixels_per_ridge == pytest.approx(per_ridge * 0.46 / print_.period_mm, rel=0.03)


@pytest.mark.parametrize("per_ridge", [3.5, 6, 9, 14])
def test_skin_without_a_print_is_not_readable(print_: Print, per_ridge: float) -> None:
    blank, tip = finger(print_, per_ridge, contrast=0)
    seen = measure(blank, tip)
    assert (seen.level, seen.reason) == (Level.UNREADABLE, Reason.SMOOTH)


def test_a_blurred_print_is_not_readable(print_: Print) -> None:
    seen = measure(*finger(print_, 9, blur=7))
    assert (seen.level, seen.reason) == (Level.UNREADABLE, Reason.SMOOTH)
    assert seen.sharpness < measure(*finger(print_, 9)).sharpness


def test_detail_that_is_no_print(print_: Print) -> None:
    rng = np.random.default_rng(4)
    pixels, tip = finger(print_, 9, contrast=0)
    soft = cv2.GaussianBlur(rng.normal(0, 60, pixels.shape[:2]), (0, 0), 1.2)
    seen = measure((pixels + soft[:, :, None]).clip(0, 255).astype(np.uint8), tip)
    assert (seen.level, seen.reason) == (Level.UNREADABLE, Reason.NO_RIDGES)


def test_ridges_finer_than_pixels_cannot_be_there(print_: Print) -> None:
    seen = measure(*finger(print_, 1.5))
    assert (seen.level, seen.reason) == (Level.UNREADABLE, Reason.TOO_SMALL)
    assert seen.heat.size == 0


@pytest.mark.parametrize(("per_ridge", "level"), [(1.6, 0), (1.75, 1), (1.95, 1), (2.0, 2)])
def test_a_finger_taken_for_narrower_than_it_is_may_still_be_readable(
    per_ridge: float, level: int
) -> None:
    order = [Level.UNREADABLE, Level.PARTLY, Level.READABLE]
    assert judge(per_ridge, 0.9, 0.5)[0] is order[level]
    assert judge(per_ridge, 0.1, 0.5)[0] is Level.UNREADABLE


def test_a_width_misjudged_by_a_tenth_hides_no_print(print_: Print) -> None:
    pixels, tip = finger(print_, 2.2, contrast=0.15)
    narrow = Region("t", tip.polygon, tip.width * 1.85 / pixels_per_ridge(tip), Source.LANDMARKS)
    seen = measure(pixels, narrow)
    assert (seen.level, seen.reason) == (Level.PARTLY, Reason.FAINT)


def test_heat_shows_where_the_print_is(print_: Print) -> None:
    pixels, tip = finger(print_, 9)
    half = pixels.shape[0] // 2
    pixels[half:] = cv2.GaussianBlur(pixels[half:], (0, 0), 12)
    pixels[half:] += np.random.default_rng(2).integers(0, 3, pixels[half:].shape, np.uint8)
    seen = measure(pixels, tip)
    rows = seen.heat.shape[0] // 2
    upper, lower = seen.heat[: rows - 1], seen.heat[rows + 2 :]
    assert upper[upper > 0].mean() > 0.5 > lower[lower > 0].mean()
    assert 0.2 < seen.strength < 0.8


def test_the_widths_of_fingers_differ() -> None:
    outline = ellipse((50, 50), 20, 30)
    index, little = (
        pixels_per_ridge(Region("t", outline, width, Source.LANDMARKS, finger=name))
        for name, width in ((Finger.INDEX, 160), (Finger.LITTLE, 136))
    )
    assert index == pytest.approx(4.6) and little == pytest.approx(4.6)


@pytest.mark.parametrize("outline", [ellipse((-90, -90), 20, 30), ellipse((0, 0), 1, 1)])
def test_a_tip_outside_of_the_picture(outline: tuple[tuple[float, float], ...]) -> None:
    picture = np.full((100, 100, 3), 128, np.uint8)
    seen = measure(picture, Region("t", outline, 200, Source.LANDMARKS))
    assert seen.level is Level.UNREADABLE and seen.reason is Reason.OUTSIDE


@pytest.mark.parametrize("size", [2, 3, 7, 20])
def test_slivers_are_measured_without_failing(size: int) -> None:
    picture = np.full((size, size, 3), 128, np.uint8)
    seen = measure(picture, Region("t", ellipse((0, 0), 400, 400), 160, Source.LANDMARKS))
    assert seen.level is Level.UNREADABLE


@pytest.mark.parametrize("number", ["00112", "00202", "00204"])
def test_close_ups_of_the_renderer_are_readable(number: str) -> None:
    facts = json.loads((SAMPLES / f"hand_{number}.json").read_text())
    pixels = read_photo(Path(SAMPLES / f"hand_{number}.jpg").read_bytes()).pixels
    judged = 0
    for pad in facts["pads"]:
        if pad["visible"] and pad["ridge_period_px"] > 3.5 and pad["facing_angle_deg"] < 55:
            width = pad["ridge_period_px"] / pad["ridge_period_mm"] * 2 * pad["pad_half_axes_mm"][0]
            outline = tuple((float(x), float(y)) for x, y in pad["pad_polygons"][0])
            seen = measure(pixels, Region("t", outline, width, Source.LANDMARKS))
            assert seen.level is Level.READABLE
            judged += 1
    assert judged


def test_drawn_areas_have_no_exposure(print_: Print) -> None:
    pixels, tip = finger(print_, 6)
    drawn = Region("p1", tip.polygon, tip.width, Source.PERSON)
    height, width = pixels.shape[:2]
    found = Findings("", width, height, regions=(tip, drawn))
    assert list(exposures(pixels, found)) == ["t"]


def test_more_ridges_never_make_a_tip_less_readable() -> None:
    order = [Level.UNREADABLE, Level.PARTLY, Level.READABLE]
    levels = [order.index(judge(6, strength / 50, 0.5)[0]) for strength in range(51)]
    assert levels == sorted(levels) and set(levels) == {0, 1, 2}
