"""Finger tips whose axis is known: where they lie, how wide they are, what their skin is like.

The joint at its base tells in which direction a finger lies without a look at what is covered; just
beyond the region the finger itself is to be seen: its edges, its tone, its shading. Everything here
reads only pixels outside of all regions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Point
from vov_core.masks.background import Surroundings, ease
from vov_core.masks.grain import measure_grain
from vov_core.masks.regions import Mask, Pixels, Plane, Spot, Window, seed_of
from vov_core.masks.skin import skin_likelihood

# All lengths are in finger widths.
# A base nearer to the region's centre than this tells no direction.
_SHORTEST = 0.08
_LONGEST = 8.0  # finger widths; a base farther off is no finger's (and must not cost time)
# How far below the base the finger is looked for, and how much of it is looked at.
_FARTHEST, _GAP, _LENGTH = 1.3, 0.03, 0.35
# The finger's edge is looked for so far from its axis, by what differs across so wide a step.
_NARROWEST, _WIDEST, _STEP = 0.26, 0.8, 0.1
_EDGE_SPREAD = 0.2
# A step in colour that is an edge, CIELAB with lightness counting half.
_CLEAR = 4.0
_LAB_WEIGHTS: Plane = np.array((0.5, 1.0, 1.0), np.float32)
# Tones of fingers of one hand differ by no more than this in colour.
_ONE_HAND = 14.0
# A finger's end is a little narrower than its last joint.
_TAPER = 0.92
# Length of the rounded end in half widths, and its roundness (2 is an ellipse).
_CAP, _ROUNDNESS = 1.25, 2.2
# Columns of a profile from edge to edge; its outermost parts mix with the background.
_COLUMNS, _PURE = 25, 0.86
# How much darker the finger is at its very edge than its profile tells.
_RIM_SHADE = 0.12
# Uneven tone of real skin: standard deviation (share) and size (finger widths).
_MOTTLE, _MOTTLE_SIZE = 0.012, 0.09
# Softness of the painted edge.
_FEATHER = 0.035
# How far outside of a region's outline is looked for parts of the finger.
_RINGS = (0.03, 0.1, 0.2)
# Colours farther apart than this (see ``_apart``) are not of one finger.
_NOT_SKIN = 11.0
# How much a doubling of brightness counts: little for skin that has a colour, as for light and
# shadow on it; much where there is no colour to go by.
_DOUBLED, _DOUBLED_GREY = 4.0, 40.0
# Colours as close as this (a standard deviation) to the finger's skin are skin, too.
_SAME = 7.0
# How skin-like a tone must be where it is unlike its hand's.
_SKIN = 0.1
# What may be changed about a finger's end: factor of its width, shift aside, length; (n, 1) each.
_CHANGES = tuple(
    np.array(changes, np.float32)[:, None]
    for changes in zip(
        *product(
            (1.0, 1.15),
            (0.0, -0.36, -0.24, -0.12, 0.12, 0.24, 0.36),
            (0.0, -0.1, 0.15, 0.3, 0.45),
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """A finger's axis.

    Attributes:
        base: The joint, pixels of the photo.
        along: Unit vector from the base to the tip.
        width: Estimated width of the finger, pixels.
        middle: From the base to the region's centre, pixels.
        end: From the base to the finger's end, pixels.
    """

    base: Point
    along: Point
    width: float
    middle: float
    end: float

    @classmethod
    def of(cls, spot: Spot) -> Self | None:
        """The axis of a spot's finger, or None where it is not known."""
        base = spot.region.base
        if base is None:
            return None
        cx, cy = spot.region.centre
        dx, dy = cx - base[0], cy - base[1]
        middle = float(np.hypot(dx, dy))
        if not _SHORTEST * spot.width < middle < _LONGEST * spot.width:
            return None
        # The outline reaches as far beyond its centre as it reaches back to the base (about: it
        # starts a little beyond the joint), whatever it was scaled by.
        end = max(1.95 * middle, middle + 0.48 * spot.width)
        return cls(
            base=base,
            along=(dx / middle, dy / middle),
            width=spot.width,
            middle=middle,
            end=end,
        )

    def place(self, u: Plane, v: Plane) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the photo's pixels at u along and v across the axis."""
        (bx, by), (ax, ay) = self.base, self.along
        x, y = bx + u * ax - v * ay, by + u * ay + v * ax
        return np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)

    def coordinates(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Along and across the axis, of points of the photo."""
        (bx, by), (ax, ay) = self.base, self.along
        dx, dy = x - np.float32(bx), y - np.float32(by)
        return (
            np.asarray(dx * np.float32(ax) + dy * np.float32(ay), np.float32),
            np.asarray(dy * np.float32(ax) - dx * np.float32(ay), np.float32),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The photo's pixels on a grid across and along a finger.

    Attributes:
        rgb: (rows, columns, 3) float32.
        seen: (rows, columns) float32; 1 where the pixel is in the photo and not hidden.
        at: Rows and columns of the photo, for all that is seen.
    """

    rgb: Plane
    seen: Plane
    at: tuple[NDArray[np.intp], NDArray[np.intp]]

    @classmethod
    def take(cls, pixels: Pixels, hidden: Mask, axis: _Axis, u: Plane, v: Plane) -> Self:
        """Looks at the photo at all of ``u`` along and all of ``v`` across a finger."""
        rows, columns = axis.place(u[:, None], v[None, :])
        height, width = hidden.shape
        fits = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
        seen = fits & ~hidden[rows, columns]
        rgb = pixels[rows, columns].astype(np.float32) * seen[..., None]
        return cls(rgb=rgb, seen=seen.astype(np.float32), at=(rows[seen], columns[seen]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finger:
    """A finger tip as it will be painted.

    Attributes:
        axis: Its axis.
        start: Where the visible finger begins, pixels along the axis from the base.
        halves: Half its width at the start and at the end, pixels.
        offsets: Of its middle from the axis at the start and at the end, pixels.
        end: From the base to the finger's end, pixels.
        tone: (3,) float32 RGB.
        profile: (2, n, 3) float32 RGB from edge to edge: just beyond the region, and smooth.
        grain: Standard deviation of the photo's noise, levels.
        before_skin: 0..1, how surely there is skin all around the region (a finger before the
            palm). Then no silhouette is to be seen.
    """

    axis: _Axis
    start: float
    halves: tuple[float, float]
    offsets: tuple[float, float]
    end: float
    tone: Plane
    profile: Plane
    grain: float
    before_skin: float

    def shape(self, u: Plane, v: Plane) -> tuple[Plane, Plane, Plane]:
        """Where points lie in the finger.

        Args:
            u: Along the axis, pixels.
            v: Across, pixels.

        Returns:
            How far out (0 in the middle, 1 at the finger's edge), which side (-1..1), and the
            distance from the edge in pixels, positive within.
        """
        halves = self.halves[0], np.float32(self.halves[1])
        offsets = self.offsets[0], np.float32(self.offsets[1])
        return _shape(u, v, self.start, halves, offsets, np.float32(self.end))


def _shape(
    u: Plane,
    v: Plane,
    start: float,
    halves: tuple[float, Plane | np.float32],
    offsets: tuple[float, Plane | np.float32],
    end: Plane | np.float32,
) -> tuple[Plane, Plane, Plane]:
    """See ``Finger.shape``; several ends at once where they are arrays."""
    length = np.maximum(end - np.float32(start), np.float32(1))
    t = ease(np.asarray((u - np.float32(start)) / length, np.float32))
    half = np.float32(halves[0]) + (halves[1] - np.float32(halves[0])) * t
    middle = np.float32(offsets[0]) + (offsets[1] - np.float32(offsets[0])) * t
    across = (v - middle) / half
    cap = np.minimum(np.float32(_CAP) * halves[1], np.float32(0.8) * length)
    beyond = np.maximum(u - (end - cap), 0) / cap
    power = cv2.add(cv2.pow(np.abs(across), _ROUNDNESS), cv2.pow(beyond, _ROUNDNESS))
    out = np.asarray(cv2.pow(power, 1 / _ROUNDNESS), np.float32)
    return out, across / np.maximum(out, np.float32(1e-3)), (1 - out) * half


def find_fingers(pixels: Pixels, hidden: Mask, spots: Sequence[Spot]) -> dict[int, Finger]:
    """Finds what is known of the fingers whose axis is known.

    Args:
        pixels: The photo, RGB.
        hidden: (H, W); pixels that are never used.
        spots: The regions' places.

    Returns:
        Index of a spot -> its finger. Spots without an axis, and those of hands of which no finger
        is to be seen, are left out.
    """
    axes = {i: axis for i, spot in enumerate(spots) if (axis := _Axis.of(spot))}
    looks = {i: look for i, axis in axes.items() if (look := _Look.take(pixels, hidden, axis))}
    hands = _hand_tones({i: look.tone for i, look in looks.items()}, spots)
    return {
        i: _finger(pixels, hidden, spots[i], axes[i], look)
        for i, look in looks.items()
        if _is_skin(look.lab, _lab(hands[spots[i].region.hand]))
    }


def _is_skin(lab: Plane, hand: Plane) -> bool:
    """Whether a tone can be a finger's: like its hand's, or like human skin."""
    like_hand = float(np.linalg.norm((lab - hand) * (0.3, 1, 1))) < _ONE_HAND
    return like_hand or float(skin_likelihood(lab)) > _SKIN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A first look at a finger just beyond its region.

    Attributes:
        start: Where it begins to be seen, pixels along the axis.
        view: The finger and what is beside it.
        across: (columns,) the view's columns, pixels from the axis.
        tone: (3,) float32 RGB of its middle.
    """

    start: float
    view: _View
    across: Plane
    tone: Plane

    @property
    def lab(self) -> Plane:
        """The tone in CIELAB."""
        return _lab(self.tone)

    @classmethod
    def take(cls, pixels: Pixels, hidden: Mask, axis: _Axis) -> Self | None:
        """Looks, or returns None where the finger is not to be seen."""
        start = _start(hidden, axis)
        if start is None:
            return None
        u = start - axis.width * np.linspace(_GAP, 0.25, 8, dtype=np.float32)
        across = axis.width * np.linspace(-0.95, 0.95, 61, dtype=np.float32)
        view = _View.take(pixels, hidden, axis, u, across)
        middle = np.abs(across) < 0.2 * axis.width
        seen = view.seen[:, middle] > 0
        if seen.mean() < 0.5:
            return None
        tone = np.median(view.rgb[:, middle][seen], axis=0)
        return cls(start=start, view=view, across=across, tone=tone.astype(np.float32))


def _start(hidden: Mask, axis: _Axis) -> float | None:
    """How far along the axis the finger is hidden, towards the hand; None if too far."""
    u = np.arange(axis.middle, -_FARTHEST * axis.width, -0.02 * axis.width, dtype=np.float32)
    rows, columns = axis.place(u, np.zeros_like(u))
    height, width = hidden.shape
    fits = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    seen = fits & ~hidden[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    first = int(np.argmax(seen))
    return float(u[first]) if seen[first] else None


def _hand_tones(tones: Mapping[int, Plane], spots: Sequence[Spot]) -> dict[int | None, Plane]:
    """The median tone of each hand's fingers."""
    hands: dict[int | None, list[Plane]] = {}
    for i, tone in tones.items():
        hands.setdefault(spots[i].region.hand, []).append(tone)
    return {hand: np.median(own, axis=0).astype(np.float32) for hand, own in hands.items()}


def _finger(pixels: Pixels, hidden: Mask, spot: Spot, axis: _Axis, look: _Look) -> Finger:
    """All that can be told of a finger."""
    left, right = _edges(look, axis.width)
    half, offset = (right - left) / 2, (right + left) / 2
    u = look.start - axis.width * np.linspace(_GAP, _LENGTH, 12, dtype=np.float32)
    places = np.linspace(-_PURE, _PURE, _COLUMNS, dtype=np.float32)
    view = _View.take(pixels, hidden, axis, u, offset + half * places)
    ring = _ring(pixels, hidden, spot, axis, look)
    taper, leaning, end = _fit(ring, axis, look.start, half, offset)
    return Finger(
        axis=axis,
        start=look.start,
        halves=(half, taper),
        offsets=(offset, leaning),
        end=end,
        tone=look.tone,
        profile=_profile(view, look.tone, places),
        grain=measure_grain(pixels, hidden, *view.at),
        before_skin=ring.before_skin,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ring:
    """Points around a region that are to be seen, but for those on its finger's way to the hand.

    Attributes:
        u: (n,) along the axis, pixels.
        v: (n,) across, pixels.
        skin: (n,) how surely each is skin like the finger's, 0..1.
        before_skin: See ``Finger.before_skin``.
    """

    u: Plane
    v: Plane
    skin: Plane
    before_skin: float


def _fit(
    ring: _Ring, axis: _Axis, start: float, half: float, offset: float
) -> tuple[float, float, float]:
    """Half width and offset at the finger's end, and where the end is.

    The landmarks tell where the end should be. Where they are a little off, a part of the finger
    looks out of the region: the silhouette must hold it.
    """
    narrow, aside = _TAPER * half, 0.3 * offset
    votes = ring.skin - np.float32(0.6)
    if np.maximum(votes, 0).sum() < 1:
        return narrow, aside, axis.end
    wider, shift, longer = _CHANGES
    tapers = np.float32(narrow) * wider
    leanings = np.float32(aside) + np.float32(axis.width) * shift
    ends = np.float32(axis.end) + np.float32(axis.width) * longer
    _, _, depth = _shape(ring.u, ring.v, start, (half, tapers), (offset, leanings), ends)
    held = np.clip(0.5 + depth / np.float32(0.1 * axis.width), 0, 1)
    cost = (shift / 0.4) ** 2 + (longer / 0.4) ** 2 + ((wider - 1) / 0.2) ** 2
    best = int(np.argmax(held @ votes - cost[:, 0]))
    return float(tapers[best, 0]), float(leanings[best, 0]), float(ends[best, 0])


def _ring(pixels: Pixels, hidden: Mask, spot: Spot, axis: _Axis, look: _Look) -> _Ring:
    """Looks around a region."""
    outline = np.asarray(spot.region.polygon, np.float32)
    turns = np.linspace(0, len(outline), 32, endpoint=False)
    at, following = turns.astype(int), np.roll(outline, -1, 0)
    share = (turns - at)[:, None].astype(np.float32)
    points = outline[at] * (1 - share) + following[at] * share
    outwards = points - np.asarray(spot.region.centre, np.float32)
    outwards /= np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), np.float32(1e-3))
    rings = [points + outwards * np.float32(step * axis.width) for step in _RINGS]
    x, y = np.concatenate(rings).T
    height, width = hidden.shape
    fits = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    columns = x.clip(0, width - 1).astype(np.intp)
    rows = y.clip(0, height - 1).astype(np.intp)
    seen = fits & ~hidden[rows, columns]
    u, v = axis.coordinates(x, y)
    # The finger's edges at its start are known already.
    kept = seen & (u > look.start + 0.2 * axis.width)
    if not kept.any():
        return _Ring(u=u[kept], v=v[kept], skin=u[kept], before_skin=0.0)
    distance = _apart(pixels[rows[kept], columns[kept]].astype(np.float32), look.tone)
    skin = np.clip(0.5 + (_NOT_SKIN - distance) / 6, 0, 1).astype(np.float32)
    alike = float(np.exp((distance / _SAME) ** 2 / -2).mean())
    # Of a region that is cut by the photo's border too little of the ring tells.
    before_skin = float(np.clip((alike - 0.5) / 0.1, 0, 1)) if fits.mean() > 0.7 else 0.0
    return _Ring(u=u[kept], v=v[kept], skin=skin, before_skin=before_skin)


def _edges(look: _Look, width: float) -> tuple[float, float]:
    """The finger's edges just beyond the region, pixels from the axis: left (negative) and right.

    Where an edge does not stand out, the finger is as wide as was estimated.
    """
    off = (_lab(look.view.rgb) - look.lab) * _LAB_WEIGHTS
    differs = np.sqrt(np.einsum("...c,...c", off, off)) * look.view.seen
    known = look.view.seen.sum(0)
    column = differs.sum(0) / np.maximum(known, 1)
    half = len(column) // 2
    found = [
        _edge(column[half::side], known[half::side], look.across[half:], width) for side in (-1, 1)
    ]
    left, right = found
    if left is None and right is None:
        return -width / 2, width / 2
    if left is None or right is None:
        one = left or right or 0.0
        other = max(_NARROWEST * width, width - one)
        return (-other, one) if left is None else (-one, other)
    return -left, right


def _edge(differs: Plane, known: Plane, across: Plane, width: float) -> float | None:
    """The distance from the axis at which a side's colours change most, if they clearly do."""
    steps = max(2, round(_STEP * width / float(across[1] - across[0])))
    sums = np.concatenate(([0.0], np.cumsum(differs)))
    at = np.arange(steps, len(differs) - steps)
    rise = (sums[at + steps] - 2 * sums[at] + sums[at - steps]) / steps
    places = across[at] - (across[1] - across[0]) / 2
    likely = np.exp(-0.5 * ((places / width - 0.5) / _EDGE_SPREAD) ** 2)
    within = (places > _NARROWEST * width) & (places < _WIDEST * width)
    score = rise * likely * within * (known[at] > 0) * (known[at + steps - 1] > 0)
    best = int(np.argmax(score))
    return float(places[best]) if score[best] > _CLEAR else None


def _profile(view: _View, tone: Plane, places: Plane) -> Plane:
    """A finger's colours from edge to edge: (2, n, 3), just beyond the region and smooth."""
    off = (_lab(view.rgb) - _lab(tone)) * _LAB_WEIGHTS
    like = np.exp(np.einsum("...c,...c", off, off) / np.float32(-2 * 14.0**2))
    weight = (0.02 + like) * view.seen
    rows = len(weight)
    near = np.linspace(1, 0, rows) ** 2
    profiles = []
    for share, sigma in ((near, 0.1), (np.ones(rows), 0.3)):
        mass = share @ weight
        colour = np.einsum("r,rc,rck->ck", share, weight, view.rgb)
        smooth = np.exp(-0.5 * ((places[:, None] - places[None, :]) / sigma) ** 2)
        total = smooth @ mass
        # A little of the tone everywhere: columns that are hidden take it.
        profiles.append((smooth @ colour + 0.05 * tone) / (total + 0.05)[:, None])
    return np.asarray(profiles, np.float32)


def paint(finger: Finger, around: Surroundings, window: Window, seed: int) -> tuple[Pixels, Pixels]:
    """Paints a finger tip.

    Args:
        finger: The finger.
        around: The spot and its surroundings.
        window: What to paint, rows and columns of the photo; within ``around``.
        seed: For the unevenness of its skin.

    Returns:
        The skin (h, w, 3), and the finger's silhouette (h, w): 255 within, with a soft edge. Both
        uint8.
    """
    u, v = finger.axis.coordinates(*around.centres())
    out, side, depth = finger.shape(u, v)
    skin = _skin(finger, u, np.minimum(out, 1), side, _mottle(finger, around, seed))
    feather = max(1.0, _FEATHER * finger.axis.width)
    # Depths are smooth where an edge is not: they are enlarged first, made an edge then.
    reach = max(feather, 2.0 * around.cell)
    levels = around.enlarge(np.clip(128 + depth * np.float32(127 / reach), 0, 255), window)
    edge = ease(((np.arange(256) - 128) * (reach / 127 / feather) + 0.5).astype(np.float32))
    opaque = np.rint(255 * (1 - finger.before_skin) * edge).astype(np.uint8)
    return around.enlarge(skin, window), np.asarray(cv2.LUT(levels, opaque), np.uint8)


def pad_of(finger: Finger, around: Surroundings, window: Window) -> Pixels:
    """Where a finger's pad is: (h, w) uint8, 255 in its middle, falling to 0 at the edge."""
    u, v = finger.axis.coordinates(*around.centres())
    out, _, _ = finger.shape(u, v)
    pad = (1 - ease((out - np.float32(0.55)) / np.float32(0.4))) * _onset(finger, u)
    return around.enlarge(255 * (1 - finger.before_skin) * pad, window)


def _mottle(finger: Finger, around: Surroundings, seed: int) -> Plane:
    """The unevenness of skin: shares around 0, on the grid of ``around``."""
    rng = np.random.default_rng([*seed_of(around.spot.region, seed), 2])
    noise = rng.standard_normal(around.seen.shape, np.float32)
    size = max(0.5, _MOTTLE_SIZE * finger.axis.width / around.cell)
    # Blurring divides the deviation by 2 sqrt(pi) times its size.
    gain = np.float32(_MOTTLE * 2 * np.pi**0.5 * size)
    return np.asarray(gain * cv2.GaussianBlur(noise, (0, 0), size), np.float32)


def _onset(finger: Finger, u: Plane) -> Plane:
    """0 where the seen finger ends, so that nothing begins there, rising to 1 along the finger."""
    return ease((u - np.float32(finger.start)) / np.float32(0.4 * finger.axis.width))


def _skin(finger: Finger, u: Plane, out: Plane, side: Plane, mottle: Plane) -> Plane:
    """The finger's colours: its profile drawn out along the axis and turned around its end."""
    onset = _onset(finger, u)
    reach = np.minimum(out / np.float32(_PURE), 1) * np.float32((_COLUMNS - 1) / 2)
    right, left = (
        cv2.remap(
            finger.profile,
            np.float32((_COLUMNS - 1) / 2) + sign * reach,
            onset,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for sign in (1, -1)
    )
    share = ((1 + side) / 2)[..., None]
    rim = np.float32(_RIM_SHADE) * ease((out - np.float32(0.6)) / np.float32(0.4))
    shade = 1 + onset * (mottle - rim)
    return np.asarray((left + (right - left) * share) * shade[..., None], np.float32)


def own_place(finger: Finger, around: Surroundings) -> Plane:
    """Where the finger itself is and not what is behind it: (h, w) float32, 0..1."""
    u, v = finger.axis.coordinates(*around.centres())
    _, _, depth = finger.shape(u, v)
    return ease(1 + depth / np.float32(0.14 * finger.axis.width))


def _apart(rgb: Plane, skin: Plane) -> Plane:
    """How far colours (..., 3) are from a skin's (3,), CIELAB; light and shadow count little."""
    target = _lab(skin)
    coloured = float(np.hypot(target[1], target[2])) > 6
    ratio = np.float32(skin.mean() + 8) / (rgb.mean(-1) + np.float32(8))
    as_lit = np.minimum(rgb * np.clip(ratio, 0.2, 5)[..., None], 255)
    off = _lab(as_lit) - target
    light = np.float32(_DOUBLED if coloured else _DOUBLED_GREY) * np.log2(ratio)
    return np.asarray(np.sqrt(np.einsum("...c,...c", off, off) + light * light), np.float32)


def likeness(rgb: Plane, skin: Plane) -> Plane:
    """How surely colours (..., 3) are a skin's in whatever light, 0..1."""
    return np.asarray(np.exp((_apart(rgb, skin) / np.float32(_SAME)) ** 2 / -2), np.float32)


def _lab(rgb: Plane) -> Plane:
    """CIELAB of colours of 0..255, in any shape that ends in 3."""
    flat = np.asarray(rgb, np.float32).reshape(1, -1, 3) / np.float32(255)
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(rgb.shape), np.float32)
