"""From linear light to a phone's picture: exposure, white balance, noise, sharpening."""

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SHOULDER = 0.8  # linear up to here, then softly towards white
_LEAST_HAND = 100  # pixels that are needed to expose for the hand


def develop(
    light: Plane, hand: NDArray[np.bool_], brightness: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Develops a picture, exposed for the hand.

    Args:
        light: Linear RGB (height, width, 3).
        hand: Which pixels show the hand.
        brightness: What its skin is to become, linear.
        rng: All chance.

    Returns:
        RGB, uint8.
    """
    luminance = light @ _LUMINANCE
    enough = np.count_nonzero(hand) > _LEAST_HAND
    skin = np.percentile(luminance[hand], 60) if enough else np.median(luminance)
    exposed = light * (brightness * rng.uniform(0.8, 1.25) / max(float(skin), 1e-5))
    exposed = exposed * np.array([rng.normal(1, 0.035), 1, rng.normal(1, 0.05)])
    return _sharpened(_grainy(_soft_white(np.clip(exposed, 0, None)), rng), rng)


def _soft_white(light: Plane) -> Plane:
    rest = 1 - _SHOULDER
    bent = _SHOULDER + rest * (1 - np.exp(-(light - _SHOULDER) / rest))
    return np.where(light < _SHOULDER, light, bent).astype(np.float32)


def _grainy(light: Plane, rng: np.random.Generator) -> Plane:
    strength = rng.uniform(0.001, 0.010)
    grain = rng.standard_normal(light.shape).astype(np.float32)
    grain = 0.6 * grain + 0.8 * cv2.GaussianBlur(grain, (0, 0), 0.8)
    grain = grain * strength * np.sqrt(np.clip(light, 0, 1) * 4 + 0.5)
    return np.asarray(light + grain)


def _sharpened(light: Plane, rng: np.random.Generator) -> NDArray[np.uint8]:
    light = np.clip(light, 0, 1)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    curved = curved.astype(np.float32)
    curved += rng.uniform(0.2, 0.6) * (curved - cv2.GaussianBlur(curved, (0, 0), 1.0))
    return np.clip(curved * 255 + 0.5, 0, 255).astype(np.uint8)
