"""Rendered hands, photographed again: smaller, out of focus, noisy, compressed.

``benchmarks.hand_photos`` knows where the camera sees every triangle of a pad, so the print is
known at every pixel. Light makes more of it than its pattern: a relief lit from a side is bright
where the ridges rise, not where they are high. What must come back is therefore the print *as lit*:
at each place the mixture of the print and its two slopes that fits the untouched picture best. A
stranger's print does not fit in any mixture, which every run shows with a neighbour's print.

For the samples no such map was kept, only the outlines of the pads. Of those whose ridges are there
for sure, what must come back is what the enhancement shows in the untouched sample.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.exposure_truth import (
    BLUR,
    FEWEST,
    INNER,
    NOISES,
    QUALITIES,
    Case,
    Shot,
    inner,
    share_read,
    taken,
)
from benchmarks.prints import (
    FINGER_MM,
    HEIGHT,
    PX_PER_MM,
    WIDTH,
    Plane,
    Print,
    enhance,
    make_print,
)
from benchmarks.rendered_hands import Pad, Taken, read_pads
from vov_core.exposure import Exposure, Pixels, measure
from vov_core.finder import Finder
from vov_core.findings import Findings, Region, Source
from vov_core.geometry import box_of, ellipse
from vov_core.images import read_photo
from vov_core.lab.entries import scaled_region

FINEST = 3.5
"""Pixels per ridge of a sample; below, the renderer's noise filter wiped the ridges out."""

_LENGTH = 1.35  # of a finger's last segment, relative to its width
_FACING = 55.0  # degrees; a sample's pads that look further away show few ridges
_MARGIN = 0.25  # around a tip, of its size
_LIT_MM = 1.0  # sigma of the places at which the light is the same


@dataclass(frozen=True, eq=False)
class Tip:
    """A finger tip cut out of a rendered picture.

    Attributes:
        hand: The picture's name.
        pixels: The cut-out, RGB.
        region: Where the tip is, in pixels of the cut-out.
        pad: Which pixels show the pad.
        lit: What must come back, above 0 where it is bright.
        stranger: The same for the print of another finger; None where no print is known.
        per_ridge: Pixels from ridge to ridge.
    """

    hand: str
    pixels: Pixels
    region: Region
    pad: NDArray[np.bool_]
    lit: Plane
    stranger: Plane | None
    per_ridge: float


@lru_cache(maxsize=256)
def grown(seed: int) -> Print:
    """A print; growing it takes seconds."""
    return make_print(seed)


def hand_tips(file: Path, finder: Finder) -> Iterator[tuple[Tip, Tip | None]]:
    """The tips of a picture of ``benchmarks.hand_photos``.

    Args:
        file: The picture; its facts lie beside it.
        finder: The app's.

    Yields:
        Every tip with its outline and its width known to some 8 %, and as the app finds it; None
        where it does not.
    """
    facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    photo = read_photo(file.read_bytes())
    pads = read_pads(facts)
    picture = Taken(photo, pads, finder.find(photo.sha256, photo.pixels))
    for number, pad in enumerate(pads):
        scene = picture.scene(pad, grown(pad.seed).period_mm)
        known, found = _known(pad), scene.findings.regions[0] if scene else None
        outlines = (*known.polygon, *(found.polygon if found else ()))
        part, corner = _around(photo.pixels, outlines)
        beside = pads[number - 1].seed
        region = _moved(known, corner)
        tip = _tip(file.stem, part, corner, region, pad, facts["prints"][number], beside)
        yield tip, replace(tip, region=_moved(found, corner)) if found else None


def _known(pad: Pad) -> Region:
    """A tip as good landmarks would tell it."""
    half = np.array([FINGER_MM, FINGER_MM * _LENGTH]) / 2
    near = np.hypot(*(pad.flat / half).T) < 1
    flat = np.column_stack((pad.flat[near], np.ones(near.sum())))
    fit, *_ = np.linalg.lstsq(flat, pad.seen[near], rcond=None)
    around = np.array(ellipse((0.0, 0.0), *half.tolist()))
    outline = np.column_stack((around, np.ones(len(around)))) @ fit
    rng = np.random.default_rng([23, pad.seed, pad.number])
    return Region(
        id="known",
        polygon=tuple((float(x), float(y)) for x, y in outline),
        width=FINGER_MM * pad.scale * float(np.clip(rng.normal(1, 0.08), 0.8, 1.2)),
        source=Source.LANDMARKS,
    )


def _tip(
    hand: str,
    part: Pixels,
    corner: tuple[int, int],
    region: Region,
    pad: Pad,
    found: Mapping[str, Any],
    beside: int,
) -> Tip:
    """A tip whose print is known; ``beside`` is the seed of another one."""
    places = flat_places({**found, "seen": pad.seen - corner}, part.shape)
    half = np.array([FINGER_MM, FINGER_MM * _LENGTH]) / 2 * INNER
    own, other = (
        as_lit(part, _ridges(grown(seed), places), pad.scale * grown(seed).period_mm, pad.scale)
        for seed in (pad.seed, beside)
    )
    return Tip(
        hand=hand,
        pixels=part,
        region=region,
        pad=np.hypot(*np.moveaxis(places / half, -1, 0)) < 1,
        lit=own,
        stranger=other,
        per_ridge=pad.scale * grown(pad.seed).period_mm,
    )


def flat_places(found: Mapping[str, Any], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Where on the flat print every pixel of a picture lies, millimetres: (h, w, 2).

    Infinite where the picture does not show the print.
    """
    flat, seen = (np.array(found[key], np.float64) for key in ("flat", "seen"))
    number = np.full(shape[:2], -1, np.int32)
    maps = []
    for face in found["faces"]:
        corners = np.column_stack((seen[face], np.ones(3)))
        if abs(np.linalg.det(corners)) < 1e-3:  # seen from its edge
            continue
        # OpenCV's pixel centres are at whole numbers; it draws in 16ths of a pixel.
        outline = ((seen[face] - 0.5) * 16).round().astype(np.int32)
        cv2.fillConvexPoly(number, outline, len(maps), shift=4)
        maps.append(np.linalg.solve(corners, flat[face]))
    places = np.full((*shape[:2], 2), np.inf)
    rows, columns = np.nonzero(number >= 0)
    points = np.column_stack((columns + 0.5, rows + 0.5, np.ones(len(rows))))
    places[rows, columns] = np.einsum("nk,nkj->nj", points, np.array(maps)[number[rows, columns]])
    return places


def _ridges(print_: Print, places: NDArray[np.float64]) -> Plane:
    """The print at places of the flat pad; 0 beyond it."""
    beyond = np.where(np.isfinite(places), places, 1e3)
    across = (beyond[..., 0] * PX_PER_MM + WIDTH / 2 - 0.5).astype(np.float32)
    down = (HEIGHT / 2 - beyond[..., 1] * PX_PER_MM - 0.5).astype(np.float32)
    ridges = cv2.remap(print_.ridge, across, down, cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(ridges, np.float32)


def as_lit(pixels: Pixels, true: Plane, per_ridge: float, per_mm: float) -> Plane:
    """The print as the picture's light shows it.

    Args:
        pixels: The untouched picture.
        true: The print as it lies in it; 0 where there is none.
        per_ridge: Pixels from ridge to ridge.
        per_mm: Pixels per millimetre.
    """
    slopes = (cv2.Sobel(true, cv2.CV_32F, *way, ksize=3) / 8 for way in ((1, 0), (0, 1)))
    shown = true != 0
    parts = np.stack([_fine(part, per_ridge) * shown for part in (true, *slopes)], -1)
    wanted = _fine(pixels[:, :, 1].astype(np.float32), per_ridge) * shown

    def around(plane: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), _LIT_MM * per_mm))

    # Least squares at every place: three numbers for some hundred pixels.
    products = np.stack([around(parts * parts[..., i : i + 1]) for i in range(3)], -2)
    sums = around(parts * wanted[..., None])
    mixture = np.linalg.solve(products + 1e-4 * np.eye(3), sums[..., None])[..., 0]
    return np.asarray((parts * mixture).sum(-1), np.float32)


def _fine(plane: Plane, per_ridge: float) -> Plane:
    return np.asarray(plane - cv2.GaussianBlur(plane, (0, 0), per_ridge), np.float32)


def sample_tips(file: Path, finder: Finder) -> Iterator[Tip]:
    """The tips of a committed sample whose ridges are there for sure."""
    facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    photo = read_photo(file.read_bytes())
    findings = finder.find(photo.sha256, photo.pixels)
    for pad in facts["pads"]:
        per_ridge = pad.get("ridge_period_px") or 0
        if not pad["visible"] or per_ridge < FINEST or pad["facing_angle_deg"] > _FACING:
            continue
        region = _shown(findings, pad["pad_centre_px"])
        if region is not None:
            lit = enhance(photo.pixels[:, :, 1].astype(np.float32), per_ridge)
            on_pad = inner(max(pad["pad_polygons"], key=len), photo.pixels.shape)
            part, corner = _around(photo.pixels, region.polygon)
            rows, columns = (
                slice(at, at + side) for at, side in zip(corner[::-1], part.shape[:2], strict=True)
            )
            yield Tip(
                hand=file.stem,
                pixels=part,
                region=_moved(region, corner),
                pad=on_pad[rows, columns],
                lit=lit[rows, columns],
                stranger=None,
                per_ridge=per_ridge,
            )


def _shown(findings: Findings, place: Sequence[float]) -> Region | None:
    """The tip that shows a place."""
    x, y = (float(value) for value in place)
    for region in findings.regions:
        if cv2.pointPolygonTest(np.array(region.polygon, np.float32), (x, y), False) >= 0:
            return region
    return None


def _around(pixels: Pixels, points: Iterable[Sequence[float]]) -> tuple[Pixels, tuple[int, int]]:
    """The part of a picture around points, and its upper left corner (x, y)."""
    x0, y0, x1, y1 = box_of(tuple((float(x), float(y)) for x, y in points))
    margin = _MARGIN * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    return pixels[top : int(y1 + margin), left : int(x1 + margin)], (left, top)


def _moved(region: Region, corner: tuple[int, int]) -> Region:
    left, top = corner
    return replace(region, polygon=tuple((x - left, y - top) for x, y in region.polygon))


def random_shot(rng: np.random.Generator, finest: float, seed: int) -> Shot:
    """One way to photograph a hand again, at most as fine as it is."""
    per_ridge = float(np.exp(rng.uniform(np.log(FEWEST), np.log(finest))))
    return Shot(
        per_ridge=per_ridge,
        blur=float(rng.uniform(0, BLUR) * per_ridge),
        noise=float(rng.choice(NOISES)),
        quality=int(rng.choice(QUALITIES)),
        seed=seed,
    )


def retake(tip: Tip, shot: Shot) -> Case:
    """Photographs a tip again, asks the app, and compares with what is true."""
    rng = np.random.default_rng([17, shot.seed])
    scale = shot.per_ridge / tip.per_ridge
    height, width = tip.lit.shape
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small, lit, pad = (
        cv2.resize(np.asarray(plane, np.float32), size, interpolation=cv2.INTER_AREA)
        for plane in (tip.pixels, tip.lit, tip.pad)
    )
    blurred = cv2.GaussianBlur(small, (0, 0), shot.blur) if shot.blur > 0.1 else small
    pixels = taken(blurred, shot, rng)
    seen: Exposure = measure(pixels, scaled_region(tip.region, scale))
    return Case(shot.per_ridge, share_read(pixels, pad > 0.5, lit, shot.per_ridge), seen)


def hand_cases(tips: Sequence[Tip], shots: int) -> list[Case]:
    """Photographs every tip in random ways and measures it."""
    cases = []
    for number, tip in enumerate(tips):
        rng = np.random.default_rng([19, number])
        taken_so = (random_shot(rng, tip.per_ridge, 1000 * number + n) for n in range(shots))
        cases += [retake(tip, shot) for shot in taken_so]
    return cases


def untouched(tip: Tip, print_: Plane) -> float:
    """The share of a print, as lit, that comes back before the tip is photographed again."""
    return share_read(tip.pixels, tip.pad, print_, tip.per_ridge)
