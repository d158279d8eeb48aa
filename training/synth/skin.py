"""The skin: colours and relief in the model's texture space, prints on the pads.

The model's texture is a photo of a real hand. Whatever ridges it may hold are blurred away on the
palmar side, and its palm lines are bent differently for every identity.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.prints import HEIGHT, PX_PER_MM, WIDTH, Print, grow, make_print, smooth
from training.synth.hand import FINGERS, Hand, Numbers
from training.synth.surroundings import linear

Plane = NDArray[np.float32]

FIRST_PRINT = 100_000
"""Prints of renders are apart from those of tests and benchmarks, whose seeds are small."""

# In rows of the texture: the palmar side ends, the back begins.
_PALM_ENDS, _BACK_BEGINS = 960, 1010
_BEND = 7.0  # pixels that palm lines are bent by
_RIDGE_PERIOD = 0.48
_RELIEF_ROUNDS = 7
_CELL = 0.6  # square millimetres of the creased cells on the back of a hand
_CREASE = 0.14
_SEAM_REACH = 9.0
_PRINT_REACH = 14.5  # where a print has faded out; a little further towards tip and joint
_MILLIMETRES = (WIDTH / PX_PER_MM, HEIGHT / PX_PER_MM)


@dataclass(frozen=True, slots=True)
class PadMaps:
    """Where the prints are, for the renderer.

    Attributes:
        atlas: Place of each face's corners in five prints side by side: (faces, 3, 2), v upwards.
        on_pad: Per face.
        strength: Of the print, per vertex.
    """

    atlas: Plane
    on_pad: NDArray[np.bool_]
    strength: Numbers


def pad_maps(hand: Hand) -> PadMaps:
    """Places the prints on the hand; they fade out towards the nail and the joint."""
    count = len(hand.rest)
    strength, on_pad = np.zeros(count), np.zeros(len(hand.faces), bool)
    atlas = np.zeros((len(hand.faces), 3, 2), np.float32)
    for i, finger in enumerate(FINGERS):
        pad = hand.pads[finger]
        inside = np.zeros(count, bool)
        inside[pad.vertices] = True
        whole = inside[hand.faces].all(1)
        away = np.hypot(pad.places[:, 0] / _PRINT_REACH, pad.places[:, 1] / (_PRINT_REACH + 0.75))
        looking = hand.normals[pad.vertices] @ hand.palmar(finger)
        strength[pad.vertices] = (1 - _step(0.78, 1, away)) * _step(-0.45, -0.05, looking)
        strength[hand.faces[inside[hand.faces].any(1) & ~whole]] = 0
        places = np.zeros((count, 2))
        places[pad.vertices] = pad.places / _MILLIMETRES + 0.5
        atlas[whole] = (places[hand.faces[whole]] + (i, 0)) / (len(FINGERS), 1)
        on_pad |= whole
    return PadMaps(atlas, on_pad, strength)


def print_seed(identity: int, finger: str, left: bool) -> int:
    """Which print of ``benchmarks.prints`` a finger has."""
    first = FIRST_PRINT + identity * 2 * len(FINGERS) + (len(FINGERS) if left else 0)
    return first + FINGERS.index(finger)


def prints(identity: int, left: bool) -> Plane:
    """Five prints side by side, as ridge height and pores (both 0..1) and an empty channel."""
    tiles = [_print_tile(print_seed(identity, finger, left)) for finger in FINGERS]
    # The whole picture of a left hand is mirrored in the end, but prints must not be.
    return np.hstack([tile[:, ::-1] if left else tile for tile in tiles])


def _print_tile(seed: int) -> Plane:
    ridge = _grown(seed).astype(np.float32)
    rng = np.random.default_rng([14, seed])
    crests = ((ridge > 0.8) & (rng.random(ridge.shape) < 0.012)).astype(np.float32)
    pores = np.clip(cv2.GaussianBlur(crests, (0, 0), 1.1) / 0.13, 0, 1)
    return np.stack((ridge * 0.5 + 0.5, pores, np.zeros_like(pores)), -1).astype(np.float32)


@lru_cache(maxsize=512)
def _grown(seed: int) -> NDArray[np.float16]:
    """A worn print. Growing takes two seconds, so it is kept: 1 MB each."""
    return worn(make_print(seed), np.random.default_rng([13, seed])).astype(np.float16)


def worn(print_: Print, rng: np.random.Generator) -> Plane:
    """A print as skin has it: flatter here and there."""
    uneven = smooth(rng, print_.ridge.shape, 45, 1.0)
    wear = rng.uniform(0, 0.5) * np.clip(0.5 + uneven, 0, 1.5)
    return np.asarray(print_.ridge * np.clip(1 - wear, 0.2, 1), np.float32)


class Texture:
    """The model's photo, prepared for rendering.

    Attributes:
        colours: sRGB, grown beyond the edges of the used parts.
        edge: Distance of each pixel from those edges.
    """

    def __init__(self, hand: Hand, folder: Path) -> None:
        photo = cv2.imread(str(folder / "hand_texture.png"))
        if photo is None:
            raise FileNotFoundError(folder / "hand_texture.png")
        height, width = photo.shape[:2]
        used = np.zeros((height, width), np.uint8)
        corners = np.rint(_pixels(hand.uv, (width, height)) * 16).astype(np.int32)
        for triangle in corners:
            cv2.fillConvexPoly(used, triangle, 1, shift=4)
        self.edge = np.asarray(cv2.distanceTransform(used, cv2.DIST_L2, 5), np.float32)
        good = (self.edge > 3).astype(np.uint8)  # the outermost pixels hold the filling between
        _, nearest = cv2.distanceTransformWithLabels(
            1 - good, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        rows, columns = np.nonzero(good)
        places = np.zeros((int(nearest.max()) + 1, 2), int)
        places[nearest[rows, columns]] = np.column_stack((rows, columns))
        grown = places[nearest]
        self.colours = photo[grown[..., 0], grown[..., 1], ::-1].astype(np.float32) / 255

    def of(self, identity: int) -> tuple[Plane, Plane]:
        """Colours (linear) and fine height (mm) of an identity's skin."""
        rng = np.random.default_rng([3, identity])
        height, width = self.edge.shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        inner = _step(2, 40, self.edge)
        palm = 1 - _step(_PALM_ENDS, _BACK_BEGINS, y)
        bends = [_bends(rng, width, height) * _BEND * inner * palm for _ in range(2)]
        across, down = (x + bends[0]).astype(np.float32), (y + bends[1]).astype(np.float32)
        bent: Any = cv2.remap(self.colours, across, down, cv2.INTER_LINEAR)
        ridgeless = cv2.GaussianBlur(bent, (0, 0), 2.5)
        middle = (_PALM_ENDS + _BACK_BEGINS) / 2
        part = (1 - _step(middle, _BACK_BEGINS, y))[..., None]
        bent = (bent + part * (ridgeless - bent)).astype(np.float32)
        light = bent.mean(-1)
        relief = 0.9 * (light - cv2.GaussianBlur(light, (0, 0), 25)) * inner
        return linear(bent), relief.astype(np.float32)

    def seam_gain(self, hand: Hand) -> Numbers:
        """Makes the texture's sides meet: a gain per vertex of the file and colour."""
        from scipy import sparse
        from scipy.sparse.linalg import factorized

        count, faces = len(hand.split_uv), hand.split_faces
        colours = np.log(self._at_vertices(hand) + 1e-3)
        used = np.zeros(count, bool)
        used[faces] = True
        welded = np.maximum(hand.welded, 0)
        shares = np.bincount(welded[used], minlength=len(hand.rest))
        sums = [np.bincount(welded[used], colours[used, k], len(hand.rest)) for k in range(3)]
        means = np.column_stack(sums) / np.maximum(shares, 1)[:, None]
        seam = used & (shares[welded] > 1)
        ends = np.vstack([faces[:, [i, (i + 1) % 3]] for i in range(3)])
        length = np.linalg.norm(
            hand.rest[welded[ends[:, 0]]] - hand.rest[welded[ends[:, 1]]], axis=1
        )
        links = sparse.coo_matrix((np.ones(len(ends)), ends.T), (count, count)).tocsr()
        links = ((links + links.T) > 0).astype(float)
        spread = sparse.diags(np.asarray(links.sum(1)).ravel()) - links
        fade = sparse.eye(count) * 6 * (length.mean() / _SEAM_REACH) ** 2
        pinned = 1e4 * seam
        solve = factorized((spread + fade + sparse.diags(pinned)).tocsc())
        wanted = np.where(seam[:, None], means[welded] - colours, 0)
        gains = np.column_stack([solve(pinned * wanted[:, k]) for k in range(3)])
        return np.asarray(np.exp(np.clip(gains, -1, 1)))

    def _at_vertices(self, hand: Hand) -> Plane:
        height, width = self.edge.shape
        soft = linear(cv2.GaussianBlur(self.colours, (0, 0), 3))
        at = np.rint(_pixels(hand.split_uv, (width, height))).astype(int)
        at = at.clip(0, (width - 1, height - 1))
        return np.asarray(soft[at[:, 1], at[:, 0]])


def backness(hand: Hand) -> Numbers:
    """How much each vertex belongs to the back of the hand: 0..1, smooth over the mesh."""
    from scipy import sparse

    looking = (hand.normals * hand.bind[hand.weights.argmax(1), :3, 2]).sum(1)
    ends, count = hand.edges(), len(hand.rest)
    links = sparse.coo_matrix((np.ones(len(ends)), ends.T), (count, count)).tocsr()
    links = ((links + links.T) > 0).astype(float)
    mean = sparse.diags(1 / np.maximum(np.asarray(links.sum(1)).ravel(), 1)) @ links
    for _ in range(12):
        looking = 0.5 * looking + 0.5 * (mean @ looking)
    return _step(-0.15, 0.55, looking)


def relief(hand: Hand, back: Numbers, size: int = 4096, seed: int = 5) -> NDArray[np.uint8]:
    """Fine relief in the texture's space; takes a minute.

    Friction ridges on the palmar half (across the fingers, obliquely over the palm), creased cells
    on the other.
    """
    rng = np.random.default_rng(seed)
    corners = _pixels(hand.uv, (size, size))
    angles, scale = _ridge_directions(hand, back, corners, size, rng)
    half = size // 2
    ridges = grow(angles[:half], _RIDGE_PERIOD * scale, rng, _RELIEF_ROUNDS)
    ridges = ridges + smooth(rng, ridges.shape, 5, 0.25)
    palm = 0.5 + 0.5 * np.tanh(1.3 * ridges / ridges.std())
    whole = np.vstack((palm, _cells(rng, half, size, scale)))
    return np.asarray(whole.clip(0, 1) * 255, np.uint8)


def _ridge_directions(
    hand: Hand, back: Numbers, corners: Numbers, size: int, rng: np.random.Generator
) -> tuple[Plane, float]:
    """Orientation of the ridges (size, size), and pixels per millimetre on the palmar side."""
    step = 4
    flows, scale = _flows(hand, back, corners)
    small = np.zeros((size // step, size // step, 3), np.float32)
    triangles = (corners / step).astype(np.int32)
    for triangle, flow in zip(triangles, 2 * np.arctan2(-flows[:, 1], flows[:, 0]), strict=True):
        cv2.fillConvexPoly(small, triangle, (float(np.cos(flow)), float(np.sin(flow)), 1.0))
    soft = cv2.GaussianBlur(small, (0, 0), 6) + 1e-4 * cv2.GaussianBlur(small, (0, 0), 40)
    turn = np.arctan2(soft[..., 1], soft[..., 0])
    turn = turn + 2 * smooth(rng, turn.shape, 9 * scale / step, np.deg2rad(9))
    vectors = np.stack((np.cos(turn), np.sin(turn)), -1).astype(np.float32)
    full = cv2.resize(vectors, (size, size))
    return np.asarray(0.5 * np.arctan2(full[..., 1], full[..., 0]), np.float32), scale


def _flows(hand: Hand, back: Numbers, corners: Numbers) -> tuple[Numbers, float]:
    """Which way ridges run on each triangle of the texture."""
    bones = hand.weights.argmax(1)
    across = hand.bind[bones, :3, 0].copy()
    on_palm = [i for i, name in enumerate(hand.names) if "joint" not in name]
    across[np.isin(bones, on_palm)] = (-0.45, 0.9, 0)
    flow = across[hand.faces].sum(1)
    a, b, c = (hand.rest[hand.faces[:, k]] for k in range(3))
    first, second = b - a, c - a
    up = np.cross(first, second)
    area = np.linalg.norm(up, axis=1) + 1e-12
    up /= area[:, None]
    flow -= up * (flow * up).sum(1, keepdims=True)
    # As a sum of two sides of the triangle, which are known in the texture too.
    sides = np.stack((first, second), 1)
    grams = sides @ sides.transpose(0, 2, 1) + 1e-12 * np.eye(2)
    parts = np.linalg.solve(grams, (sides @ flow[..., None]))[..., 0]
    flat = corners[:, 1:] - corners[:, :1]
    flat_area = np.abs(flat[:, 0, 0] * flat[:, 1, 1] - flat[:, 0, 1] * flat[:, 1, 0])
    scales = np.sqrt(flat_area / area)[back[hand.faces].mean(1) < 0.3]
    return (parts[..., None] * flat).sum(1), float(np.median(scales))


def _cells(rng: np.random.Generator, height: int, width: int, scale: float) -> Plane:
    """Creased cells: 0 in the folds, 1 on the cells."""
    from scipy.spatial import cKDTree

    half = (height // 2, width // 2)
    count = int(height * width / scale**2 / _CELL)
    points = rng.uniform((0, 0), half, (count, 2))
    pixels = np.indices(half).reshape(2, -1).T
    distances, _ = cKDTree(points).query(pixels, k=2)
    fold = np.clip((distances[:, 1] - distances[:, 0]) / (_CREASE * scale), 0, 1)
    cells = cv2.resize(fold.reshape(half).astype(np.float32), (width, height))
    return np.asarray(cv2.GaussianBlur(cells, (0, 0), 1.2), np.float32)


def _bends(rng: np.random.Generator, width: int, height: int) -> Plane:
    small = rng.standard_normal((height // 16, width // 16)).astype(np.float32)
    full = cv2.resize(cv2.GaussianBlur(small, (0, 0), 5), (width, height))
    return np.asarray(full / full.std(), np.float32)


def _pixels(uv: Numbers, size: tuple[int, int]) -> Numbers:
    """From texture places (v upwards) to pixels."""
    return np.asarray((uv * (1, -1) + (0, 1)) * size)


def _step(start: float, end: float, value: Numbers | Plane) -> Numbers:
    """From 0 to 1, softly."""
    part = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part))
