"""How often the exposure's levels are right: ``python -m benchmarks.exposure``.

Flat prints whose every ridge is known are photographed at known pixels per ridge, contrast, blur,
noise and JPEG quality, among them fingers without any print. What is true is decided with the
print at hand: a blind ridge enhancement of the picture is compared with it, pixel by pixel. The
samples and other rendered hands follow: real shapes and light, and widths as the app judges them.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from benchmarks import exposure_hands as hands
from benchmarks.exposure_hands import Tip
from benchmarks.exposure_truth import (
    AGREEMENT,
    BLUR,
    FEWEST,
    NOISES,
    PARTLY_READ,
    QUALITIES,
    READ,
    Case,
    Shot,
    inner,
    share_read,
    taken,
)
from benchmarks.hand_photos import FIRST_HAND
from benchmarks.prints import FINGER_MM, HEIGHT, PX_PER_MM, WIDTH, Plane, Print, make_print
from benchmarks.results import put_section
from vov_core.exposure import RESOLVED, RIDGE_MM, Level, Pixels, measure, pixels_per_ridge
from vov_core.finder import open_finder
from vov_core.findings import Region, Source
from vov_core.geometry import ellipse

IDENTITIES = 16
SHOTS = 50
HAND_SHOTS = 20
CALIBRATED = 5
"""So many of the first hands chose ``MISJUDGED``; they are not reported."""

_SAMPLES = Path(__file__).parents[1] / "samples"
_EDGES = (1.5, 2, 2.75, 3.5, 5, 8, 14.1)
"""Pixels per ridge of the tables' rows."""


@dataclass(frozen=True, kw_only=True)
class FlatShot(Shot):
    """How a flat print is photographed.

    Attributes:
        contrast: Of the ridges, relative to the skin's brightness; 0 is a finger without a print.
    """

    contrast: float


def random_shot(rng: np.random.Generator, seed: int) -> FlatShot:
    """One way to photograph a finger, from hopeless to perfect."""
    per_ridge = float(np.exp(rng.uniform(np.log(FEWEST), np.log(14))))
    return FlatShot(
        per_ridge=per_ridge,
        contrast=float(rng.choice([0, 0.02, 0.04, 0.08, 0.15])),
        blur=float(rng.uniform(0, BLUR) * per_ridge),
        noise=float(rng.choice(NOISES)),
        quality=int(rng.choice(QUALITIES)),
        seed=seed,
    )


def photograph(print_: Print, shot: FlatShot) -> tuple[Pixels, Region, Plane]:
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
    pixels = taken(brightness[:, :, None] * tone, shot, rng)
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


def flat_cases(identities: int, shots: int, first: int = 700) -> list[Case]:
    """Photographs prints in random ways and measures them."""
    cases = []
    for number in range(identities):
        print_ = make_print(first + number)
        rng = np.random.default_rng([11, first + number])
        for n in range(shots):
            shot = random_shot(rng, 1000 * (first + number) + n)
            pixels, region, true = photograph(print_, shot)
            pad = inner(region.polygon, true.shape)
            share = share_read(pixels, pad, true, shot.per_ridge) if shot.contrast else 0.0
            cases.append(Case(shot.per_ridge, share, measure(pixels, region)))
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
    for low, high in pairwise(_EDGES):
        group = [case for case in cases if low <= case.per_ridge < high]
        if not group:
            continue
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


def _tables(cases: Sequence[Case]) -> list[str]:
    return [
        "\n".join(_confusion(cases)),
        "By ridge strength, the share of the pad where ridges stand out:",
        "\n".join(_curve(cases)),
        "By size:",
        "\n".join(_by_size(cases)),
    ]


def _share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def _milliseconds() -> float:
    times = []
    for seed in range(9):
        shot = FlatShot(per_ridge=9, contrast=0.08, blur=1, noise=3, quality=85, seed=seed)
        pixels, region, _ = photograph(make_print(900), shot)
        start = perf_counter()
        measure(pixels, region)
        times.append((perf_counter() - start) * 1000)
    return float(np.median(times))


def _flat(identities: int, shots: int) -> list[str]:
    cases = flat_cases(identities, shots)
    return [
        f"{identities} flat prints, {shots} photos each, none of which the thresholds were chosen "
        "on: 1.5 to 14 pixels per ridge, ridge contrast 0 (no print) to 15 %, blur up to 0.45 "
        "ridges, noise up to 10 of 255, JPEG quality 30 to 95, finger width known to 8 %. *Truly "
        "readable*: a blind ridge enhancement brings the true ridges back (at least "
        f"{AGREEMENT:.0%} of the pixels right, chance 50 %) on at least {READ:.0%} of the pad; "
        f"*partly*: {PARTLY_READ:.0%}. With fewer than {RESOLVED:g} pixels per ridge nothing can "
        "come back. The thresholds lean to the safe side. "
        f"{_milliseconds():.1f} ms per tip at 9 pixels per ridge.",
        *_tables(cases),
    ]


def _photos(folder: Path | None, shots: int) -> list[str]:
    """The part about pictures of ``benchmarks.hand_photos``."""
    if folder is None:
        return ["Not measured: no rendered hands were given (`--photos`)."]
    finder = open_finder()
    used = {f"hand-{FIRST_HAND + number}" for number in range(CALIBRATED)}
    # The facts are written after the picture.
    known = sorted(folder.glob("hand-*.json"))
    files = [f.with_suffix(".jpg") for f in known if f.stem.rpartition("-")[0] not in used]
    both = [pair for file in files for pair in hands.hand_tips(file, finder)]
    tips, found = [known for known, _ in both], [tip for _, tip in both if tip]
    own = [hands.untouched(tip, tip.lit) for tip in tips]
    other = [hands.untouched(tip, tip.stranger) for tip in tips if tip.stranger is not None]
    return [
        f"{len(files)} hands of `benchmarks.hand_photos` (bent skin, light from the sides), "
        f"{len(tips)} pads, {_span(tips)} pixels per ridge, each photographed again {shots} times: "
        "smaller, blurred, noisy and compressed as above, the finger's width known to 8 %. Where "
        "the camera sees every triangle of a pad is known. *What must come back* is the print as "
        "the picture's light shows it, by the same rule and the same shares as above. In the "
        f"untouched pictures {np.median(own):.2f} of a pad comes back (median); were it the print "
        f"of the finger beside it, {np.median(other):.2f}, at most {max(other):.2f}. {CALIBRATED} "
        "other hands chose `MISJUDGED` and are left out.",
        *_tables(hands.hand_cases(tips, shots)),
        f"The same with outline and width as the app finds them, which it did for {len(found)} of "
        f"the pads. Of these hands only the last segments are in the picture, and landmarks guess. "
        f"{_estimate(found)}",
        "\n".join(_confusion(hands.hand_cases(found, shots))),
    ]


def _samples(shots: int) -> list[str]:
    """The part about the committed samples."""
    finder = open_finder()
    files = sorted(_SAMPLES.glob("hand_*.json"))
    pictures = [file.with_suffix(".jpg") for file in files]
    tips = [tip for file in pictures for tip in hands.sample_tips(file, finder)]
    return [
        f"{len(tips)} finger tips of {len({tip.hand for tip in tips})} samples ({_span(tips)} "
        f"pixels per ridge; those under {hands.FINEST} say nothing, since their renderer's noise "
        f"filter wiped such fine ridges out), {shots} times photographed again each. No map of "
        "their prints was kept: what must come back is what the enhancement shows in the untouched "
        f"sample. {_estimate(tips)}",
        *_tables(hands.hand_cases(tips, shots)),
    ]


def _span(tips: Sequence[Tip]) -> str:
    sizes = [tip.per_ridge for tip in tips]
    return f"{min(sizes):.1f} to {max(sizes):.1f}"


def _estimate(tips: Sequence[Tip]) -> str:
    ratios = [pixels_per_ridge(tip.region) / tip.per_ridge for tip in tips]
    low, middle, high = np.percentile(ratios, (5, 50, 95))
    return (
        f"Pixels per ridge as estimated from the finger's width ({RIDGE_MM} mm), over the true "
        f"ones: median {middle:.2f}, 90 % of them {low:.2f} to {high:.2f}."
    )


def main() -> None:
    """Measures and rewrites the section of ``benchmarks/RESULTS.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=IDENTITIES)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--photos", type=Path, help="rendered hands, of benchmarks.hand_photos")
    parser.add_argument("--hand-shots", type=int, default=HAND_SHOTS)
    arguments = parser.parse_args()
    parts = [
        "`python -m benchmarks.hand_photos --libhand DIR --out PHOTOS --photos 1 --hands 9` (with "
        "Blender, see `training/synth/README.md`), then `python -m benchmarks.exposure --photos "
        "PHOTOS`.",
        "### Flat prints",
        *_flat(arguments.identities, arguments.shots),
        "### Samples",
        *_samples(arguments.hand_shots),
        "### Rendered hands",
        *_photos(arguments.photos, arguments.hand_shots),
    ]
    put_section("Exposure: how readable a finger tip is", "\n\n".join(parts))
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
