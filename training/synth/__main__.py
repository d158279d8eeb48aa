"""Command line: ``python -m training.synth --libhand DIR --out DIR --n 40 --seed 1``."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from training.synth.film import develop
from training.synth.hand import Hand
from training.synth.looks import TONES, Look, random_look
from training.synth.shots import Shot, random_shot
from training.synth.surroundings import Plane
from training.synth.tips import seen_tips

_LICENCE = "own work; hand model: LibHand by Marin Saric, CC BY 3.0"
_QUALITY = 90
_PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


class Renderer(Protocol):
    """What takes the pictures."""

    def render(self, shot: Shot, look: Look, samples: int) -> Plane:
        """Linear RGB of a shot."""


class LabelledSet:
    """A folder with pictures and ``annotations.json``, complete after every picture."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "annotations.json"
        (folder / "images").mkdir(parents=True, exist_ok=True)
        known = json.loads(self._file.read_text("utf-8")) if self._file.is_file() else {}
        self._images: list[dict[str, Any]] = known.get("images", [])

    def __contains__(self, file: str) -> bool:
        return any(image["file"] == file for image in self._images)

    def add(self, file: str, pixels: Any, facts: dict[str, Any]) -> None:
        """Writes a picture (RGB) and its annotation."""
        quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        cv2.imwrite(str(self._folder / "images" / file), pixels[..., ::-1], quality)
        height, width = pixels.shape[:2]
        self._images.append({"file": file, **facts, "width": width, "height": height})
        unfinished = self._file.with_suffix(".part")
        unfinished.write_text(json.dumps({"images": self._images}), "utf-8")
        unfinished.replace(self._file)


def photograph(
    hand: Hand,
    renderer: Renderer,
    seed: int,
    photos: Sequence[Path],
    close: float,
    identities: int,
    samples: int,
) -> tuple[Any, dict[str, Any]]:
    """Takes one picture.

    Returns:
        RGB pixels and the annotation.
    """
    rng = np.random.default_rng([7, seed])
    shot = random_shot(hand, rng, close, identities)
    look = random_look(shot, photos, rng)
    tips, shows_hand = seen_tips(hand, shot.vertices, shot.camera)
    light = renderer.render(shot, look, samples)
    pixels = develop(light, shows_hand, TONES[look.tone].brightness, rng)
    if shot.left:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        tips = [tip.mirrored(shot.camera.width) for tip in tips]
    return pixels, {
        "split": "train",
        "set": "rendered",
        "licence": _LICENCE,
        "identity": shot.identity,
        "pose": shot.pose,
        "close_up": shot.target,
        "tone": look.tone,
        "boxes": [tip.annotation() for tip in tips],
    }


def _wanted(labelled: LabelledSet, seed: int, count: int) -> Iterator[tuple[int, str]]:
    for number in range(seed, seed + count):
        file = f"hand_{number:06d}.jpg"
        if file not in labelled:
            yield number, file


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.synth",
        description="Renders labelled pictures of hands that belong to nobody.",
    )
    parser.add_argument("--libhand", type=Path, required=True, help="folder with hand.mesh")
    parser.add_argument("--out", type=Path, required=True, help="where the labelled set goes")
    parser.add_argument("--n", type=int, default=40, help="how many pictures")
    parser.add_argument("--seed", type=int, default=1, help="of the first; each has its own")
    parser.add_argument("--close", type=float, default=0.33, help="part that are close-ups")
    parser.add_argument("--identities", type=int, default=24)
    parser.add_argument("--samples", type=int, default=16, help="per pixel")
    parser.add_argument("--backgrounds", type=Path, help="folder of photos without hands")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    from training.synth.scene import Scene

    found = sorted(options.backgrounds.iterdir()) if options.backgrounds else []
    photos = [path for path in found if path.suffix.lower() in _PICTURES]
    cv2.setNumThreads(options.threads)
    labelled = LabelledSet(options.out)
    hand = Hand(options.libhand)
    scene = Scene(hand, options.libhand, options.out / "relief.png", options.threads)
    for seed, file in _wanted(labelled, options.seed, options.n):
        pixels, facts = photograph(
            hand, scene, seed, photos, options.close, options.identities, options.samples
        )
        labelled.add(file, pixels, facts)
        letters = " ".join(f"{box['finger']}:{box['label']}" for box in facts["boxes"])
        print(file, facts["pose"], letters, flush=True)


if __name__ == "__main__":
    main()
