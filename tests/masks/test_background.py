"""What is carried in behind covered fingers."""

import numpy as np
import pytest

from vov_core.findings import Region
from vov_core.masks.background import Surroundings, fill_in
from vov_core.masks.base import blind
from vov_core.masks.grain import UNKNOWN, grained, measure_grain
from vov_core.masks.regions import Pixels, Spot, hidden_by

from .scenes import ellipse, noisy


def spot_of(region: Region, photo: Pixels) -> Spot:
    spot = Spot.place(region, photo.shape, 0.25)
    assert spot is not None
    return spot


def take(photo: Pixels, region: Region) -> Surroundings:
    spot = spot_of(region, photo)
    return Surroundings.take(blind(photo.copy(), [spot]), hidden_by([spot], photo.shape), spot)


def ramp(height: int, width: int) -> Pixels:
    x, y = np.arange(width) * (200 / width), np.arange(height)[:, None] * (200 / height)
    return np.stack(np.broadcast_arrays(x, y, (x + y) / 2), -1).astype(np.uint8)


@pytest.mark.parametrize("size", [(60, 80), (400, 500), (900, 1100)])
@pytest.mark.parametrize("place", [(0.5, 0.5), (0.0, 0.3), (1.0, 1.0)])
def test_view_is_the_photo_without_what_is_hidden(
    size: tuple[int, int], place: tuple[float, float]
) -> None:
    height, width = size
    photo = ramp(height, width)
    region = ellipse(place[0] * width, place[1] * height, height / 4, height / 3)
    view = take(photo, region)
    x, y = np.broadcast_arrays(*view.centres())
    seen = view.seen > 0
    half = view.cell / 2
    inside = (x > -half) & (x < width + half) & (y > -half) & (y < height + half)
    assert seen.any()
    assert not (seen & ~inside).any()
    truth = np.stack((x * 200 / width, y * 200 / height), -1)
    assert np.abs(view.rgb[..., :2] - truth)[seen & (view.seen > 0.9)].max() < 4


def test_enlarging_undoes_reducing() -> None:
    photo = ramp(700, 900)
    view = take(photo, ellipse(450, 350, 200, 260))
    x, y = np.broadcast_arrays(*view.centres())
    grid = np.dstack((x * 200 / 900, y * 200 / 700, y)).astype(np.float32)
    full = view.enlarge(grid, view.spot.window)
    assert full.shape == (*view.spot.core.shape, 3)
    assert np.abs(full[..., :2].astype(int) - photo[view.spot.window][..., :2]).max() <= 2


def test_filling_keeps_what_is_known_and_is_smooth_between() -> None:
    values = np.zeros((40, 40, 1), np.float32)
    values[:, :10], values[:, 30:] = 20, 180
    weight = np.zeros((40, 40), np.float32)
    weight[:, :10] = weight[:, 30:] = 1
    filled = fill_in(values, weight)[..., 0]
    assert np.array_equal(filled[:, :10], values[:, :10, 0])
    assert np.array_equal(filled[:, 30:], values[:, 30:, 0])
    steps = np.diff(filled, axis=1)
    assert steps.min() >= -0.01
    assert steps.max() < 40


def test_filling_with_one_colour_is_that_colour() -> None:
    weight = (np.random.default_rng(0).random((30, 50)) < 0.05).astype(np.float32)
    values = np.full((30, 50, 3), (12, 130, 240), np.float32)
    assert np.abs(fill_in(values, weight) - (12, 130, 240)).max() < 0.05


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5])
def test_grain_is_laid_on_as_measured(sigma: float) -> None:
    photo = np.full((900, 900, 3), 120, np.uint8)
    spot = spot_of(ellipse(450, 450, 860, 860), photo)
    grain = grained(np.full((*spot.core.shape, 3), 120, np.uint8), spot, sigma, 0)
    assert grain.shape[:2] == spot.core.shape
    assert grain[..., 1].std() == pytest.approx(sigma, rel=0.2, abs=0.05)
    assert abs(grain.mean() - 120) < 0.1
    assert np.array_equal(grain[..., 0], grain[..., 2])


def test_grain_is_not_measured_beside_hidden_pixels() -> None:
    photo, hidden = noisy(20, 20), np.zeros((20, 20), np.bool_)
    rows = columns = np.array([5, 9])
    assert measure_grain(photo, hidden, rows, columns) == 3.0
    hidden[:, ::2] = True
    assert measure_grain(photo, hidden, rows, columns) == UNKNOWN
