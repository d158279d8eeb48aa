"""Backdrops and film."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.synth import surroundings
from training.synth.film import develop


@pytest.mark.parametrize("painter", surroundings._PAINTERS)
def test_painted_backdrops_fit_and_are_not_empty(painter: object) -> None:
    picture = painter(np.random.default_rng(0), 96)  # type: ignore[operator]
    assert picture.shape == (96, 96, 3)
    assert np.isfinite(picture).all()
    assert picture.std() > 0.005


def test_photos_become_backdrops(tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    cv2.imwrite(str(file), np.full((40, 60, 3), (0, 0, 255), np.uint8))
    red = 0
    for seed in range(20):
        picture = surroundings.backdrop(np.random.default_rng(seed), [file], 32)
        assert 0 < picture.min() <= picture.max() <= 1
        red += np.allclose(picture[..., 0], 1) and picture[..., 1:].max() < 0.01
    assert 10 <= red < 20


def test_environment_is_dim_and_positive() -> None:
    picture = surroundings.environment(np.random.default_rng(0), 32)
    assert picture.shape == (32, 64, 3)
    assert picture.min() > 0


def test_linear_light() -> None:
    np.testing.assert_allclose(
        surroundings.linear(np.array([0, 0.5, 1])), (0, 0.2140, 1), atol=1e-4
    )


def _light() -> tuple[np.ndarray, np.ndarray]:
    light = np.full((60, 60, 3), 5.0, np.float32)
    hand = np.zeros((60, 60), bool)
    hand[20:40, 20:40] = True
    light[hand] = 0.002
    return light, hand


def test_film_is_exposed_for_the_hand() -> None:
    light, hand = _light()
    for brightness in (0.15, 0.4):
        levels = []
        for seed in range(8):
            picture = develop(light, hand, brightness, np.random.default_rng(seed))
            assert picture.dtype == np.uint8
            levels.append(surroundings.linear(picture[25:35, 25:35] / 255).mean())
            assert picture[:10].mean() > 250
        assert np.mean(levels) == pytest.approx(brightness, rel=0.2)


def test_film_has_grain_that_its_seed_repeats() -> None:
    light, hand = _light()
    first, again, other = (develop(light, hand, 0.3, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first[25:35, 25:35].std() > 0


def test_film_without_a_hand_is_exposed_for_the_whole() -> None:
    light = np.full((40, 40, 3), 0.01, np.float32)
    picture = develop(light, np.zeros((40, 40), bool), 0.3, np.random.default_rng(0))
    assert 100 < picture.mean() < 200
