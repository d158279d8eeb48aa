"""Chooses how a view is looked at: turned, scaled, mirrored, joined with others, partly covered.

Here is geometry only; :mod:`training.develop` makes the pictures. All chance comes from the
generator that is passed in, so a seed repeats a whole training.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training import UNCLEAR
from training.build import Picture, move
from training.labels import Points, Shape
from vov_core.detector import resample

Mask = NDArray[np.uint8]

# How far a view may be zoomed, relative to fitting a picture of ``_FULL_SIZE`` pixels; a hand's
# view has more context around the hand than the detector's crop, a close-up's tip fills a third
# of it. Smaller pictures are zoomed further in, so that tips keep enough pixels to be learned from.
ZOOMS = {
    "hand": (1.1, 2.0),
    "whole": (0.9, 2.0),
    "close": (0.55, 2.0),
    "tip": (0.9, 2.4),
    "empty": (0.8, 2.2),
}
_ANY_ZOOM = (0.7, 1.5)
_FULL_SIZE = 256
_FOCUSED = 0.5  # part of the looks that have a labelled tip near their middle
_SMALLEST = 5.0  # pixels; a tip narrower than this in the turned view becomes unclear
_COVERED = 0.5  # a tip of which more than this is covered becomes unclear
_CORNERS = 6  # an outline with more was drawn around the finger
_PASTED = (np.log(0.12), np.log(0.6))  # a pasted pad's size, relative to the picture's
_UNCLEAR_MARGIN = 1.25  # unclear outlines are misplaced ones, so their surroundings are unclear too
_QUARTERED = 0.15  # part of the looks that join four views in one picture
_SPLIT = (0.3, 0.7)  # where the four meet

# How often each kind of view is looked at. Hands get less than their number would give them: there
# the landmarks help, while all that is found elsewhere rests on the detector alone.
SHARES = {"hand": 0.28, "whole": 0.2, "close": 0.12, "tip": 0.14, "empty": 0.26}
_OTHER_SHARE = 0.5
_PASTING = 0.3  # part of the empty views that get pads of a close-up
_STUBBORN = 15.0  # times that a view is looked at more often if it surely fools the network


@dataclass(frozen=True, slots=True)
class Scene:
    """What geometry needs to know of a view.

    Attributes:
        kind: See :class:`training.build.View`.
        width: Pixels.
        height: Pixels.
        shapes: Outlines in pixels of the view.
    """

    kind: str
    width: int
    height: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """A view's part in a picture.

    Attributes:
        view: The view's number.
        matrix: 2 x 3, from the view's pixels to the picture's.
        mask: uint8 (S, S), 255 where the view shows; everywhere if None.
    """

    view: int
    matrix: Points
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """A rectangle that hides what lies under it.

    Attributes:
        area: x0, y0, x1, y1, pixels of the picture.
        colour: RGB, 0..255.
        grain: Standard deviation of its noise.
    """

    area: tuple[int, int, int, int]
    colour: tuple[int, int, int]
    grain: float


@dataclass(frozen=True, slots=True)
class Labels:
    """What the loss needs to know about a picture of S x S pixels.

    Attributes:
        targets: (N, 5) float32: class number, centre x, centre y, width, height, relative to S.
        unclear: bool (S, S): where objectness is left out of the loss.
        vague: (K, 4) float32: boxes x0, y0, x1, y1 of the unclear outlines, pixels.
    """

    targets: NDArray[np.float32]
    unclear: NDArray[np.bool_]
    vague: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """One training picture, not developed yet.

    Attributes:
        layers: From the back to the front; the first covers the whole picture.
        covers: What hides parts of it.
        labels: Of the picture.
    """

    layers: tuple[Layer, ...]
    covers: tuple[Cover, ...]
    labels: Labels


class Batch(NamedTuple):
    """Several looks as arrays; see :func:`pack`.

    Attributes:
        slots: (L,) int64: which picture each layer belongs to; the pictures' first layers lead, in
            the pictures' order.
        views: (L,) int64: the views' numbers.
        matrices: (L, 2, 3) float32.
        masks: (L - N, S, S) uint8, for the layers after the first N.
        covers: (C, 9) float32: picture, area, colour, grain.
        targets: (T, 6) float32: picture, then as in :class:`Labels`.
        unclear: bool (N, S, S).
    """

    slots: NDArray[np.int64]
    views: NDArray[np.int64]
    matrices: NDArray[np.float32]
    masks: Mask
    covers: NDArray[np.float32]
    targets: NDArray[np.float32]
    unclear: NDArray[np.bool_]


class Looker:
    """Takes looks at a set of views.

    Attributes:
        scenes: The views; their numbers are their places in this list.
        empty: bool (V,): which of them are photos without hands.
    """

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.scenes = scenes
        kinds = Counter(scene.kind for scene in scenes)
        shares = [SHARES.get(s.kind, _OTHER_SHARE) / kinds[s.kind] for s in scenes]
        self._shares = np.array(shares) / np.sum(shares)
        self._ends = np.cumsum(self._shares)
        self.empty = np.array([scene.kind == "empty" for scene in scenes])
        # A quadrilateral's corners would bring their surroundings along, and an outline that was
        # cut at the view's border is no finger's shape any more: only drawn ones are pasted.
        self._pads = [
            (i, shape)
            for i, scene in enumerate(scenes)
            if scene.kind == "close"
            for shape in scene.shapes
            if shape.number == 0 and _is_drawn(shape, scene)
        ]

    def doubt(self, suspicion: NDArray[np.float32]) -> None:
        """Looks more often at those photos without hands that the network takes for fingers.

        Most of such photos are told apart soon and teach nothing more. All together keep their
        share of the looks.

        Args:
            suspicion: (V,), how sure the network is of a finger in each view, 0..1; only those of
                empty views count.
        """
        shares = self._shares.copy()
        wanted = shares[self.empty] * (1 + _STUBBORN * suspicion[self.empty])
        shares[self.empty] = wanted / max(1e-9, wanted.sum()) * shares[self.empty].sum()
        self._ends = np.cumsum(shares)

    def batch(self, count: int, size: int, rng: np.random.Generator) -> Batch:
        """Random looks as training pictures of ``size`` x ``size``."""
        return pack([self.look(self._pick(rng), size, rng) for _ in range(count)])

    def look(self, view: int, size: int, rng: np.random.Generator) -> Look:
        """A random look at a view, or at it and three others."""
        if rng.random() < _QUARTERED:
            others = [self._pick(rng) for _ in range(3)]
            layers, shapes = self._quarters([view, *others], size, rng)
        else:
            layers, shapes = self._single(view, size, rng)
        covers = _covers(size, rng)
        for cover in covers:
            shapes = [_uncertain(shape, cover.area) for shape in shapes]
        return Look(tuple(layers), covers, as_labels(shapes, size))

    def _pick(self, rng: np.random.Generator) -> int:
        return min(int(np.searchsorted(self._ends, rng.random())), len(self.scenes) - 1)

    def _single(
        self, view: int, size: int, rng: np.random.Generator
    ) -> tuple[list[Layer], list[Shape]]:
        scene = self.scenes[view]
        matrix = _random_matrix(scene, size, rng)
        layers, shapes = [Layer(view, matrix)], list(move(scene.shapes, matrix, (size, size)))
        if scene.kind == "empty" and self._pads and rng.random() < _PASTING:
            for layer, shape in self._pasted(size, rng):
                layers.append(layer)
                shapes.extend(move([shape], _NO_CHANGE, (size, size)))
        return layers, shapes

    def _quarters(
        self, views: Sequence[int], size: int, rng: np.random.Generator
    ) -> tuple[list[Layer], list[Shape]]:
        """Four views that meet at a random place: small hands, hands cut by another picture."""
        x, y = (rng.uniform(*_SPLIT, 2) * size).astype(int).tolist()
        areas = [(0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size)]
        layers: list[Layer] = []
        shapes: list[Shape] = []
        for view, (x0, y0, x1, y1) in zip(views, areas, strict=True):
            width, height = x1 - x0, y1 - y0
            side = max(width, height)
            matrix = _random_matrix(self.scenes[view], side, rng)
            matrix[:, 2] += (width - side) / 2, (height - side) / 2
            corner = np.array([x0, y0], np.float32)
            shapes += [
                Shape(shape.number, shape.points + corner, shape.letter)
                for shape in move(self.scenes[view].shapes, matrix, (width, height))
            ]
            matrix[:, 2] += corner
            mask = None
            if layers:
                mask = np.zeros((size, size), np.uint8)
                mask[y0:y1, x0:x1] = 255
            layers.append(Layer(view, matrix, mask))
        return layers, shapes

    def _pasted(self, size: int, rng: np.random.Generator) -> list[tuple[Layer, Shape]]:
        """Pads of other views, each at any size and angle.

        Their borders fade over a few pixels, so that it isn't a cut's edge that gives a pad away.
        """
        pasted: list[tuple[Layer, Shape]] = []
        for _ in range(int(rng.integers(1, 4))):
            view, shape = self._pads[int(rng.integers(len(self._pads)))]
            extent = float((shape.points.max(0) - shape.points.min(0)).max())
            scale = size * float(np.exp(rng.uniform(*_PASTED))) / max(extent, 1.0)
            angle, mirror = float(rng.uniform(-180, 180)), -1 if rng.random() < 0.5 else 1
            matrix = _matrix(tuple(shape.points.mean(0).tolist()), scale, angle, mirror, 0)
            matrix[:, 2] += rng.uniform(0.1, 0.9, 2) * size
            moved = (shape.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
            if any(_touch(moved, other.points) for _, other in pasted):
                continue
            mask = np.zeros((size, size), np.uint8)
            cv2.fillPoly(mask, [moved.round().astype(np.int32)], 255)
            soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, 0.03 * extent * scale))
            layer = Layer(view, matrix, np.asarray(soft, np.uint8))
            pasted.append((layer, Shape(0, moved, shape.letter)))
        return pasted


def pack(looks: Sequence[Look]) -> Batch:
    """Puts looks of one size side by side."""
    first = [(i, look.layers[0]) for i, look in enumerate(looks)]
    over = [(i, layer) for i, look in enumerate(looks) for layer in look.layers[1:]]
    size = looks[0].labels.unclear.shape[0]
    masks = [layer.mask for _, layer in over if layer.mask is not None]
    covers = [
        (i, *cover.area, *cover.colour, cover.grain)
        for i, look in enumerate(looks)
        for cover in look.covers
    ]
    return Batch(
        np.array([i for i, _ in first + over], np.int64),
        np.array([layer.view for _, layer in first + over], np.int64),
        np.stack([layer.matrix for _, layer in first + over]).astype(np.float32),
        np.stack(masks) if masks else np.zeros((0, size, size), np.uint8),
        np.array(covers, np.float32).reshape(-1, 9),
        np.concatenate([np.insert(look.labels.targets, 0, i, 1) for i, look in enumerate(looks)]),
        np.stack([look.labels.unclear for look in looks]),
    )


def plain(
    pixels: Picture, shapes: Sequence[Shape], zoom: float, size: int
) -> tuple[Picture, Labels]:
    """The middle of a view (BGR) without any chance, for scores: RGB pixels and labels."""
    height, width = pixels.shape[:2]
    matrix = _matrix((width / 2, height / 2), size / max(width, height) * zoom, 0, 1, size)
    picture = resample(pixels, matrix, (size, size))
    labels = as_labels(move(shapes, matrix, (size, size)), size)
    return np.ascontiguousarray(picture[..., ::-1]), labels


def as_labels(shapes: Sequence[Shape], size: int) -> Labels:
    """Turns outlines into what the loss needs."""
    targets, vague, unclear = [], [], np.zeros((size, size), np.uint8)
    for shape in shapes:
        x0, y0, x1, y1 = shape.box
        if shape.number == UNCLEAR or min(x1 - x0, y1 - y0) < _SMALLEST:
            middle = shape.points.mean(0)
            wide = (shape.points - middle) * _UNCLEAR_MARGIN + middle
            vague.append((*wide.min(0), *wide.max(0)))
            cv2.fillPoly(unclear, [wide.round().astype(np.int32)], 1)
        else:
            targets.append((shape.number, (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))
    rows = np.array(targets, np.float32).reshape(-1, 5)
    for _, x, y, w, h in rows:
        unclear[
            max(0, int(y - h / 2)) : int(y + h / 2), max(0, int(x - w / 2)) : int(x + w / 2)
        ] = 0
    rows[:, 1:] /= size
    boxes = np.array(vague, np.float32).reshape(-1, 4)
    return Labels(rows, unclear.astype(bool), boxes)


_NO_CHANGE = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def _is_drawn(shape: Shape, scene: Scene) -> bool:
    low, high = shape.points.min(0), shape.points.max(0)
    inner = (low > 1).all() and (high < (scene.width - 1, scene.height - 1)).all()
    return bool(inner) and len(shape.points) > _CORNERS


def _touch(a: Points, b: Points) -> bool:
    return bool((a.min(0) < b.max(0)).all() and (b.min(0) < a.max(0)).all())


def _random_matrix(scene: Scene, size: int, rng: np.random.Generator) -> Points:
    low, high = ZOOMS.get(scene.kind, _ANY_ZOOM)
    zoom = float(np.exp(rng.uniform(np.log(low), np.log(high)))) * (_FULL_SIZE / size) ** 0.5
    upright = rng.random() < 0.7
    angle = float(rng.normal(0, 15) if upright else rng.uniform(-180, 180))
    side = max(scene.width, scene.height)
    tips = [shape for shape in scene.shapes if shape.number != UNCLEAR]
    if tips and rng.random() < _FOCUSED:
        middle = tips[int(rng.integers(len(tips)))].points.mean(0)
        slack = 0.4 * side / zoom
    else:
        middle = np.array([scene.width / 2, scene.height / 2])
        slack = max(0.06 * side, (1 - 1 / zoom) * side / 2)
        slack *= 1.0 if scene.kind == "whole" else 0.5
    middle = middle + rng.uniform(-slack, slack, 2)
    mirror = -1 if rng.random() < 0.5 else 1
    matrix = _matrix((float(middle[0]), float(middle[1])), size / side * zoom, angle, mirror, size)
    return _stretched(matrix, size, rng)


def _stretched(matrix: Points, size: int, rng: np.random.Generator) -> Points:
    """Leans and stretches a look a little, as a camera does that isn't held straight."""
    stretch, lean = np.exp(rng.normal(0, 0.06)), rng.normal(0, 0.05)
    change = np.array([[stretch, lean], [0.0, 1 / stretch]])
    middle = np.array([size / 2, size / 2])
    offset = change @ (matrix[:, 2] - middle) + middle
    return np.column_stack([change @ matrix[:, :2], offset]).astype(np.float32)


def _matrix(
    middle: tuple[float, float], scale: float, angle: float, mirror: int, size: int
) -> Points:
    turn = np.radians(angle)
    linear = scale * np.array(
        [[np.cos(turn) * mirror, -np.sin(turn)], [np.sin(turn) * mirror, np.cos(turn)]]
    )
    offset = np.array([size / 2, size / 2]) - linear @ np.array(middle)
    return np.column_stack([linear, offset]).astype(np.float32)


def _covers(size: int, rng: np.random.Generator) -> tuple[Cover, ...]:
    """Rectangles that hide parts of some looks."""
    if rng.random() > 0.15:
        return ()
    covers = []
    for _ in range(int(rng.integers(1, 4))):
        w, h = (rng.uniform(0.05, 0.25, 2) * size).astype(int).tolist()
        x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
        red, green, blue = rng.integers(0, 256, 3).tolist()
        covers.append(Cover((x, y, x + w, y + h), (red, green, blue), float(rng.uniform(0, 30))))
    return tuple(covers)


def _uncertain(shape: Shape, cover: tuple[int, int, int, int]) -> Shape:
    x0, y0, x1, y1 = shape.box
    width = min(x1, cover[2]) - max(x0, cover[0])
    height = min(y1, cover[3]) - max(y0, cover[1])
    hidden = max(0.0, width) * max(0.0, height) / max(1e-6, (x1 - x0) * (y1 - y0))
    return Shape(UNCLEAR, shape.points, shape.letter) if hidden > _COVERED else shape
