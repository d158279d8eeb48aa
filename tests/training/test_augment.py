"""Views and looks: labels follow the pixels through every turn."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import UNCLEAR
from training.augment import Looker, Scene, _uncertain, plain
from training.build import cut, move
from training.labels import Shape, ellipse_in

BOX = (70.0, 60.0, 110.0, 90.0)


def marked() -> np.ndarray:
    """A black picture whose only bright thing is what ``BOX`` labels."""
    import cv2

    pixels = np.zeros((150, 200, 3), np.uint8)
    cv2.fillPoly(pixels, [ellipse_in(BOX).round().astype(np.int32)], (255, 255, 255))
    return pixels


def scene(kind: str, shapes: tuple[Shape, ...] = (Shape(0, ellipse_in(BOX)),)) -> Scene:
    return Scene(kind, 200, 150, shapes)


def middle(shape: Shape, matrix: np.ndarray) -> np.ndarray:
    return shape.points.mean(0) @ matrix[:, :2].T + matrix[:, 2]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["hand", "whole", "close", "other"]))
def test_labels_follow_the_layers(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    look = Looker([scene(kind)]).look(0, 128, rng)
    labels = look.labels
    assert (labels.targets[:, 1:] >= 0).all()
    assert (labels.targets[:, 1:] <= 1).all()
    assert len(labels.targets) + len(labels.vague) <= len(look.layers)
    assert len(look.layers) in {1, 4}
    whole = [box for box in labels.targets if (box[3:] * 128 > 12).all()]
    for _, x, y, w, h in (row * 128 for row in whole):
        centres = [middle(scene(kind).shapes[0], layer.matrix) for layer in look.layers]
        assert any(abs(c[0] - x) <= w / 2 and abs(c[1] - y) <= h / 2 for c in centres)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_four_views_share_a_picture(seed: int) -> None:
    looker = Looker([scene("hand"), scene("whole")])
    layers, _ = looker._quarters([0, 1, 0, 1], 96, np.random.default_rng(seed))
    masks = [layer.mask for layer in layers[1:]]
    assert layers[0].mask is None
    assert [layer.view for layer in layers] == [0, 1, 0, 1]
    covered = np.sum([mask == 255 for mask in masks if mask is not None], axis=0)
    assert covered.max() == 1
    assert (covered == 0).any()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_pasted_pads_lie_where_their_labels_say(seed: int) -> None:
    looker = Looker([scene("empty", ()), scene("close")])
    pasted = looker._pasted(128, np.random.default_rng(seed))
    assert pasted
    for layer, shape in pasted:
        assert layer.view == 1
        assert layer.mask is not None
        x0, y0, x1, y1 = (round(value) for value in shape.box)
        rows, columns = np.nonzero(layer.mask > 128)
        assert (columns >= x0 - 1).all()
        assert (columns <= x1 + 1).all()
        assert (rows >= y0 - 1).all()
        assert (rows <= y1 + 1).all()


def test_only_drawn_outlines_are_pasted() -> None:
    quad = Shape(0, np.array([[70, 60], [110, 60], [110, 90], [70, 90]], np.float32))
    cut_off = Shape(0, ellipse_in((170.0, 60.0, 200.0, 90.0)))
    nail = Shape(1, ellipse_in(BOX))
    assert not Looker([scene("close", (quad, cut_off, nail))])._pads
    assert Looker([scene("close")])._pads


def test_views_are_looked_at_by_kind() -> None:
    looker = Looker([scene("hand")] + [scene("empty", ())] * 9)
    rng = np.random.default_rng(0)
    picked = [looker._pick(rng) for _ in range(2000)]
    assert picked.count(0) / 2000 == pytest.approx(0.28 / 0.54, abs=0.04)


def test_photos_that_fool_the_network_are_looked_at_more_often() -> None:
    looker = Looker([scene("hand")] + [scene("empty", ())] * 3)
    looker.doubt(np.array([1.0, 0.0, 1.0, 0.0], np.float32))
    rng = np.random.default_rng(0)
    picked = Counter(looker._pick(rng) for _ in range(4000))
    assert picked[0] / 4000 == pytest.approx(0.28 / 0.54, abs=0.03)
    assert picked[2] / (picked[1] + picked[3]) == pytest.approx(16 / 2, rel=0.2)
    looker.doubt(np.zeros(4, np.float32))
    picked = Counter(looker._pick(rng) for _ in range(4000))
    assert picked[2] / picked[1] == pytest.approx(1, rel=0.2)


def test_a_covered_tip_becomes_unclear() -> None:
    shape = Shape(0, ellipse_in(BOX))
    assert _uncertain(shape, (60, 50, 100, 100)).number == UNCLEAR
    assert _uncertain(shape, (60, 50, 85, 100)).number == 0


def test_a_seed_repeats_a_batch() -> None:
    looker = Looker([scene("hand"), scene("empty", ()), scene("close")])
    one, two = (looker.batch(12, 64, np.random.default_rng(4)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b)
    assert one.slots[:12].tolist() == list(range(12))
    assert len(one.slots) == 12 + len(one.masks)


@given(st.floats(0.3, 1.5), st.integers(64, 256))
def test_plain_look(zoom: float, size: int) -> None:
    pixels = marked()
    picture, labels = plain(pixels, [Shape(0, ellipse_in(BOX))], zoom, size)
    if not len(labels.targets):
        return
    _, x, y, w, h = labels.targets[0] * size
    scale = size / 200 * zoom
    assert x == pytest.approx(size * scale / scale / 2 + (90 - 100) * scale, abs=0.5)
    assert y == pytest.approx(size / 2 + (75 - 75) * scale, abs=0.5)
    assert (w, h) == pytest.approx((40 * scale, 30 * scale), abs=0.5)
    rows, columns = np.nonzero(picture[..., 0] > 170)
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
    _, labels = plain(marked(), shapes, 1.0, 200)
    assert not labels.unclear[85:115, 70:110].any()
    assert labels.unclear[95:105, 115:125].all()
    assert len(labels.targets) == 1
    assert len(labels.vague) == 1


def test_a_view_reaches_over_the_border() -> None:
    view = cut([Shape(0, ellipse_in(BOX))], marked(), "close", (-50.0, -50.0, 150.0, 150.0))
    assert view.pixels.shape == (200, 200, 3)
    assert (view.pixels[:40, :40] == 114).all()
    assert view.shapes[0].box == pytest.approx([value + 50 for value in BOX], abs=0.01)
