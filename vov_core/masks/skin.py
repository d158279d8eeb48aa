"""Skin tones around covered finger tips of which no more is known than their outline.

Everything here reads only pixels outside of all regions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.masks.grain import UNKNOWN, measure_grain
from vov_core.masks.regions import Mask, Pixels, Plane, Spot

# Where there is no skin to be seen at all (a region larger than the photo).
FALLBACK_TONE: Plane = np.array((200.0, 158.0, 136.0), np.float32)

# How far around a region skin is looked for, in finger widths.
_REACH = 0.6
# Samples per finger width, and at most per side of the sampled box.
_DENSITY = 16
_MOST = 80
# The finger tip is painted on a grid this many times as fine.
_FINER = 2
# Colours that are compared with each other to find the commonest.
_CANDIDATES = 96
# How much darker a finger is at its edge, where it turns away.
_RIM_SHADE = np.float32(0.25)
# Light varies more than colour across a finger, so lightness counts less.
_LAB_WEIGHTS: Plane = np.array((0.5, 1.0, 1.0), np.float32)
# In a photo without colours it is all there is.
_GREY_WEIGHTS: Plane = np.array((1.5, 1.0, 1.0), np.float32)
# Channels of a grey photo differ by no more than this many levels (JPEG rounds).
_GREY_SPREAD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """The skin around one region.

    Attributes:
        tone: (3,) float32 RGB, the commonest skin colour around the region.
        base: Unit vector (x, y) from the region to the hand; (0, 0) if unknown.
        grain: Standard deviation of the photo's noise, levels of 0..255.
    """

    tone: Plane
    base: tuple[float, float]
    grain: float
    _spot: Spot
    _samples: "_Samples"
    _skin: Plane | None = None
    _background: Plane | None = None

    def paint(self) -> tuple[Pixels, Pixels]:
        """Paints a smooth finger tip into the spot's box.

        Towards sides where the region borders on background, the background is carried in a
        little way.

        Returns:
            The picture (h, w, 3), and the pad (h, w): 255 in the middle of the finger tip, falling
            to 0 towards the region's outline and the background. Both uint8.
        """
        if self._skin is None or self._background is None:
            height, width = self._spot.core.shape
            plain = np.rint(np.broadcast_to(self.tone, (1, 1, 3)))
            picture = cv2.resize(plain.astype(np.uint8), (width, height))
            return np.asarray(picture, np.uint8), self._enlarge(self._samples.depth * 255)
        picture, pad = _finger_tip(self._samples, self._skin, self._background, self._spot.width)
        return self._enlarge(picture), self._enlarge(pad * 255)

    def _enlarge(self, grid: Plane) -> Pixels:
        """Enlarges a grid over the sampled box, levels of 0..255, to the spot's box."""
        (left, top), size = self._samples.origin, self._samples.size
        levels = cv2.convertScaleAbs(np.maximum(grid, 0))
        full = cv2.resize(levels, size, interpolation=cv2.INTER_LINEAR)
        height, width = self._spot.core.shape
        y, x = self._spot.y - top, self._spot.x - left
        return np.ascontiguousarray(full[y : y + height, x : x + width], np.uint8)


def find_tones(pixels: Pixels, hidden: Mask, spots: Sequence[Spot]) -> list[Tone]:
    """Finds the skin's tone around each region.

    A region's surroundings may be mostly background. Skin is told from it by its hue, by where it
    lies (a finger goes on beyond an end of the region, not beside it) and by what is common to all
    regions of the same hand.

    Args:
        pixels: The photo, RGB.
        hidden: (H, W); pixels that are never read.
        spots: The regions' places.

    Returns:
        One tone per spot.
    """
    scale = _GREY_WEIGHTS if _is_grey(pixels, hidden) else _LAB_WEIGHTS
    samples = [_Samples.take(pixels, hidden, spot, scale) for spot in spots]
    hands = _hand_tones(samples, spots)
    return [
        _tone(pixels, hidden, spot, sample, hands.get(spot.region.hand))
        for spot, sample in zip(spots, samples, strict=True)
    ]


def _is_grey(pixels: Pixels, hidden: Mask) -> bool:
    """Whether the photo has no colours outside of the regions."""
    step = max(1, max(hidden.shape) // 128)
    seen = pixels[::step, ::step][~hidden[::step, ::step]]
    return not seen.size or int(np.ptp(seen, axis=-1).max()) <= _GREY_SPREAD


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """Colours on a grid around one region.

    Attributes:
        rgb: (h, w, 3) float32; 0 where hidden.
        lab: (h, w, 3) float32 CIELAB times ``scale``.
        scale: (3,) float32; how much lightness and the two colours count.
        weight: (h, w) float32; 0 where hidden, else how likely this is the finger's skin.
        depth: (h, w) float32; 0 outside of the region, rising to 1 within it.
        near: (h, w) float32; 0 where hidden, else 1 at the region, falling with distance.
        columns: (w,) columns of the samples in the photo.
        rows: (h,) likewise.
        origin: (x, y) of the sampled box in the photo; the spot's box lies within.
        size: (width, height) of the sampled box, pixels.
        cell: (x, y) distance between samples, pixels.
    """

    rgb: Plane
    lab: Plane
    scale: Plane
    weight: Plane
    depth: Plane
    near: Plane
    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    origin: tuple[int, int]
    size: tuple[int, int]
    cell: tuple[float, float]

    @classmethod
    def take(cls, pixels: Pixels, hidden: Mask, spot: Spot, scale: Plane) -> Self:
        """Samples the photo around a spot."""
        left, top, right, bottom = _surroundings(spot, pixels.shape)
        columns, cell_x = _grid(left, right, spot.width)
        rows, cell_y = _grid(top, bottom, spot.width)
        # Single pixels, not averages: an average could take in hidden ones.
        rgb = pixels[np.ix_(rows, columns)].astype(np.float32)
        seen = ~hidden[np.ix_(rows, columns)]
        rgb *= seen[..., None]
        lab: Plane = np.asarray(cv2.cvtColor(rgb / 255, cv2.COLOR_RGB2LAB), np.float32)
        near = _nearness(spot, rows, columns) * seen
        weight = near * skin_likelihood(lab) * _along_finger(spot, rows, columns)
        strip = _strip_contrast(spot, lab * scale, seen, (cell_x, cell_y))
        # Without colours the strip is the only clue.
        weight *= np.maximum(strip, 0.02 if scale is _GREY_WEIGHTS else 0.2)
        return cls(
            rgb=rgb,
            lab=lab * scale,
            scale=scale,
            weight=weight.astype(np.float32),
            depth=np.minimum(_depth(spot, rows, columns) * np.float32(5 * cell_x / spot.width), 1),
            near=near.astype(np.float32),
            columns=columns,
            rows=rows,
            origin=(left, top),
            size=(right - left, bottom - top),
            cell=(cell_x, cell_y),
        )


def _surroundings(spot: Spot, shape: Sequence[int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the box in which skin is looked for."""
    height, width = shape[:2]
    ys, xs = np.flatnonzero(spot.core.any(1)), np.flatnonzero(spot.core.any(0))
    reach = max(2, round(_REACH * spot.width))
    rows, columns = spot.window
    return (
        max(0, min(columns.start, spot.x + int(xs[0]) - reach)),
        max(0, min(rows.start, spot.y + int(ys[0]) - reach)),
        min(width, max(columns.stop, spot.x + int(xs[-1]) + 1 + reach)),
        min(height, max(rows.stop, spot.y + int(ys[-1]) + 1 + reach)),
    )


def _grid(start: int, stop: int, width: float) -> tuple[NDArray[np.intp], float]:
    """Sample positions between two borders, and their distance; an even number where possible."""
    length = stop - start
    step = max(1.0, width / _DENSITY, length / _MOST)
    count = max(1, round(length / step))
    cell = length / count
    return (start + (np.arange(count) + 0.5) * cell).astype(np.intp), cell


def _nearness(spot: Spot, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """1 at the outline, falling to about 1/3 at a third of a finger width."""
    outline = np.asarray(spot.region.polygon, np.float32)
    (cx, cy), (w, h), angle = cv2.minAreaRect(outline)
    turn = np.deg2rad(angle)
    dx, dy = columns[None, :] + 0.5 - cx, rows[:, None] + 0.5 - cy
    u = np.abs(dx * np.cos(turn) + dy * np.sin(turn)) - w / 2
    v = np.abs(dy * np.cos(turn) - dx * np.sin(turn)) - h / 2
    distance = np.hypot(np.maximum(u, 0), np.maximum(v, 0))
    return np.asarray(np.exp(-distance / (0.35 * spot.width)), np.float64)


def _along_finger(
    spot: Spot, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """1 beyond the region's ends, less beside it; no difference for a round region."""
    outline = np.asarray(spot.region.polygon, np.float32)
    (cx, cy), (w, h), angle = cv2.minAreaRect(outline)
    turn = np.deg2rad(angle if w >= h else angle + 90)
    long, short = max(w, h, 1.0), max(min(w, h), 1.0)
    trust = float(np.clip((long / short - 1.05) / 0.25, 0, 1))
    dx, dy = columns[None, :] + 0.5 - cx, rows[:, None] + 0.5 - cy
    aside = np.abs(dy * np.cos(turn) - dx * np.sin(turn)) / (short / 2)
    return np.asarray(1 - 0.7 * trust * np.clip((aside - 0.7) / 0.3, 0, 1), np.float64)


def _depth(spot: Spot, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Plane:
    """Distance from the region's outline to the samples within it, in samples."""
    height, width = spot.core.shape
    own = np.ix_((rows - spot.y).clip(0, height - 1), (columns - spot.x).clip(0, width - 1))
    distance = cv2.distanceTransform(spot.core[own], cv2.DIST_L2, cv2.DIST_MASK_5)
    # Without any outline in sight OpenCV's distance is the largest float.
    return np.asarray(np.minimum(distance, _MOST), np.float32)


def _strip_contrast(spot: Spot, lab: Plane, seen: Mask, cell: tuple[float, float]) -> Plane:
    """How much a sample differs from what lies on both sides of it, 0..1.

    A finger is a strip of known width: on both sides of it there is something else. Of a wall that
    is not so.
    """
    _, (w, h), angle = cv2.minAreaRect(np.asarray(spot.region.polygon, np.float32))
    turn = np.deg2rad(angle + 90 if w >= h else angle)
    dx, dy = 0.75 * spot.width * np.cos(turn) / cell[0], 0.75 * spot.width * np.sin(turn) / cell[1]
    height, width = seen.shape
    contrast = np.full((height, width), np.inf, np.float32)
    for side in (-1, 1):
        # One nearest-neighbour move for both: colours in three channels, what is known in a fourth.
        move = np.array(((1, 0, side * dx), (0, 1, side * dy)))
        both = np.dstack((lab, seen.astype(np.float32)))
        moved = cv2.warpAffine(
            both, move, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        beside, known = moved[..., :3], moved[..., 3]
        off = lab - beside
        difference = np.sqrt(np.einsum("...c,...c", off, off)) * known
        contrast = np.minimum(contrast, difference)
    return np.asarray(np.clip(contrast / 15, 0, 1), np.float32)


def skin_likelihood(lab: Plane) -> Plane:
    """How skin-like a colour is, 0.02..1.

    Human skin of all tones lies in a narrow sector of hue around CIELAB 50 degrees with moderate
    chroma (Xiao et al., Skin Research and Technology 23, 2017). Colours without chroma (greyscale
    photos) are all equally likely.
    """
    lightness, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma = np.hypot(a, b)
    off = np.rad2deg(np.arctan2(b, a)) - 50
    hue = np.exp(-0.5 * (off / 22) ** 2)
    coloured = np.clip((chroma - 3) / 15, 0, 1)
    loud = np.exp(-0.5 * (np.maximum(chroma - 42, 0) / 10) ** 2)
    lit = np.clip((lightness - 5) / 25, 0.1, 1)
    return np.asarray((0.02 + 0.98 * hue * coloured * loud) * lit, np.float32)


def _commonest(colours: Plane, weights: Plane) -> Plane:
    """The mode of weighted colours: the best-supported candidate, refined by mean shift."""
    colours, weights = _thinned(colours, weights, 4 * _CANDIDATES)
    some, heavy = _thinned(colours, weights, _CANDIDATES)
    # Support counts by its root: a plain wall is denser than any finger.
    support = np.sqrt(_alike(some[:, None], some[None], 8.0) @ heavy)
    mode = some[int(np.argmax(support * heavy))]
    for _ in range(3):
        pull = weights * _alike(colours, mode, 8.0)
        mode = pull @ colours / max(float(pull.sum()), 1e-9)
    return np.asarray(mode, np.float32)


def _thinned(colours: Plane, weights: Plane, most: int) -> tuple[Plane, Plane]:
    """Every n-th colour, so that no more than ``most`` remain."""
    step = -(-len(colours) // most)
    return colours[::step], weights[::step]


def _alike(colours: Plane, other: Plane, sigma: float) -> Plane:
    """Likeness of colours, 0..1: a Gaussian of their distance."""
    off = colours - other
    return np.asarray(np.exp(np.einsum("...c,...c", off, off) / np.float32(-2 * sigma**2)))


def _hand_tones(samples: Sequence[_Samples], spots: Sequence[Spot]) -> Mapping[int | None, Plane]:
    """The commonest skin colour (scaled CIELAB) around all regions of each hand."""
    tones: dict[int | None, Plane] = {}
    for hand in {spot.region.hand for spot in spots}:
        own = [s for s, spot in zip(samples, spots, strict=True) if spot.region.hand == hand]
        weights = np.concatenate([s.weight[s.weight > 0] for s in own])
        if weights.size:
            tones[hand] = _commonest(np.concatenate([s.lab[s.weight > 0] for s in own]), weights)
    return tones


def _tone(pixels: Pixels, hidden: Mask, spot: Spot, samples: _Samples, hand: Plane | None) -> Tone:
    """The tone around one spot, given what its hand looks like."""
    seen = samples.weight > 0
    if hand is None:
        return _plain_tone(spot, samples, FALLBACK_TONE)
    if not seen.any():
        return _plain_tone(spot, samples, _rgb(hand, samples.scale))
    like_hand = _alike(samples.lab, hand, 16.0)
    weight = samples.weight * (0.05 + like_hand)
    mode = _commonest(samples.lab[seen], weight[seen])
    like = _alike(samples.lab, mode, 9.0) * seen
    # What is unlike stays out altogether, however much of it there is.
    # Without colours, a wall may be as light as the skin: then only likely places count.
    where = samples.weight if samples.scale is _GREY_WEIGHTS else samples.near
    share = (np.maximum(like - 0.2, 0) * where).astype(np.float32)
    total = float(share.sum())
    if not total > 0:
        return _plain_tone(spot, samples, _rgb(mode, samples.scale))
    tone = (share[..., None] * samples.rgb).sum((0, 1)) / total
    rows, columns = np.nonzero(like > 0.3)
    return Tone(
        tone=tone.astype(np.float32),
        base=_base(spot, samples, share),
        grain=measure_grain(pixels, hidden, samples.rows[rows], samples.columns[columns]),
        _spot=spot,
        _samples=samples,
        _skin=share,
        _background=_background(samples, mode, like) * seen,
    )


def _rgb(lab: Plane, scale: Plane) -> Plane:
    """A colour of scaled CIELAB as RGB."""
    rgb = cv2.cvtColor((lab / scale).reshape(1, 1, 3).astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(rgb[0, 0] * 255.0, np.float32)


def _background(samples: _Samples, mode: Plane, like: Plane) -> Plane:
    """How surely a sample is not skin, 0..1.

    Shadows and highlights on skin keep something of its hue: they are neither skin nor background.
    """
    unlike = np.clip(1 - 3 * like, 0, 1)
    if samples.scale is _GREY_WEIGHTS:
        return np.asarray(unlike, np.float32)
    flat = np.array((0.4, 1, 1), np.float32)
    same_hue = _alike(samples.lab * flat, mode * flat, 9.0)
    likelihood = skin_likelihood(samples.lab / samples.scale)
    sure = np.clip(2 - 4 * same_hue, 0, 1) * np.clip(2.2 - 3 * likelihood, 0, 1)
    return np.asarray(unlike * sure, np.float32)


def _plain_tone(spot: Spot, samples: _Samples, colour: Plane) -> Tone:
    """One even tone, where nothing is known about the surroundings."""
    return Tone(
        tone=np.asarray(colour, np.float32),
        base=(0.0, 0.0),
        grain=UNKNOWN,
        _spot=spot,
        _samples=samples,
    )


def _finger_tip(
    samples: _Samples, skin: Plane, background: Plane, width: float
) -> tuple[Plane, Plane]:
    """Paints a smooth finger tip on a finer grid: (h, w, 3) RGB, and the pad (h, w), 0..1.

    Args:
        samples: What is known around the region.
        skin: (h, w) weights of samples that are skin.
        background: (h, w) weights of samples that are not.
        width: The finger's width, pixels.
    """
    # Smooth things are computed on the samples' grid, the finger's edge on a finer one.
    near_background = _finer(_blur(background.astype(np.float32), samples, 0.2 * width))
    away = _ramp(near_background, 0.34, 0.43)
    shade = 1 - _RIM_SHADE * np.clip(near_background / 0.43, 0, 1)
    picture = _finer(_carry_in(samples, skin, (0.5, 0.22), width)) * shade[..., None]
    if away.any():
        behind = _carry_in(samples, background * samples.near, (0.3, 0.1), width)
        picture += (_finer(behind) - picture) * away[..., None]
    return picture, (1 - away) * np.clip(_finer(samples.depth), 0, 1)


def _finer(grid: Plane) -> Plane:
    enlarged = cv2.resize(grid, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.float32)


def _ramp(values: Plane, start: float, stop: float) -> Plane:
    t = np.clip((values - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _carry_in(samples: _Samples, share: Plane, scales: Sequence[float], width: float) -> Plane:
    """Carries colours from around into the region: the nearer, the finer.

    Normalised convolution (Knutsson and Westin, CVPR 1993) at several scales.

    Args:
        samples: The colours.
        share: (h, w) weights; at least one is more than 0.
        scales: Standard deviations from coarse to fine, in finger widths.
        width: The finger's width, pixels.
    """
    parts = np.dstack((samples.rgb * share[..., None], share)).astype(np.float32)
    total = parts.sum((0, 1))
    field = np.broadcast_to(total[:3] / total[3], samples.rgb.shape).astype(np.float32)
    for sigma in scales:
        blurred = _blur(parts, samples, sigma * width)
        mass = blurred[..., 3:]
        trust = mass / (mass + 0.03)
        field = field * (1 - trust) + trust * blurred[..., :3] / np.maximum(mass, 1e-6)
    return _blur(field, samples, 0.05 * width)


def _blur(grid: Plane, samples: _Samples, sigma: float) -> Plane:
    sigma_x, sigma_y = (max(0.3, sigma / cell) for cell in samples.cell)
    blurred = cv2.GaussianBlur(
        grid, (0, 0), sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(blurred, np.float32)


def _base(spot: Spot, samples: _Samples, share: Plane) -> tuple[float, float]:
    """The direction in which most of the skin lies."""
    cx, cy = spot.region.centre
    total = float(share.sum())
    x = float((share.sum(0) * (samples.columns + 0.5 - cx)).sum()) / total
    y = float((share.sum(1) * (samples.rows + 0.5 - cy)).sum()) / total
    length = float(np.hypot(x, y))
    return (x / length, y / length) if length > 0.05 * spot.width else (0.0, 0.0)
