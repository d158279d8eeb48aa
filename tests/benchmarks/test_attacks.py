"""The attacks bring back what can be brought back: on a drawn ridge pattern, not on chance."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from benchmarks import attacks, deblurring
from benchmarks.attacks import Target, block_kernel, gaussian_kernel
from vov_core.findings import Region, Source
from vov_core.geometry import rounded
from vov_core.masks.blur import Blur
from vov_core.masks.pixelate import Pixelate

PERIOD = 6.0


def waves(height: int = 120, width: int = 96) -> np.ndarray:
    """Ridges -1..1 around a centre."""
    down, across = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot(down - height / 2 - 40, across - width / 2)
    return np.cos(2 * np.pi * away / PERIOD).astype(np.float32)


def blurred(sigma: float) -> Target:
    plane = cv2.GaussianBlur(120 + 20 * waves(), (0, 0), sigma)
    # As a photo keeps it: whole steps of 8 bits.
    plane = np.rint(plane).astype(np.float32)
    return Target(plane, PERIOD, gaussian_kernel(sigma), sigma / PERIOD)


def likeness(found: np.ndarray, true: np.ndarray) -> float:
    inner = (slice(15, -15), slice(15, -15))
    if found[inner].std() == 0:  # nothing at all
        return 0.0
    return float(np.corrcoef(found[inner].ravel(), true[inner].ravel())[0, 1])


def contrast(plane: np.ndarray) -> float:
    return float(plane[15:-15, 15:-15].std())


@pytest.mark.parametrize("name", ["sharpen", "wiener", "richardson_lucy"])
def test_a_mild_blur_is_undone(name: str) -> None:
    target = blurred(2.0)
    found = attacks.CLASSIC[name](target)
    assert found.shape == target.plane.shape
    assert likeness(found, waves()) > 0.9
    assert contrast(found) > 1.5 * contrast(target.plane)


@pytest.mark.parametrize("name", attacks.CLASSIC)
def test_a_wide_blur_is_not(name: str) -> None:
    found = attacks.CLASSIC[name](blurred(12.0))
    assert np.isfinite(found).all()
    assert abs(likeness(found, waves())) < 0.3


def test_enhancement_finds_ridges_in_noise() -> None:
    rng = np.random.default_rng(3)
    noisy = 120 + 8 * waves() + rng.normal(0, 12, waves().shape).astype(np.float32)
    target = Target(noisy.astype(np.float32), PERIOD)
    assert likeness(noisy, waves()) < 0.6
    assert likeness(attacks.enhanced(target), waves()) > 0.8


@pytest.mark.parametrize("name", attacks.NEEDS_KERNEL)
def test_without_a_kernel_there_is_nothing_to_undo(name: str) -> None:
    target = Target(waves(), PERIOD)
    assert attacks.CLASSIC[name](target) is target.plane


def edge() -> tuple[np.ndarray, Region]:
    """A photo of an edge under a finger tip, and the tip."""
    photo = np.zeros((200, 200, 3), np.uint8)
    photo[:, 100:] = 200
    outline = rounded((100.0, 100.0), (60.0, 50.0), (0.0, -1.0))
    return photo, Region(id="h0-index", polygon=outline, width=80, source=Source.LANDMARKS)


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_the_blurs_kernel_is_the_true_one(strength: float) -> None:
    photo, region = edge()
    style = Blur(strength=strength, softness=0.0)
    covered = style.apply(photo, (region,))[100, 70:130, 1].astype(float)
    kernel = gaussian_kernel(style.sigma(80))
    expected = cv2.filter2D(photo[:, :, 1].astype(np.float32), -1, kernel)[100, 70:130]
    assert np.abs(covered - expected).max() < 6


def test_the_blocks_kernel_is_the_true_one() -> None:
    _, region = edge()
    ramp = np.tile(np.linspace(0, 250, 200).astype(np.uint8)[:, None, None], (1, 200, 3))
    style = Pixelate(strength=0.0, softness=0.0)
    side = style.side(80)
    covered = style.apply(ramp, (region,))[60:140, 100, 1]
    steps = np.flatnonzero(np.diff(covered.astype(int)))
    assert np.diff(steps).mean() == pytest.approx(side, rel=0.12)
    assert block_kernel(side).sum() == pytest.approx(1)
    assert (block_kernel(side)[block_kernel(side).shape[0] // 2] > 0).sum() == side // 2 * 2 + 1


def pairs() -> Iterator[deblurring.Pair]:
    for sigma in (1.5, 2.0, 2.5):
        yield deblurring.Pair(blurred(sigma), waves())


def test_the_network_learns() -> None:
    """A few steps on one pattern are enough to see that losses go where they should."""
    network = deblurring.train(tuple(pairs()), steps=25)
    found = deblurring.restore(network, blurred(1.8))
    assert found.shape == waves().shape
    assert likeness(found, waves()) > 0.8
