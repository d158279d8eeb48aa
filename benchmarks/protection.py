"""Can a covered print still be matched? ``python -m benchmarks.protection --cache FOLDER``.

Prints that belong to nobody are touched, photographed on a finger tip, covered by the app's own
code with every style, attacked, and handed to NIST's matcher together with the print on file. The
attacker is given more than an attacker has: a sharp photo without loss, the pad's place and scale,
the style with its strength, the very touch that was photographed to compare with.

The work is long. Scores are kept in the cache folder, and a run that was broken off goes on there.
``--report`` writes the section of ``benchmarks/RESULTS.md`` and the app's data file from what is
there already.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks import attacks, deblurring, matching, touches
from benchmarks import protection_report as results
from benchmarks.attacks import PERIOD, Attack, Target
from benchmarks.prints import FINGER_MM, Plane, Print, make_print
from benchmarks.touches import Scene
from vov_core.masks import STYLES, make_style
from vov_core.masks.blur import Blur
from vov_core.masks.pixelate import Pixelate
from vov_core.masks.regions import finger_width
from vov_core.pipeline import Look, mask
from vov_core.protection import PICTURES
from vov_core.protection import proof as last_proof
from vov_core.select import Edits, Rules, select

IDENTITIES = 50
FIRST, FIRST_TRAINED = 2000, 2900
"""Seeds of the identities: those measured, and those that the networks learn from."""
TRAINED = 8
SCALES = (9.0, 6.5, 4.5)
"""Pixels per ridge of the photographed touches 1, 2 and 3; touch 0 is the print on file."""
STRANGERS = 6
STEPS = 220
STRENGTHS = (0.0, 0.5, 1.0)
FACTORS = (1 / 3, 1 / 5, 1 / 8)
"""What a cosmetic style takes the finger's width for, weaker than the app would ever cover."""
UNCOVERED = "uncovered"
FAMILIES = {"blur": ("blur",), "pixelate": ("pixelate",)}
SHOWN = 7
"""The identity of the example pictures."""
PICTURE = (180, 240)
MEAN_PERIOD_MM = 0.475
"""Of the grown prints."""
COVERS = tuple(name for name, style in STYLES.items() if style.irreversible)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """How prints are covered.

    Attributes:
        style: Name of a mask style, or ``UNCOVERED``.
        strength: 0..1.
        factor: Of the finger's width that the style is told; 1 is what the app does.
    """

    style: str
    strength: float = 0.5
    factor: float = 1.0


CASES = {
    "uncovered": Condition(style=UNCOVERED),
    "weak_blur": Condition(style="blur", strength=0.0, factor=min(FACTORS)),
    "blur": Condition(style="blur", strength=0.0),
    "pixelate": Condition(style="pixelate", strength=0.0),
    "noise": Condition(style="noise", strength=0.5),
    "skin_tone": Condition(style="skin_tone"),
    "synthetic_print": Condition(style="synthetic_print"),
}
"""The example pictures; the weak blur is one that the app never makes."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One attacked photo's scores.

    Attributes:
        condition: How it was covered.
        attack: Name of the attack.
        identity: Whose print.
        touch: Which photographed touch, 1 to 3.
        mated: Score with the true finger.
        strangers: Scores with other fingers.
    """

    condition: Condition
    attack: str
    identity: int
    touch: int
    mated: int
    strangers: tuple[int, ...]


def conditions(touch: int) -> Iterator[Condition]:
    """All ways of covering that are measured on a touch."""
    yield Condition(style=UNCOVERED)
    for name, style in STYLES.items():
        for strength in STRENGTHS if style.uses_strength and name != "sticker" else (0.5,):
            yield Condition(style=name, strength=strength)
    if touch == 1:
        for name in FAMILIES:
            for factor in FACTORS:
                yield Condition(style=name, strength=0.0, factor=factor)


def attacks_on(condition: Condition) -> tuple[str, ...]:
    """The names of all attacks that make sense."""
    if condition.style == UNCOVERED:
        return ("none", "sharpen", "enhance")
    if condition.style in COVERS:  # they have no kernel that could be undone
        plain = (name for name in attacks.CLASSIC if name not in attacks.NEEDS_KERNEL)
        return (*plain, attacks.LEARNED)
    return (*attacks.CLASSIC, attacks.LEARNED)


def cover(scene: Scene, condition: Condition, seed: int) -> Any:
    """The photo as the app would hand it out losslessly: RGB, uint8, (H, W, 3)."""
    if condition.style == UNCOVERED:
        return scene.photo.pixels
    regions = tuple(
        replace(region, width=region.width * condition.factor) for region in scene.findings.regions
    )
    selection = select(replace(scene.findings, regions=regions), Rules(), Edits())
    look = Look(style=condition.style, strength=condition.strength, seed=seed)
    return mask(scene.photo, selection, look).pixels


def kernel_width(scene: Scene, condition: Condition) -> float:
    """Sigma or side of the style's true kernel in ridge periods; 0 where it has none."""
    region = scene.findings.regions[0]
    return _width(condition, finger_width(region)) / scene.per_ridge


def target(scene: Scene, pixels: Any, condition: Condition) -> Target:
    """The covered pad as the attacks get it."""
    # Green carries the ridges' contrast best.
    plane = touches.cut_pad(pixels[:, :, 1], scene.middle, scene.scale, per_mm(scene))
    return aimed(scene, plane, condition)


def aimed(scene: Scene, plane: Plane, condition: Condition) -> Target:
    """A pad that was cut out already, with the style's true kernel."""
    period = min(PERIOD, scene.per_ridge)
    if condition.style not in FAMILIES:
        return Target(plane, period)
    width = kernel_width(scene, condition)
    make = attacks.gaussian_kernel if condition.style == "blur" else attacks.block_kernel
    return Target(plane, period, make(width * period), width)


def per_mm(scene: Scene) -> float:
    """Pixels per millimetre that the attacks work at."""
    return scene.scale * min(PERIOD, scene.per_ridge) / scene.per_ridge


def scan(scene: Scene, ridges: Plane) -> Any:
    """What an attack brought back, as a matcher gets it."""
    factor = matching.PX_PER_MM / per_mm(scene)
    width, height = (
        round((side + 2 * touches.MARGIN_MM) * matching.PX_PER_MM) for side in touches.PAD_MM
    )
    large = cv2.resize(ridges, (width, height), interpolation=cv2.INTER_CUBIC)
    period = min(PERIOD, scene.per_ridge) * factor
    return matching.as_scanned(matching.even(large, period), touches.PAD_MM)


class Gallery:
    """The prints on file: touch 0 of every identity, and the photographed touches themselves."""

    def __init__(self, folder: Path, identities: int) -> None:
        self.touches = [
            [touch_of(folder, FIRST + i, number) for number in range(len(SCALES) + 1)]
            for i in range(identities)
        ]
        self.templates = [
            [
                matching.minutiae(
                    matching.as_scanned(
                        touches.flat_pad(print_, matching.PX_PER_MM), touches.PAD_MM
                    )
                )
                for print_ in prints
            ]
            for prints in self.touches
        ]

    def score(self, template: Any, identity: int, touch: int) -> int:
        """The better score of the print on file and the photographed touch itself."""
        return max(
            matching.score(template, self.templates[identity][number]) for number in (0, touch)
        )


def touch_of(folder: Path, seed: int, number: int) -> Print:
    """A touch of an identity; grown prints are kept, growing takes seconds."""
    file = folder / f"print-{seed}.npz"
    if not file.exists():
        print_ = make_print(seed)
        levels = np.round(print_.ridge * 127).astype(np.int8)
        np.savez_compressed(file, ridge=levels, period=print_.period_mm)
    kept = np.load(file)
    whole = Print(kept["ridge"].astype(np.float32) / 127, float(kept["period"]))
    return touches.touch(whole, 10 * seed + number)


def networks(folder: Path, steps: int) -> Mapping[str, Attack]:
    """By style, the learned attack on it."""
    found: dict[str, Attack] = {}
    for family, styles in {**FAMILIES, "covers": COVERS}.items():
        file = folder / f"network-{family}.pt"
        pairs = () if file.exists() else tuple(_pairs(folder, family, styles))
        network = deblurring.trained(file, pairs, steps)
        found |= dict.fromkeys(styles, partial(deblurring.restore, network))
        print(f"network for {family} ready", flush=True)
    return found


def _pairs(folder: Path, family: str, styles: Sequence[str]) -> Iterator[deblurring.Pair]:
    """Covered pads of identities of their own, at all scales and strengths."""
    rng = np.random.default_rng([43, len(family)])
    for number in range(TRAINED * 3):
        print_ = touch_of(folder, FIRST_TRAINED + number // 3, number % 3)
        per_ridge = float(np.exp(rng.uniform(np.log(min(SCALES)), np.log(max(SCALES)))))
        scene = touches.photograph(print_, touches.random_shot(per_ridge, 90_000 + number))
        for _ in range(2):
            condition = Condition(style=str(rng.choice(styles)), strength=float(rng.uniform()))
            if family in FAMILIES and rng.random() < 0.6:
                factor = float(np.exp(rng.uniform(np.log(min(FACTORS)), 0)))
                condition = replace(condition, strength=0.0, factor=factor)
            pixels = cover(scene, condition, int(rng.integers(2**31)))
            ridges = touches.flat_pad(print_, per_mm(scene))
            yield deblurring.Pair(target(scene, pixels, condition), ridges)


def measure(
    gallery: Gallery, learned: Mapping[str, Attack], identity: int, touch: int
) -> Iterator[Trial]:
    """Photographs, covers, attacks and matches one touch in every way."""
    seed = 10 * (FIRST + identity) + touch
    shot = touches.random_shot(SCALES[touch - 1], seed)
    scene = touches.photograph(gallery.touches[identity][touch], shot)
    for condition in conditions(touch):
        covered = target(scene, cover(scene, condition, seed), condition)
        for name in attacks_on(condition):
            attack = attacks.CLASSIC.get(name) or learned[condition.style]
            template = matching.minutiae(scan(scene, attack(covered)))
            everybody = condition.style == UNCOVERED and name == "none"
            yield Trial(
                condition=condition,
                attack=name,
                identity=identity,
                touch=touch,
                mated=gallery.score(template, identity, touch),
                strangers=tuple(
                    gallery.score(template, other, touch)
                    for other in _strangers(identity, len(gallery.templates), seed, everybody)
                ),
            )


def _strangers(identity: int, identities: int, seed: int, everybody: bool) -> list[int]:
    """Other identities; everybody for the plain uncovered photos, which set the threshold."""
    others = [other for other in range(identities) if other != identity]
    if everybody:
        return others
    rng = np.random.default_rng([47, seed])
    return [int(other) for other in rng.permutation(others)[:STRANGERS]]


def run(folder: Path, identities: int, number_of_touches: int, steps: int) -> None:
    """Measures what the cache does not have yet."""
    folder.mkdir(parents=True, exist_ok=True)
    learned = networks(folder, steps)
    gallery = Gallery(folder, identities)
    file = folder / "trials.jsonl"
    done = {(trial.identity, trial.touch) for trial in trials(folder)}
    for touch in range(1, number_of_touches + 1):
        for identity in range(identities):
            if (identity, touch) in done:
                continue
            lines = [json.dumps(asdict(t)) for t in measure(gallery, learned, identity, touch)]
            with file.open("a", encoding="utf-8") as out:
                out.write("\n".join(lines) + "\n")
            print(f"touch {touch}, identity {identity}", flush=True)


def trials(folder: Path) -> list[Trial]:
    """What the cache has."""
    file = folder / "trials.jsonl"
    if not file.exists():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        facts = json.loads(line)
        facts["condition"] = Condition(**facts["condition"])
        facts["strangers"] = tuple(facts["strangers"])
        found.append(Trial(**facts))
    return found


def nominal_width(condition: Condition) -> float:
    """Sigma or side of a cosmetic style on an average finger, in ridge periods; else 0."""
    # A finger so large that a style's least pixels don't matter.
    return _width(condition, 1e6) / 1e6 * FINGER_MM / MEAN_PERIOD_MM


def _width(condition: Condition, finger: float) -> float:
    """Sigma or side over a finger of a width, both in pixels; 0 where a style has none."""
    style = make_style(condition.style, strength=condition.strength)
    if isinstance(style, Blur):
        return style.sigma(finger * condition.factor)
    return style.side(finger * condition.factor) if isinstance(style, Pixelate) else 0.0


def report(folder: Path) -> None:
    """Tells what the cache has; a touch counts once all identities have it."""
    found = trials(folder)
    everybody = {trial.identity for trial in found}
    whole = [
        touch
        for touch in range(1, len(SCALES) + 1)
        if {trial.identity for trial in found if trial.touch == touch} == everybody
    ]
    found = [trial for trial in found if trial.touch in whole]
    scales = tuple(SCALES[touch - 1] for touch in whole)
    cosmetic = {trial.condition for trial in found if trial.condition.style in FAMILIES}
    widths = {condition: nominal_width(condition) for condition in cosmetic}
    proof = results.figures(found, widths, tuple(STYLES), UNCOVERED, scales)
    proof = replace(proof, cases=draw_cases(folder, PICTURES))
    # Rendered hands are measured by a command of their own.
    proof = replace(proof, rendered=last_proof().rendered)
    results.write(proof)
    results.publish(proof)


def draw_cases(folder: Path, out: Path) -> dict[str, tuple[str, ...]]:
    """Writes the example pictures: one print, covered and attacked in some ways."""
    learned = networks(folder, STEPS)
    print_ = touch_of(folder, FIRST + SHOWN, 1)
    seed = 10 * (FIRST + SHOWN) + 1
    scene = touches.photograph(print_, touches.random_shot(SCALES[0], seed))
    out.mkdir(exist_ok=True)
    cases = {}
    for name, condition in CASES.items():
        pixels = cover(scene, condition, seed)
        covered = target(scene, pixels, condition)
        steps = {"photo": _portrait(scene, pixels)}
        for attack in attacks_on(condition):
            tried = attacks.CLASSIC.get(attack) or learned[condition.style]
            steps[attack] = _seen(scene, tried(covered))
        if condition.style == UNCOVERED:
            del steps["sharpen"], steps["enhance"]
        for step, drawn in steps.items():
            _, data = cv2.imencode(".webp", drawn, [cv2.IMWRITE_WEBP_QUALITY, 72])
            (out / f"{name}-{step}.webp").write_bytes(data.tobytes())
        cases[name] = tuple(steps)
    return cases


def _portrait(scene: Scene, pixels: Any) -> Any:
    """The finger tip in the photo, BGR."""
    half = 10.5 * scene.scale
    x, y = scene.middle
    rows = slice(max(0, round(y - half * 4 / 3)), round(y + half * 4 / 3))
    part = pixels[rows, max(0, round(x - half)) : round(x + half), ::-1]
    return cv2.resize(part, PICTURE, interpolation=cv2.INTER_AREA)


def _seen(scene: Scene, ridges: Plane) -> Any:
    """What an attack brought back, exactly as the matcher got it."""
    return cv2.resize(scan(scene, ridges), PICTURE, interpolation=cv2.INTER_AREA)


def main() -> None:
    """Measures, then reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--identities", type=int, default=IDENTITIES)
    parser.add_argument("--touches", type=int, default=len(SCALES), choices=range(1, 4))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--report", action="store_true", help="measure nothing more")
    arguments = parser.parse_args()
    # Other programs run beside this one for hours.
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if not arguments.report:
        run(arguments.cache, arguments.identities, arguments.touches, arguments.steps)
    report(arguments.cache)


if __name__ == "__main__":
    main()
