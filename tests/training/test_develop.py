"""The darkroom: the geometry is OpenCV's, and every change stays a picture."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augment import Batch, Cover, Labels, Layer, Look, Looker, Scene, pack
from training.develop import Darkroom
from training.labels import Shape, ellipse_in
from vov_core.detector import GREY, resample

SIZE = 96
NOTHING = Labels(
    np.zeros((0, 5), np.float32), np.zeros((SIZE, SIZE), bool), np.zeros((0, 4), np.float32)
)


def wall(seed: int = 0, width: int = 150, height: int = 110) -> np.ndarray:
    """A smooth, coloured picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def single(matrix: np.ndarray, covers: tuple[Cover, ...] = ()) -> Batch:
    return pack([Look((Layer(0, matrix.astype(np.float32)),), covers, NOTHING)])


def as_picture(developed: torch.Tensor) -> np.ndarray:
    """RGB tensor (3, S, S) as BGR, float."""
    return developed.permute(1, 2, 0).numpy()[..., ::-1]


@settings(deadline=None, max_examples=40)
@given(st.floats(0.16, 2.5), st.floats(-3.1, 3.1), st.floats(-40, 40), st.booleans())
def test_looks_are_resampled_as_the_detector_does(
    scale: float, turn: float, shift: float, mirror: bool
) -> None:
    pixels = wall()
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if mirror:
        linear[:, 0] *= -1
    offset = np.array([SIZE / 2 + shift, SIZE / 2]) - linear @ (75, 55)
    matrix = np.column_stack([linear, offset])
    expected = resample(pixels, matrix, (SIZE, SIZE)).astype(np.float32)
    got = as_picture(Darkroom([pixels], "cpu").join(single(matrix))[0])
    # Along the view's border the two mix the grey around it a little differently.
    assert np.abs(got - expected).mean() < 3
    assert np.percentile(np.abs(got - expected), 90) < 8


def test_outside_of_a_view_is_grey() -> None:
    away = np.array([[1, 0, 500], [0, 1, 0]])
    assert (Darkroom([wall()], "cpu").join(single(away)) == GREY).all()


def test_masks_join_layers() -> None:
    straight = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[:, 48:] = 255
    look = Look((Layer(0, straight), Layer(1, straight, mask)), (), NOTHING)
    one, two = wall(0), wall(1)
    got = as_picture(Darkroom([one, two], "cpu").join(pack([look]))[0])
    assert np.abs(got[:, :48] - one[:SIZE, :48]).max() < 0.01
    assert np.abs(got[:, 48:] - two[:SIZE, 48:SIZE]).max() < 0.01


def test_covers_hide() -> None:
    straight = np.array([[1, 0, 0], [0, 1, 0]])
    covers = (Cover((10, 20, 30, 50), (200, 10, 90), 0.0),)
    batch = single(straight, covers)
    room = Darkroom([wall()], "cpu")
    pictures = room._hide(room.join(batch), batch.covers)
    area = pictures[0, :, 20:50, 10:30]
    assert (area == torch.tensor([200.0, 10.0, 90.0])[:, None, None]).all()
    assert np.abs(as_picture(pictures[0])[50:] - wall()[50:SIZE, :SIZE]).max() < 0.01


def test_the_last_layer_and_the_last_cover_are_on_top() -> None:
    straight = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    mask = np.full((SIZE, SIZE), 255, np.uint8)
    layers = (Layer(0, straight), Layer(1, straight, mask), Layer(2, straight, mask))
    covers = (
        Cover((0, 0, 20, 20), (9, 9, 9), 0.0),
        Cover((10, 10, 30, 30), (200, 10, 90), 0.0),
    )
    batch = pack([Look(layers, covers, NOTHING), Look(layers[:1], (), NOTHING)])
    walls = [wall(i) for i in range(3)]
    room = Darkroom(walls, "cpu")
    one, two = (as_picture(p) for p in room._hide(room.join(batch), batch.covers))
    assert np.abs(one[30:] - walls[2][30:SIZE, :SIZE]).max() < 0.01
    assert np.abs(two - walls[0][:SIZE, :SIZE]).max() < 0.01
    assert (one[5, 5] == 9).all() and sorted(one[15, 15]) == [10, 90, 200]


@pytest.mark.parametrize("seed", range(4))
def test_developed_pictures_are_pictures(seed: int) -> None:
    shapes = (Shape(0, ellipse_in((40, 30, 90, 80))),)
    scenes = [Scene(kind, 150, 110, shapes) for kind in ("hand", "whole", "close")]
    scenes.append(Scene("empty", 150, 110, ()))
    room = Darkroom([wall(i) for i in range(4)], "cpu", seed)
    batch = Looker(scenes).batch(24, 64, np.random.default_rng(seed))
    one, two = room.develop(batch), room.develop(batch)
    assert one.shape == (24, 3, 64, 64)
    assert one.dtype == torch.float32
    assert torch.isfinite(one).all()
    assert one.min() >= 0
    assert one.max() <= 1
    assert not torch.equal(one, two)  # the light is another one each time


def test_compression_loses_little_and_only_detail() -> None:
    room = Darkroom([wall()], "cpu")
    pictures = torch.from_numpy(wall(3, 64, 64)[..., ::-1].copy()).permute(2, 0, 1).float()
    before = pictures.repeat(20, 1, 1, 1)
    after = room._compress(before.clone())
    changed = (after != before).flatten(1).any(1)
    assert changed.sum() == 4
    assert (after - before)[changed].abs().mean() < 12
    assert (after - before)[changed].mean().abs() < 2
