"""Chooses what a shot looks like: skin, sleeve, light and what is behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.synth.hand import Hand, Numbers, rotation
from training.synth.shots import Shot
from training.synth.surroundings import Plane, backdrop, colour, environment, linear


@dataclass(frozen=True, slots=True)
class Tone:
    """A skin tone: linear colours of palm and back, and how bright a photo shows it."""

    palm: tuple[float, float, float]
    back: tuple[float, float, float]
    brightness: float


# After Fitzpatrick's types.
TONES = {
    "I": Tone((0.62, 0.40, 0.31), (0.60, 0.40, 0.31), 0.42),
    "II": Tone((0.56, 0.35, 0.26), (0.50, 0.32, 0.23), 0.37),
    "III": Tone((0.50, 0.30, 0.21), (0.42, 0.25, 0.165), 0.32),
    "IV": Tone((0.42, 0.24, 0.16), (0.29, 0.165, 0.105), 0.25),
    "V": Tone((0.34, 0.19, 0.125), (0.17, 0.09, 0.055), 0.19),
    "VI": Tone((0.27, 0.15, 0.10), (0.085, 0.045, 0.03), 0.14),
}
_TEXTURE = np.array([0.45, 0.23, 0.155])  # the model's photo on the palm, mean
_LAMPS = 3
_UNIT = 100.0  # millimetres in which distances of lamps are chosen


@dataclass(frozen=True, slots=True)
class Lamp:
    """A rectangle of light.

    Attributes:
        matrix: (4, 4); the lamp looks along its own -z.
        size: Millimetres.
        power: For Blender, at one unit per 100 mm.
        colour: Linear.
    """

    matrix: Numbers
    size: tuple[float, float]
    power: float
    colour: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """How a shot looks.

    Attributes:
        tone: Name of the skin tone.
        palm_gain: Makes the texture's palm that tone's.
        back_gain: The same for the back of the hand.
        ridge_height: Millimetres.
        ridge_contrast: How much darker valleys are.
        roughness: Of the skin; moist skin has less.
        shine: How much light the skin mirrors.
        cloth: Colour of the sleeve.
        backdrop: Picture.
        backdrop_corners: (4, 3), millimetres.
        backdrop_roughness: Its roughness.
        surroundings: Picture of all around.
        lamps: What lights the hand.
    """

    tone: str
    palm_gain: Numbers
    back_gain: Numbers
    ridge_height: float
    ridge_contrast: float
    roughness: float
    shine: float
    cloth: Plane
    backdrop: Plane
    backdrop_corners: Numbers
    backdrop_roughness: float
    surroundings: Plane
    lamps: tuple[Lamp, ...]


def random_look(shot: Shot, photos: Sequence[Path], rng: np.random.Generator) -> Look:
    """Chooses a look; ``photos`` (without hands) become backdrops."""
    tone = str(rng.choice(list(TONES)))
    person = rng.uniform(0.92, 1.08, 3)
    return Look(
        tone=tone,
        palm_gain=TONES[tone].palm / _TEXTURE * person,
        back_gain=TONES[tone].back / _TEXTURE * person,
        ridge_height=float(rng.uniform(0.035, 0.075)),
        ridge_contrast=float(rng.uniform(0.25, 0.6)),
        roughness=float(rng.uniform(0.3, 0.58)),
        shine=float(rng.uniform(0.3, 0.6)),
        cloth=linear(colour(rng, 0.7, (0.05, 0.8))),
        backdrop=backdrop(rng, photos),
        backdrop_corners=_backdrop_corners(shot, rng),
        backdrop_roughness=float(rng.uniform(0.4, 0.95)),
        surroundings=environment(rng),
        lamps=tuple(_lamp(shot, i == 0, rng) for i in range(_LAMPS)),
    )


def sleeve(hand: Hand, around: int = 72) -> tuple[Numbers, list[list[int]]]:
    """A cuff around the wrist: the model's forearm ends there.

    Returns:
        Vertices in hand coordinates, and faces of four corners.
    """
    wrist = hand.rest[(hand.rest[:, 0] > 70) & (hand.rest[:, 0] < 90)]
    middle, half = (wrist.max(0) + wrist.min(0)) / 2, np.ptp(wrist, axis=0) / 2
    angles = np.linspace(0, 2 * np.pi, around, endpoint=False)
    rings = [
        np.column_stack(
            (
                np.full(around, x),
                middle[1] + half[1] * wide * np.cos(angles),
                middle[2] + half[2] * wide * 1.05 * np.sin(angles),
            )
        )
        for x, wide in _CUFF
    ]
    faces = [
        [i + j, i + (j + 1) % around, i + around + (j + 1) % around, i + around + j]
        for i in range(0, (len(_CUFF) - 1) * around, around)
        for j in range(around)
    ]
    return np.concatenate(rings), faces


# Place along the forearm and width, relative to the wrist: from inside out, over the hem, back.
_CUFF = (
    (90, 0.98),
    (82, 0.99),
    (78, 1.03),
    (77.5, 1.09),
    (79, 1.14),
    (100, 1.17),
    (101, 1.2),
    (103, 1.19),
    (140, 1.3),
    (400, 1.7),
)


def _backdrop_corners(shot: Shot, rng: np.random.Generator) -> Numbers:
    """A table close behind the hand, or a wall."""
    behind = rng.uniform(4, 40) if rng.random() < 0.45 else rng.uniform(80, 900)
    depth = behind - float(shot.vertices[:, 2].min())
    half = depth * 36 / shot.camera.lens * 0.9
    corners = half * np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    tilt = rotation("x", rng.normal(0, 8)) @ rotation("y", rng.normal(0, 8))
    return np.asarray(corners @ tilt.T - (0, 0, depth + 0.12 * half))


def _lamp(shot: Shot, key: bool, rng: np.random.Generator) -> Lamp:
    """The key light or a window, or one of the weaker ones."""
    turn, rise = rng.uniform(0, 360), rng.uniform(15, 75) if key else rng.uniform(-10, 60)
    away = rotation("z", turn) @ rotation("y", -rise) @ np.array([1.0, 0, 0])
    distance = rng.uniform(4, 12)
    matrix = np.eye(4)
    matrix[:3, :3] = looking_from(away)
    middle = np.array([0, 0, shot.shift[2]])
    matrix[:3, 3] = middle + away * distance * _UNIT
    strength = rng.uniform(0.5, 2.5) if key else rng.uniform(0, 0.7)
    tint = (1.0, float(rng.uniform(0.82, 1)), float(rng.uniform(0.65, 1.1)))
    size = (float(rng.uniform(40, 600)), float(rng.uniform(40, 600)))
    return Lamp(matrix, size, float(strength * distance**2 * 20), tint)


def looking_from(away: Numbers) -> Numbers:
    """A turn whose z axis points ``away``, so that -z looks back."""
    z = away / np.linalg.norm(away)
    x = np.cross((0.0, 1, 0) if abs(z[1]) < 0.9 else (1.0, 0, 0), z)
    x /= np.linalg.norm(x)
    return np.column_stack((x, np.cross(z, x), z))
