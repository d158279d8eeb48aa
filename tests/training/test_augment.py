"""Views and looks: labels follow the pixels through every turn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import UNCLEAR
from training.augment import look, paste, plain
from training.build import cut, move
from training.labels import Shape, ellipse_in

BOX = (70.0, 60.0, 110.0, 90.0)


def marked() -> np.ndarray:
    """A black picture whose only bright thing is what ``BOX`` labels."""
    import cv2

    pixels = np.zeros((150, 200, 3), np.uint8)
    cv2.fillPoly(pixels, [ellipse_in(BOX).round().astype(np.int32)], (255, 255, 255))
    return pixels


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["hand", "whole", "close", "other"]))
def test_labels_follow_the_pixels(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    shapes = [Shape(0, ellipse_in(BOX))]
    sample = look(marked(), shapes, kind, 128, rng)
    assert sample.pixels.shape == (128, 128, 3)
    assert sample.pixels.dtype == np.uint8
    assert len(sample.targets) + len(sample.vague) <= 1
    assert (sample.targets[:, 1:] >= 0).all()
    assert (sample.targets[:, 1:] <= 1).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_pasted_pads_lie_where_their_labels_say(seed: int) -> None:
    background = np.zeros((120, 160, 3), np.uint8)
    pixels, shapes = paste(
        background, marked(), [Shape(0, ellipse_in(BOX))], np.random.default_rng(seed)
    )
    assert not background.any()
    labelled = np.zeros((120, 160), bool)
    for shape in shapes:
        x0, y0, x1, y1 = (round(value) for value in shape.box)
        labelled[max(0, y0 - 6) : y1 + 6, max(0, x0 - 6) : x1 + 6] = True
    assert not pixels[~labelled].any() or any(shape.number == UNCLEAR for shape in shapes)
    assert bool(shapes) <= bool(pixels.any())


def test_a_quadrilateral_is_not_pasted() -> None:
    quad = Shape(0, np.array([[70, 60], [110, 60], [110, 90], [70, 90]], np.float32))
    background = np.zeros((120, 160, 3), np.uint8)
    pixels, shapes = paste(background, marked(), [quad], np.random.default_rng(0))
    assert not shapes
    assert not pixels.any()


@given(st.floats(0.3, 1.5), st.integers(64, 256))
def test_plain_look(zoom: float, size: int) -> None:
    pixels = marked()
    sample = plain(pixels, [Shape(0, ellipse_in(BOX))], zoom, size)
    if not len(sample.targets):
        return
    _, x, y, w, h = sample.targets[0] * size
    scale = size / 200 * zoom
    assert x == pytest.approx(size * scale / scale / 2 + (90 - 100) * scale, abs=0.5)
    assert y == pytest.approx(size / 2 + (75 - 75) * scale, abs=0.5)
    assert (w, h) == pytest.approx((40 * scale, 30 * scale), abs=0.5)
    rows, columns = np.nonzero(sample.pixels[..., 0] > 170)
    assert columns.mean() + 0.5 == pytest.approx(x, abs=1.5)
    assert rows.mean() + 0.5 == pytest.approx(y, abs=1.5)


def test_a_tip_that_is_mostly_outside_becomes_unclear() -> None:
    shapes = [Shape(0, ellipse_in(BOX))]
    half = np.array([[1, 0, -100], [0, 1, 0]], np.float32)
    gone = np.array([[1, 0, -109.5], [0, 1, 0]], np.float32)
    assert [shape.number for shape in move(shapes, half, (100, 150))] == [UNCLEAR]
    assert move(shapes, gone, (100, 150)) == ()


def test_unclear_areas_spare_labelled_tips() -> None:
    near = (100.0, 60.0, 130.0, 90.0)
    shapes = [Shape(0, ellipse_in(BOX)), Shape(UNCLEAR, ellipse_in(near))]
    sample = plain(marked(), shapes, 1.0, 200)
    assert not sample.unclear[85:115, 70:110].any()
    assert sample.unclear[95:105, 115:125].all()
    assert len(sample.targets) == 1
    assert len(sample.vague) == 1


def test_a_view_reaches_over_the_border() -> None:
    view = cut([Shape(0, ellipse_in(BOX))], marked(), "close", (-50.0, -50.0, 150.0, 150.0))
    assert view.pixels.shape == (200, 200, 3)
    assert (view.pixels[:40, :40] == 114).all()
    assert view.shapes[0].box == pytest.approx([value + 50 for value in BOX], abs=0.01)
