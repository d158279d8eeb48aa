"""How often the exposure's levels are right: ``python -m benchmarks.exposure``.

Flat prints whose every ridge is known are photographed at known pixels per ridge, contrast, blur,
noise and JPEG quality, among them fingers without any print. What is true is decided with the
print at hand: a blind ridge enhancement of the picture is compared with it, pixel by pixel. The
rendered samples follow as pictures of another make; below 3.5 pixels per ridge they say nothing,
since their renderer's noise filter wipes such fine ridges out.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from benchmarks.prints import FINGER_MM, HEIGHT, PX_PER_MM, WIDTH, Plane, Print, enhance, make_print
from benchmarks.results import put_section
from vov_core.exposure import Exposure, Level, Pixels, measure
from vov_core.findings import Finger, Region, Source
from vov_core.geometry import ellipse
from vov_core.images import read_photo

IDENTITIES = 16
SHOTS = 50
READ, PARTLY_READ = 0.5, 0.15
"""Shares of the pad whose ridges come back, from which a print is readable or partly so."""
AGREEMENT = 0.85
"""Ridges of a place came back where so much of it is ridge where ridge is true (chance: 0.5)."""

_SAMPLES = Path(__file__).parents[1] / "samples"
_FINEST = 3.5


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How a print is photographed.

    Attributes:
        per_ridge: Pixels from ridge to ridge.
        contrast: Of the ridges, relative to the skin's brightness; 0 is a finger without a print.
        blur: Sigma in pixels.
        noise: Sigma in steps of 8 bits.
        quality: Of the JPEG.
        seed: Of noise, skin and light.
    """

    per_ridge: float
    contrast: float
    blur: float
    noise: float
    quality: int
    seed: int


def random_shot(rng: np.random.Generator, seed: int) -> Shot:
    """One way to photograph a finger, from hopeless to perfect."""
    per_ridge = float(np.exp(rng.uniform(np.log(1.5), np.log(14))))
    return Shot(
        per_ridge=per_ridge,
        contrast=float(rng.choice([0, 0.02, 0.04, 0.08, 0.15])),
        blur=float(rng.uniform(0, 0.45) * per_ridge),
        noise=float(rng.choice([0, 1.5, 3, 6, 10])),
        quality=int(rng.choice([30, 50, 70, 85, 95])),
        seed=seed,
    )


def photograph(print_: Print, shot: Shot) -> tuple[Pixels, Region, Plane]:
    """A photo of one finger, its region, and the print as it lies in the photo."""
    rng = np.random.default_rng([7, shot.seed])
    scale = shot.per_ridge / (print_.period_mm * PX_PER_MM)
    size = (round(WIDTH * scale), round(HEIGHT * scale))
    true = cv2.resize(print_.ridge, size, interpolation=cv2.INTER_AREA)
    skin = 1 + shot.contrast * true + _texture(rng, true.shape)
    skin = cv2.GaussianBlur(skin, (0, 0), shot.blur) if shot.blur > 0.1 else skin
    down, across = np.mgrid[: true.shape[0], : true.shape[1]].astype(np.float32)
    middle = size[0] / 2, size[1] / 2
    width = FINGER_MM * PX_PER_MM * scale
    length = 1.35 * width
    edge = np.hypot((across - middle[0]) / width, (down - middle[1]) / length) * 2
    light = 1 - 0.35 * edge**2
    finger = cv2.GaussianBlur((edge < 1).astype(np.float32), (0, 0), max(0.5, shot.blur))
    brightness = rng.uniform(70, 190) * skin * light * finger + rng.uniform(30, 220) * (1 - finger)
    tone = np.array([1.15, 0.95, 0.8]) if rng.random() < 0.7 else np.ones(3)
    picture = brightness[:, :, None] * tone + rng.normal(0, shot.noise, (*true.shape, 3))
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, shot.quality])
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1]
    region = Region(
        id="h0-index",
        polygon=ellipse(middle, width / 2, length / 2),
        # Landmarks tell a finger's width to some 8 %.
        width=width * float(np.clip(rng.normal(1, 0.08), 0.8, 1.2)),
        source=Source.LANDMARKS,
    )
    return pixels, region, true


def _texture(rng: np.random.Generator, shape: tuple[int, ...]) -> Plane:
    """What skin shows beside ridges: blotches, fine creases."""
    noise = rng.standard_normal(shape).astype(np.float32)
    blotches = cv2.GaussianBlur(noise, (0, 0), shape[1] / 12)
    fine = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), shape[1] / 150)
    return np.asarray(
        0.03 * blotches / (blotches.std() + 1e-6) + 0.01 * fine / (fine.std() + 1e-6), np.float32
    )


def share_read(pixels: Pixels, region: Region, true: Plane, per_ridge: float) -> float:
    """The share of the pad whose ridges a blind enhancement brings back, 0..1."""
    skin = pixels[:, :, 1].astype(np.float32)
    enhanced = enhance(skin, max(2.0, per_ridge))
    same = ((enhanced > 0) == (true > 0)).astype(np.float32)
    local = cv2.GaussianBlur(same, (0, 0), 1.5 * per_ridge)
    pad = np.zeros(true.shape, np.uint8)
    points = np.array(region.polygon)
    inner = (points - points.mean(0)) * 0.85 + points.mean(0)
    cv2.fillPoly(pad, [inner.round().astype(np.int32)], 1)
    return float((local[pad > 0] >= AGREEMENT).mean())


def true_level(share: float) -> Level:
    """The level that the known print says."""
    if share >= READ:
        return Level.READABLE
    return Level.PARTLY if share >= PARTLY_READ else Level.UNREADABLE


@dataclass(frozen=True)
class Case:
    """One photographed finger: how, what is true, what was measured."""

    shot: Shot
    share: float
    seen: Exposure

    @property
    def true(self) -> Level:
        """What the known print says."""
        return true_level(self.share)


def flat_cases(identities: int, shots: int, first: int = 700) -> list[Case]:
    """Photographs prints in random ways and measures them."""
    cases = []
    for number in range(identities):
        print_ = make_print(first + number)
        rng = np.random.default_rng([11, first + number])
        for n in range(shots):
            shot = random_shot(rng, 1000 * (first + number) + n)
            pixels, region, true = photograph(print_, shot)
            share = share_read(pixels, region, true, shot.per_ridge) if shot.contrast else 0.0
            cases.append(Case(shot, share, measure(pixels, region)))
    return cases


def rendered_cases() -> list[tuple[float, float, Exposure]]:
    """Pixels per ridge (true), its estimate and the exposure of pads on the rendered samples."""
    cases = []
    for file in sorted(_SAMPLES.glob("*.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        pixels = read_photo(file.with_suffix(".jpg").read_bytes()).pixels
        for pad in facts["pads"]:
            per_ridge = pad.get("ridge_period_px")
            if not pad["visible"] or not per_ridge or pad["facing_angle_deg"] > 55:
                continue
            outline = max(pad["pad_polygons"], key=len)
            width = per_ridge / pad["ridge_period_mm"] * 2 * pad["pad_half_axes_mm"][0]
            region = Region(
                id=f"h0-{pad['finger']}",
                polygon=tuple((float(x), float(y)) for x, y in outline),
                width=width * FINGER_MM / 15,  # the pad is 15 mm of the index finger's 16
                source=Source.LANDMARKS,
                finger=Finger(pad["finger"]),
            )
            seen = measure(pixels, region)
            cases.append((per_ridge, seen.pixels_per_ridge, seen))
    return cases


def _confusion(cases: Sequence[Case]) -> list[str]:
    rows = [
        "| truly | fingers | called readable | called partly | called not readable |",
        "|---|---:|---:|---:|---:|",
    ]
    for true in Level:
        group = [case for case in cases if case.true is true]
        shares = [_share(case.seen.level is level for case in group) for level in Level]
        rows.append(f"| {true} | {len(group)} | " + " | ".join(f"{s:.1%}" for s in shares) + " |")
    return rows


def _curve(cases: Sequence[Case]) -> list[str]:
    rows = [
        "| ridge strength | fingers | ridges that come back | truly readable | partly | not |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    edges = (0, 0.1, 0.2, 0.3, 0.42, 0.55, 0.7, 0.85, 1.01)
    for low, high in pairwise(edges):
        group = [case for case in cases if low <= case.seen.strength < high]
        if group:
            shares = [_share(case.true is level for case in group) for level in Level]
            mean = np.mean([case.share for case in group])
            rows.append(
                f"| {low:.2f}-{min(high, 1):.2f} | {len(group)} | {mean:.2f} | "
                + " | ".join(f"{share:.1%}" for share in shares)
                + " |"
            )
    return rows


def _by_size(cases: Sequence[Case]) -> list[str]:
    rows = [
        "| px per ridge | fingers | level right | readable called not readable "
        "| not readable called readable |",
        "|---|---:|---:|---:|---:|",
    ]
    for low, high in pairwise((1.5, 2, 2.75, 3.5, 5, 8, 14.1)):
        group = [case for case in cases if low <= case.shot.per_ridge < high]
        right = _share(case.seen.level is case.true for case in group)
        unseen = [case for case in group if case.true is Level.READABLE]
        ghost = [case for case in group if case.true is Level.UNREADABLE]
        missed = _share(case.seen.level is Level.UNREADABLE for case in unseen)
        false = _share(case.seen.level is Level.READABLE for case in ghost)
        rows.append(
            f"| {low:g}-{high:g} | {len(group)} | {right:.0%} | {missed:.1%} of {len(unseen)} "
            f"| {false:.1%} of {len(ghost)} |"
        )
    return rows


def _rendered() -> str:
    cases = rendered_cases()
    fine = [case for case in cases if case[0] >= _FINEST]
    levels = Counter(str(case[2].level) for case in fine)
    ratio = np.median([seen / true for true, seen, _ in cases])
    told = ", ".join(f"{number} {name}" for name, number in levels.most_common())
    return (
        f"Rendered samples: of {len(fine)} pads with at least {_FINEST} pixels per ridge: {told}. "
        f"Estimated over true pixels per ridge, median of {len(cases)} pads: {ratio:.2f}."
    )


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def _milliseconds() -> float:
    times = []
    for seed in range(9):
        shot = Shot(per_ridge=9, contrast=0.08, blur=1, noise=3, quality=85, seed=seed)
        pixels, region, _ = photograph(make_print(900), shot)
        start = perf_counter()
        measure(pixels, region)
        times.append((perf_counter() - start) * 1000)
    return float(np.median(times))


def main() -> None:
    """Measures and rewrites the section of ``benchmarks/RESULTS.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=IDENTITIES)
    parser.add_argument("--shots", type=int, default=SHOTS)
    arguments = parser.parse_args()
    cases = flat_cases(arguments.identities, arguments.shots)
    parts = [
        f"`python -m benchmarks.exposure`: {arguments.identities} flat prints, {arguments.shots} "
        "photos each, none of which the thresholds were chosen on: 1.5 to 14 pixels per ridge, "
        "ridge contrast 0 (no print) to 15 %, blur up to 0.45 ridges, noise up to 10 of 255, JPEG "
        "quality 30 to 95, finger width known to 8 %. *Truly readable*: a blind ridge enhancement "
        f"brings the true ridges back (at least {AGREEMENT:.0%} of the pixels right, chance 50 %) "
        f"on at least {READ:.0%} of the pad; *partly*: {PARTLY_READ:.0%}. The thresholds lean to "
        f"the safe side. {_milliseconds():.1f} ms per tip at 9 pixels per ridge.",
        "\n".join(_confusion(cases)),
        "By ridge strength, the share of the pad where ridges stand out:",
        "\n".join(_curve(cases)),
        "By size:",
        "\n".join(_by_size(cases)),
        _rendered(),
    ]
    put_section("Exposure: how readable a finger tip is", "\n\n".join(parts))
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
