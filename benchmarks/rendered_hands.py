"""The proof on rendered hands: ``python -m benchmarks.rendered_hands --photos DIR --cache DIR``.

``benchmarks.hand_photos`` rendered them: several pictures of every hand, with prints that belong to
nobody on bent skin, under other light each time. The app finds the finger tips by itself here and
covers what it found. The attacker knows where the camera sees every point of the pad, and has the
print on file as well as the uncovered pad of another picture of that finger.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from scipy.interpolate import RBFInterpolator

from benchmarks import attacks, matching, touches
from benchmarks import protection as flat
from benchmarks import rendered_report as results
from benchmarks.attacks import Attack
from benchmarks.prints import Plane
from benchmarks.protection import FAMILIES, UNCOVERED, Condition, Trial
from benchmarks.touches import Scene
from vov_core.finder import Finder, open_finder
from vov_core.findings import Findings
from vov_core.images import Photo, read_photo
from vov_core.masks import STYLES
from vov_core.masks.regions import inside, scale_region
from vov_core.pipeline import DEFAULT_COVERAGE, Look, mask
from vov_core.select import Edits, Rules, Selection, select

CONDITIONS = (
    Condition(style=UNCOVERED),
    *(Condition(style=name) for name in STYLES),
    *(Condition(style=name, strength=0.0) for name in FAMILIES),
    # Far weaker than the app covers: here prints must come back, or the attacks are straw men.
    *(Condition(style=name, strength=0.0, factor=min(flat.FACTORS)) for name in FAMILIES),
)
_NEAR_MM = 5.0


@dataclass(frozen=True, eq=False)
class Pad:
    """A pad in a picture.

    Attributes:
        seed: Of its print: who it is.
        number: Of the picture of that hand.
        flat: Points on the flat print, millimetres, the tip is up: (n, 2).
        seen: Where the camera sees them, pixels: (n, 2).
        middle: Where it sees the pad's middle.
        scale: Pixels per millimetre there.
    """

    seed: int
    number: int
    flat: Plane
    seen: Plane
    middle: tuple[float, float]
    scale: float


def read_pads(facts: Mapping[str, Any]) -> list[Pad]:
    """The pads of a picture, from the file beside it."""
    pads = []
    for found in facts["prints"]:
        places, seen = (np.array(found[key], np.float32) for key in ("flat", "seen"))
        near = np.hypot(*places.T) < _NEAR_MM
        # Where the middle is, and how large a millimetre, of the flat neighbourhood.
        known = np.column_stack((places[near], np.ones(near.sum())))
        fit, *_ = np.linalg.lstsq(known, seen[near], rcond=None)
        middle = float(fit[2, 0]), float(fit[2, 1])
        scale = float(np.sqrt(abs(np.linalg.det(fit[:2]))))
        pads.append(Pad(found["seed"], facts["photo"], places, seen, middle, scale))
    return pads


def unrolled(plane: Any, pad: Pad, wanted: float) -> Plane:
    """The pad with its margin as it would lie flat.

    Args:
        plane: Brightness of the picture, (h, w).
        pad: Where it is.
        wanted: Pixels per millimetre of the result.
    """
    width, height = (round((side + 2 * touches.MARGIN_MM) * wanted) for side in touches.PAD_MM)
    rows, columns = np.mgrid[:height, :width] + 0.5
    grid = np.column_stack(
        ((columns - width / 2).ravel() / wanted, (height / 2 - rows).ravel() / wanted)
    )
    # A smooth surface through the points of a coarse mesh; beyond them it goes on.
    surface = RBFInterpolator(pad.flat, pad.seen, kernel="thin_plate_spline", smoothing=0.1)
    # OpenCV's pixel centres are at whole numbers.
    seen = (surface(grid) - 0.5).astype(np.float32).reshape(height, width, 2)
    picture = np.asarray(plane, np.float32)
    cut = cv2.remap(
        picture, seen[:, :, 0], seen[:, :, 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cut, np.float32)


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture and what the app found in it.

    Attributes:
        photo: As the app reads it.
        pads: All pads in it.
        findings: The app's.
    """

    photo: Photo
    pads: Sequence[Pad]
    findings: Findings

    def selection(self, factor: float = 1.0) -> Selection:
        """What the app covers with its own rules, told this part of the fingers' width."""
        regions = tuple(replace(r, width=r.width * factor) for r in self.findings.regions)
        return select(replace(self.findings, regions=regions), Rules(), Edits())

    def scene(self, pad: Pad, period_mm: float) -> Scene | None:
        """A pad with the region that covers its middle; None where none does."""
        x, y = (round(value - 0.5) for value in pad.middle)
        for region in self.selection().masked:
            grown = scale_region(region, DEFAULT_COVERAGE)
            if inside([grown], self.photo.pixels.shape)[y, x]:
                alone = replace(self.findings, regions=(region,))
                return Scene(self.photo, alone, pad.middle, pad.scale, pad.scale * period_mm)
        return None


def take(file: Path, finder: Finder) -> Taken:
    """Reads a picture and finds its finger tips."""
    facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    photo = read_photo(file.read_bytes())
    return Taken(photo, read_pads(facts), finder.find(photo.sha256, photo.pixels))


class Gallery:
    """By finger, the print on file and the uncovered pad of every picture."""

    def __init__(self, folder: Path, taken: Sequence[Taken]) -> None:
        self.periods: dict[int, float] = {}
        self._files: dict[int, Any] = {}
        self._pictures: dict[int, dict[int, Any]] = {}
        for picture in taken:
            for pad in picture.pads:
                if pad.seed not in self._files:
                    self._add_file(folder, pad.seed)
                scene = self.bare(picture, pad)
                found = matching.minutiae(flat.scan(scene, self._plain(picture, pad, scene)))
                self._pictures.setdefault(pad.seed, {})[pad.number] = found

    def _add_file(self, folder: Path, seed: int) -> None:
        print_ = flat.touch_of(folder, seed, 0)
        self.periods[seed] = print_.period_mm
        ridges = touches.flat_pad(print_, matching.PX_PER_MM)
        self._files[seed] = matching.minutiae(matching.as_scanned(ridges, touches.PAD_MM))

    def bare(self, picture: Taken, pad: Pad) -> Scene:
        """A pad whatever the app found."""
        per_ridge = pad.scale * self.periods[pad.seed]
        return Scene(picture.photo, picture.findings, pad.middle, pad.scale, per_ridge)

    @staticmethod
    def _plain(picture: Taken, pad: Pad, scene: Scene) -> Plane:
        return unrolled(picture.photo.pixels[:, :, 1], pad, flat.per_mm(scene))

    @property
    def seeds(self) -> list[int]:
        """All fingers."""
        return sorted(self._files)

    def score_on_file(self, template: Any, seed: int) -> int:
        """The score with the print on file."""
        return matching.score(template, self._files[seed])

    def score_in_pictures(self, template: Any, seed: int, but: int) -> int:
        """The best score with the finger's other pictures."""
        others = (t for number, t in self._pictures[seed].items() if number != but)
        return max((matching.score(template, other) for other in others), default=0)

    def score(self, template: Any, seed: int, but: int) -> int:
        """The better one of both."""
        return max(self.score_on_file(template, seed), self.score_in_pictures(template, seed, but))


def measure(
    picture: Taken, gallery: Gallery, learned: Mapping[str, Attack]
) -> Iterator[dict[str, Any]]:
    """Covers, attacks and matches all pads of a picture that the app found."""
    scenes = {pad.seed: picture.scene(pad, gallery.periods[pad.seed]) for pad in picture.pads}
    for condition in CONDITIONS:
        pixels = cover(picture, condition)
        for pad in picture.pads:
            scene = scenes[pad.seed]
            if scene is None and condition.style != UNCOVERED:
                continue
            usual = scene or gallery.bare(picture, pad)
            plane = unrolled(pixels[:, :, 1], pad, flat.per_mm(usual))
            aimed = flat.aimed(usual, plane, condition)
            for name in flat.attacks_on(condition):
                attack = attacks.CLASSIC.get(name) or learned[condition.style]
                template = matching.minutiae(flat.scan(usual, attack(aimed)))
                trial = _trial(condition, name, pad, template, gallery)
                yield {
                    **asdict(trial),
                    "found": scene is not None,
                    "per_ridge": usual.per_ridge,
                    "on_file": gallery.score_on_file(template, pad.seed),
                    "in_pictures": gallery.score_in_pictures(template, pad.seed, pad.number),
                }


def cover(picture: Taken, condition: Condition) -> Any:
    """The picture as the app would hand it out losslessly."""
    if condition.style == UNCOVERED:
        return picture.photo.pixels
    seed = picture.pads[0].seed * 10 + picture.pads[0].number
    look = Look(style=condition.style, strength=condition.strength, seed=seed)
    return mask(picture.photo, picture.selection(condition.factor), look).pixels


def _trial(condition: Condition, attack: str, pad: Pad, template: Any, gallery: Gallery) -> Trial:
    others = [seed for seed in gallery.seeds if seed != pad.seed]
    if condition.style != UNCOVERED or attack != "none":
        rng = np.random.default_rng([59, pad.seed, pad.number])
        others = [int(other) for other in rng.permutation(others)[: flat.STRANGERS]]
    return Trial(
        condition=condition,
        attack=attack,
        identity=pad.seed,
        touch=pad.number,
        mated=gallery.score(template, pad.seed, pad.number),
        strangers=tuple(gallery.score(template, other, pad.number) for other in others),
    )


def run(photos: Path, folder: Path) -> None:
    """Measures what the cache does not have yet."""
    learned = flat.networks(folder, flat.STEPS)
    finder = open_finder()
    files = sorted(photos.glob("hand-*.jpg"))
    taken = {file.name: take(file, finder) for file in files if file.with_suffix(".json").exists()}
    gallery = Gallery(folder, list(taken.values()))
    scores = folder / "rendered.jsonl"
    done = {line["file"] for line in read(folder)}
    for name, picture in taken.items():
        if name in done:
            continue
        lines = [json.dumps({"file": name, **t}) for t in measure(picture, gallery, learned)]
        with scores.open("a", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        print(name, flush=True)


def read(folder: Path) -> list[dict[str, Any]]:
    """What the cache has: trials with their picture, size and parts."""
    file = folder / "rendered.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def main() -> None:
    """Measures, then reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="of benchmarks.hand_photos")
    parser.add_argument("--cache", type=Path, required=True, help="of benchmarks.protection")
    parser.add_argument("--report", action="store_true", help="measure nothing more")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if not arguments.report:
        run(arguments.photos, arguments.cache)
    results.report(read(arguments.cache))


if __name__ == "__main__":
    main()
