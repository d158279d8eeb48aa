"""Renders what ``benchmarks.rendered_hands`` measures: hands that show four pads.

``python -m benchmarks.hand_photos --libhand DIR --out DIR`` in the environment of
``training/synth`` (see its README). Each picture comes with the places of its prints, which are
known exactly: where a camera sees every point of the flat print. A hand is in several pictures,
each with a pose, light and noise of its own. No identity is one of the training pictures.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.synth.film import develop
from training.synth.hand import FINGERS, Hand, Numbers, normals, rotation
from training.synth.looks import TONES, random_look
from training.synth.poses import random_pose
from training.synth.shots import PALM, Shot, random_build
from training.synth.skin import print_seed
from training.synth.tips import Camera, seen_tips

SHOWN = FINGERS[1:]
"""A thumb never lies beside the other pads."""
FIRST_HAND = 5000
PX_PER_MM = 11.0
"""Some 5.5 pixels from ridge to ridge."""
QUALITY = 95
_POSES = {"open_palm", "pads_up"}
_SENSOR = 36.0
_DISTANCE = 260.0
_BORDER = 9.0
_FACING = 0.8
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a print lies in a picture.

    Attributes:
        finger: Its name.
        seed: Of the print, for ``benchmarks.prints``.
        flat: Points on the flat print: millimetres, the pad's middle is 0, 0 and the tip is up.
        seen: The same points in the picture, pixels.
        faces: Triangles of these points; a print lies straight in each.
    """

    finger: str
    seed: int
    flat: list[list[float]]
    seen: list[list[float]]
    faces: list[list[int]]


def four_pads(hand: Hand, identity: int, rng: np.random.Generator) -> Shot:
    """A right hand whose four fingers show their pads.

    Raises:
        RuntimeError: If no pose does, which takes a very strange hand.
    """
    build = random_build(identity)
    for _ in range(_TRIES):
        pose, bent = random_pose(hand, build, rng)
        yaw, pitch, roll = rng.normal(0, (8, 8, 10))
        turn = rotation("z", roll) @ rotation("x", pitch) @ rotation("y", yaw) @ PALM
        turned = bent @ turn.T
        far = turned - (0, 0, _DISTANCE)
        if pose in _POSES and min(hand.facing(far, finger) for finger in SHOWN) > _FACING:
            return _framed(hand, turned, turn, pose, identity)
    raise RuntimeError("in no pose four pads look at the camera")


def _framed(hand: Hand, turned: Numbers, turn: Numbers, pose: str, identity: int) -> Shot:
    """The shot with the last segments of all four fingers in the frame."""
    shown = turned[np.logical_or.reduce([hand.last_segment(finger) for finger in SHOWN])]
    low, high = shown.min(0) - _BORDER, shown.max(0) + _BORDER
    width, height = (int(side) for side in np.ceil((high - low)[:2] * PX_PER_MM))
    middle = np.array([*((low + high) / 2)[:2], np.median(shown[:, 2])])
    shift = np.array([0, 0, -_DISTANCE]) - middle
    lens = PX_PER_MM * _DISTANCE * _SENSOR / max(width, height)
    return Shot(
        pose, identity, left=False, target=None, vertices=turned + shift, turn=turn, shift=shift,
        camera=Camera(width, height, lens), focus=_DISTANCE, aperture=0.0,
    )  # fmt: skip


def places(hand: Hand, shot: Shot) -> Iterator[Place]:
    """Where the camera sees the points of every print that look at it."""
    outward = normals(shot.vertices, hand.faces)
    pixels = shot.camera.project(shot.vertices)
    towards = -shot.vertices / np.linalg.norm(shot.vertices, axis=1, keepdims=True)
    looking = (outward * towards).sum(1) > 0.15
    for finger in SHOWN:
        pad = hand.pads[finger]
        kept = looking[pad.vertices]
        vertices = pad.vertices[kept]
        numbers = np.full(len(hand.rest), -1)
        numbers[vertices] = np.arange(len(vertices))
        faces = numbers[hand.faces]
        yield Place(
            finger,
            print_seed(shot.identity, finger, left=False),
            np.round(pad.places[kept], 3).tolist(),
            np.round(pixels[vertices], 2).tolist(),
            faces[(faces >= 0).all(1)].tolist(),
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libhand", type=Path, required=True, help="folder with hand.mesh")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hands", type=int, default=5)
    parser.add_argument("--photos", type=int, default=2, help="of each hand")
    parser.add_argument("--samples", type=int, default=16, help="per pixel")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    from training.synth.scene import Scene

    cv2.setNumThreads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    hand = Hand(options.libhand)
    scene = Scene(hand, options.libhand, options.out / "relief.png", options.threads)
    # Hand by hand: of a run that is broken off, all hands but one have all their pictures.
    for identity in range(FIRST_HAND, FIRST_HAND + options.hands):
        for photo in range(options.photos):
            file = options.out / f"hand-{identity}-{photo}.jpg"
            if not file.with_suffix(".json").exists():
                _take(hand, scene, identity, photo, file, options.samples)
                print(file.name, flush=True)


def _take(hand: Hand, scene: Any, identity: int, photo: int, file: Path, samples: int) -> None:
    rng = np.random.default_rng([53, identity, photo])
    shot = four_pads(hand, identity, rng)
    look = random_look(shot, (), rng)
    _, shows_hand = seen_tips(hand, shot.vertices, shot.camera)
    light = scene.render(shot, look, samples)
    pixels = develop(light, shows_hand, TONES[look.tone].brightness, rng)
    cv2.imwrite(str(file), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    found = [asdict(place) for place in places(hand, shot)]
    facts = {"identity": identity, "photo": photo, "tone": look.tone, "prints": found}
    file.with_suffix(".json").write_text(json.dumps(facts), "utf-8")


if __name__ == "__main__":
    main()
