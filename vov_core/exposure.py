"""How much of its print a finger tip gives away in a photo.

Three things decide whether ridges can be read: how many pixels each ridge gets, whether a ridge
pattern stands out of noise and blur, and how sharp the skin is. The result informs a person. It
never decides that a tip may stay open.

*Pixels per ridge* follow from the finger's width in the picture. Adults' finger tips are 16 to
20 mm wide (Dandekar, Raju and Srinivasan, J. Biomech. Eng. 125, 2003); the lower end is taken, so
that the figure errs towards "readable". Ridges are 0.47 mm apart in men and 0.41 mm in women on
average (Moore, J. Forensic Identification 39, 1989; Ashbaugh, 1999); 0.46 mm is the 9 pixels at
500 dpi that matchers expect.

*Ridge strength* looks at small windows of the pad, as the Fourier analysis of fingerprint
enhancement does (Chikkerur, Cartwright and Govindaraju, Pattern Recognition 40, 2007): a print
gathers a window's energy in one frequency near the expected one, noise and blur do not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Box, Findings, Finger, Region, Source
from vov_core.geometry import RELATIVE_WIDTH

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

FINGER_MM = 16.0
"""Width of an index finger's last segment; the others follow by ``RELATIVE_WIDTH``."""
RIDGE_MM = 0.46
"""Distance from ridge to ridge."""

RESOLVED = 2.0
"""Pixels per ridge below which no picture can hold the ridges (sampling theorem)."""
MISJUDGED = 0.85
"""So much narrower than it is a finger may well be taken. Up to there, ridges that seem too fine
are looked for, and a tip that shows some is partly readable; see ``benchmarks/exposure.py``."""
CLEAR_WINDOW = 4.75
"""Peak over background of a window from which its ridges count as seen."""
READABLE, PARTLY = 0.7, 0.42
"""Shares of the pad's windows with ridges; see ``benchmarks/exposure.py``."""
SHARP = 0.25
"""Sharpness from which a tip without ridges shows other fine detail."""

_PERIOD = 6.0  # pixels per ridge that a tip is reduced to, so that every tip takes the same time
_RIDGES = 8.5  # ridges across one window: 4 mm of skin
_INNER = 0.85  # of the outline: its rim shows the finger's edge, whose energy is no ridge
_PEAK = (0.62, 1.65)  # frequencies relative to the expected one where a ridge's peak may lie
_SURROUND = (0.45, 1.65)  # frequencies that the peak is compared with
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


class Level(StrEnum):
    """Whether the print of a tip can be read."""

    READABLE = "readable"
    PARTLY = "partly"
    UNREADABLE = "unreadable"


class Reason(StrEnum):
    """What speaks for the level."""

    CLEAR = "clear"
    FAINT = "faint"
    SMOOTH = "smooth"
    NO_RIDGES = "no_ridges"
    TOO_SMALL = "too_small"
    OUTSIDE = "outside"


@dataclass(frozen=True, eq=False)
class Exposure:
    """How readable one finger tip is.

    Attributes:
        level: Readable, partly, or not.
        reason: Why.
        pixels_per_ridge: Pixels of the photo from ridge to ridge, by the finger's width.
        strength: 0..1, share of the pad where ridges stand out.
        sharpness: 0..1, how much detail the skin has at the finest scale that can hold ridges.
        heat: Ridge strength 0..1 over ``box``, rows from the top; empty where nothing was measured.
        box: The part of the photo that ``heat`` covers.
    """

    level: Level
    reason: Reason
    pixels_per_ridge: float
    strength: float
    sharpness: float
    heat: Plane
    box: Box


@dataclass(frozen=True, slots=True)
class Tally:
    """How many finger tips are readable, partly readable, not readable."""

    readable: int = 0
    partly: int = 0
    unreadable: int = 0


def tally(seen: Iterable[Exposure]) -> Tally:
    """Counts finger tips by level."""
    levels = Counter(exposure.level for exposure in seen)
    return Tally(levels[Level.READABLE], levels[Level.PARTLY], levels[Level.UNREADABLE])


def pixels_per_ridge(region: Region) -> float:
    """Pixels from ridge to ridge that a finger of this width has."""
    millimetres = FINGER_MM * RELATIVE_WIDTH[region.finger or Finger.INDEX]
    return region.width / millimetres * RIDGE_MM


def exposures(pixels: Pixels, findings: Findings) -> Mapping[str, Exposure]:
    """The exposure of every tip that was found, by the region's id.

    Args:
        pixels: The whole photo, RGB, uint8, (H, W, 3).
        findings: What was found in it. What a person drew has no finger's width, so is left out.
    """
    return {
        region.id: measure(pixels, region)
        for region in findings.regions
        if region.source is not Source.PERSON
    }


def measure(pixels: Pixels, region: Region) -> Exposure:
    """Looks for ridges in one finger tip.

    Args:
        pixels: The whole photo, RGB, uint8, (H, W, 3).
        region: The tip.
    """
    per_ridge = pixels_per_ridge(region)
    box = _inside(region.box, pixels)
    nothing = np.zeros((0, 0), np.float32)
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        return Exposure(Level.UNREADABLE, Reason.OUTSIDE, per_ridge, 0.0, 0.0, nothing, box)
    if per_ridge < RESOLVED * MISJUDGED:
        return Exposure(Level.UNREADABLE, Reason.TOO_SMALL, per_ridge, 0.0, 0.0, nothing, box)
    skin, period = _reduced(pixels, box, per_ridge)
    heat, on_pad = _heat(skin, period, _outline(region, box, skin))
    strength = float((heat[on_pad] >= 0.5).mean())
    sharpness = _sharpness(skin, period)
    level, reason = judge(per_ridge, strength, sharpness)
    return Exposure(level, reason, per_ridge, strength, sharpness, np.where(on_pad, heat, 0), box)


def judge(per_ridge: float, strength: float, sharpness: float) -> tuple[Level, Reason]:
    """The level and its reason for what was measured."""
    if per_ridge < RESOLVED * MISJUDGED:
        return Level.UNREADABLE, Reason.TOO_SMALL
    if strength >= READABLE and per_ridge >= RESOLVED:
        return Level.READABLE, Reason.CLEAR
    if strength >= PARTLY:
        return Level.PARTLY, Reason.FAINT
    if per_ridge < RESOLVED:
        return Level.UNREADABLE, Reason.TOO_SMALL
    return Level.UNREADABLE, Reason.NO_RIDGES if sharpness >= SHARP else Reason.SMOOTH


def _inside(box: Box, pixels: Pixels) -> Box:
    """A box cut to whole pixels of the photo."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = box
    return (
        float(np.clip(np.floor(x0), 0, width)),
        float(np.clip(np.floor(y0), 0, height)),
        float(np.clip(np.ceil(x1), 0, width)),
        float(np.clip(np.ceil(y1), 0, height)),
    )


def _reduced(pixels: Pixels, box: Box, per_ridge: float) -> tuple[Plane, float]:
    """Brightness inside a box at ``_PERIOD`` pixels per ridge or less; never enlarged."""
    x0, y0, x1, y1 = (int(edge) for edge in box)
    part = pixels[y0:y1, x0:x1]
    scale = min(1.0, _PERIOD / per_ridge)
    if scale < 1:
        size = max(2, round((x1 - x0) * scale)), max(2, round((y1 - y0) * scale))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Green carries the ridges' contrast best: blood absorbs it, and sensors sample it most.
    return np.ascontiguousarray(part[:, :, 1], np.float32), per_ridge * scale


def _outline(region: Region, box: Box, skin: Plane) -> NDArray[np.bool_]:
    """The pixels of the reduced box inside the tip's outline."""
    points = np.array(region.polygon, np.float64)
    middle = points.mean(0)
    points = (points - middle) * _INNER + middle
    x0, y0, x1, y1 = box
    scale = np.array([skin.shape[1] / (x1 - x0), skin.shape[0] / (y1 - y0)])
    mask = np.zeros(skin.shape, np.uint8)
    cv2.fillPoly(mask, [((points - (x0, y0)) * scale).round().astype(np.int32)], 1)
    return mask.astype(bool)


def _heat(skin: Plane, period: float, pad: NDArray[np.bool_]) -> tuple[Plane, NDArray[np.bool_]]:
    """Ridge strength 0..1 of overlapping windows (rows, columns), and which lie on the pad."""
    side = 2 * max(4, round(period * _RIDGES / 2))
    step, margin = side // 2, side // 2
    padded = cv2.copyMakeBorder(skin, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    height, width = skin.shape
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    windows, on_pad = windows[:height:step, :width:step], pad[::step, ::step]
    if not on_pad.any():
        on_pad = np.ones_like(on_pad)
    radius, power = _spectra(np.asarray(windows, np.float32), period)
    peaks = _peaks(radius, _with_neighbours(power * on_pad[:, :, None, None]))
    return np.where(on_pad, peaks / (peaks + CLEAR_WINDOW), 0).astype(np.float32), on_pad


def _spectra(windows: Plane, period: float) -> tuple[Plane, Plane]:
    """Frequencies relative to a ridge's (S, F), and the power of windows (R, C, S, S) there."""
    side = windows.shape[-1]
    taper = np.hanning(side + 2)[1:-1].astype(np.float32)
    flat = windows - windows.mean((2, 3), keepdims=True)
    spectrum = np.fft.rfft2(flat * (taper[:, None] * taper))
    across, down = np.fft.rfftfreq(side), np.fft.fftfreq(side)
    radius = (np.hypot(down[:, None], across[None]) * period).astype(np.float32)
    # Skin without ridges has less energy the finer the detail; sensor noise has as much.
    power = (spectrum.real**2 + spectrum.imag**2) * radius
    return radius, power.astype(np.float32)


def _with_neighbours(power: Plane) -> Plane:
    """Adds half of what the four windows around show: ridges go on there, noise does not."""
    total = power.copy()
    total[1:] += power[:-1] / 2
    total[:-1] += power[1:] / 2
    total[:, 1:] += power[:, :-1] / 2
    total[:, :-1] += power[:, 1:] / 2
    return total


def _peaks(radius: Plane, power: Plane) -> Plane:
    """How far the strongest frequency of each window stands out of the others near a ridge's."""
    around = _sum_around(power)
    peak = (radius >= _PEAK[0]) & (radius <= _PEAK[1])
    surround = (radius >= _SURROUND[0]) & (radius <= _SURROUND[1])
    best = around[..., peak].max(-1, initial=0)
    others = max(1, int(surround.sum()) - 9)
    rest = (power[..., surround].sum(-1) - best).clip(0) / others
    return np.asarray(best / 9 / np.maximum(rest, 1e-6), np.float32)


def _sum_around(power: Plane) -> Plane:
    """Sums over 3 x 3 neighbouring frequencies; rows wrap around, columns end."""
    rows = power + np.roll(power, 1, -2) + np.roll(power, -1, -2)
    total = rows.copy()
    total[..., 1:] += rows[..., :-1]
    total[..., :-1] += rows[..., 1:]
    return total


def _sharpness(skin: Plane, period: float) -> float:
    """How much of the skin's fine detail a further blur would take away, 0..1.

    Blurring what is blurred changes little (Crete et al., SPIE 6492, 2007). Sensor noise is no
    detail: its share is taken off first (Immerkaer, CVIU 64, 1996).
    """
    if min(skin.shape) < 3:
        return 0.0
    noise = np.abs(cv2.filter2D(skin, -1, _NOISE)[1:-1, 1:-1]).mean() * np.sqrt(np.pi / 2) / 6
    before, after = _detail(skin), _detail(cv2.GaussianBlur(skin, (0, 0), period / 4))
    lost = before - after - 2 * float(noise) ** 2
    return float(np.clip(lost / before, 0, 1)) if before > 0 else 0.0


def _detail(skin: NDArray[Any]) -> float:
    across, down = np.diff(skin, axis=1), np.diff(skin, axis=0)
    return float((across**2).mean() + (down**2).mean()) / 2
