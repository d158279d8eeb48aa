"""Makes every look at a view a new one: turned, scaled, mirrored, relit, blurred, covered.

All chance comes from the generator that is passed in, so a seed repeats a whole training.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training import UNCLEAR
from training.build import Picture, move
from training.labels import Points, Shape
from vov_core.detector import resample

# How far a view may be zoomed, relative to fitting a picture of ``_FULL_SIZE`` pixels; a hand's
# view has more context around the hand than the detector's crop, a close-up's tip fills a third
# of it. Smaller pictures are zoomed further in, so that tips keep enough pixels to be learned from.
ZOOMS = {"hand": (1.1, 2.0), "whole": (0.9, 2.0), "close": (0.55, 2.0), "empty": (0.8, 3.0)}
_ANY_ZOOM = (0.7, 1.5)
_FULL_SIZE = 256
_FOCUSED = 0.5  # part of the looks that have a labelled tip near their middle
_SMALLEST = 5.0  # pixels; a tip narrower than this in the turned view becomes unclear
_COVERED = 0.5  # a tip of which more than this is covered becomes unclear
_CORNERS = 6  # an outline with more was drawn around the finger
_PASTED = (np.log(0.12), np.log(0.6))  # a pasted pad's size, relative to the picture's
_UNCLEAR_MARGIN = 1.25  # unclear outlines are misplaced ones, so their surroundings are unclear too


@dataclass(frozen=True, slots=True)
class Sample:
    """One training picture.

    Attributes:
        pixels: RGB, uint8, (S, S, 3).
        targets: (N, 5) float32: class number, centre x, centre y, width, height, relative to S.
        unclear: bool (S, S): where objectness is left out of the loss.
        vague: (K, 4) float32: boxes x0, y0, x1, y1 of the unclear outlines, pixels.
    """

    pixels: Picture
    targets: NDArray[np.float32]
    unclear: NDArray[np.bool_]
    vague: NDArray[np.float32]


def look(
    pixels: Picture, shapes: Sequence[Shape], kind: str, size: int, rng: np.random.Generator
) -> Sample:
    """A random look at a view (BGR) as a training picture of ``size`` x ``size``."""
    matrix = _random_matrix(pixels.shape[1], pixels.shape[0], shapes, kind, size, rng)
    moved = move(shapes, matrix, (size, size))
    turned = resample(pixels, matrix, (size, size))
    moved = _cover(turned, moved, rng)
    return as_sample(_relight(turned, rng), moved)


def paste(
    background: Picture,
    donor: Picture,
    shapes: Sequence[Shape],
    rng: np.random.Generator,
) -> tuple[Picture, tuple[Shape, ...]]:
    """Pads of one view (the donor) on a picture without hands, each at any size and angle.

    Only hand-drawn outlines are taken: a quadrilateral's corners would bring their surroundings
    along, and one cut at the view's border is no finger's shape any more. The pads' borders fade
    over a few pixels, so that it isn't a cut's edge that gives a pad away.
    """
    height, width = background.shape[:2]
    result, pasted = background.astype(np.float32), []
    pads = [shape for shape in shapes if shape.number == 0 and _is_drawn(shape, donor)]
    for _ in range(int(rng.integers(1, 4)) if pads else 0):
        shape = pads[int(rng.integers(len(pads)))]
        extent = float((shape.points.max(0) - shape.points.min(0)).max())
        scale = min(width, height) * float(np.exp(rng.uniform(*_PASTED))) / max(extent, 1.0)
        angle, mirror = float(rng.uniform(-180, 180)), -1 if rng.random() < 0.5 else 1
        place = rng.uniform(0.1, 0.9, 2) * (width, height)
        matrix = _matrix(tuple(shape.points.mean(0).tolist()), scale, angle, mirror, 0)
        matrix[:, 2] += place
        moved = shape.points @ matrix[:, :2].T + matrix[:, 2]
        if any(_touch(moved, other.points) for other in pasted):
            continue
        tip = resample(donor, matrix, (width, height))
        alpha = np.zeros((height, width), np.float32)
        cv2.fillPoly(alpha, [moved.round().astype(np.int32)], 1.0)
        alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.8, 0.03 * extent * scale))[..., None]
        result = result * (1 - alpha) + tip * alpha
        pasted.append(Shape(0, moved.astype(np.float32), shape.letter))
    frame = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    return result.astype(np.uint8), move(pasted, frame, (width, height))


def _is_drawn(shape: Shape, picture: Picture) -> bool:
    height, width = picture.shape[:2]
    low, high = shape.points.min(0), shape.points.max(0)
    inner = (low > 1).all() and (high < (width - 1, height - 1)).all()
    return bool(inner) and len(shape.points) > _CORNERS


def _touch(a: Points, b: Points) -> bool:
    return bool((a.min(0) < b.max(0)).all() and (b.min(0) < a.max(0)).all())


def plain(pixels: Picture, shapes: Sequence[Shape], zoom: float, size: int) -> Sample:
    """The middle of a view without any chance, for scores."""
    height, width = pixels.shape[:2]
    matrix = _matrix((width / 2, height / 2), size / max(width, height) * zoom, 0, 1, size)
    return as_sample(resample(pixels, matrix, (size, size)), move(shapes, matrix, (size, size)))


def as_sample(pixels: Picture, shapes: Sequence[Shape]) -> Sample:
    """Turns a BGR picture and its outlines into what the loss needs."""
    size = pixels.shape[0]
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
    return Sample(np.ascontiguousarray(pixels[..., ::-1]), rows, unclear.astype(bool), boxes)


def _random_matrix(
    width: int,
    height: int,
    shapes: Sequence[Shape],
    kind: str,
    size: int,
    rng: np.random.Generator,
) -> Points:
    low, high = ZOOMS.get(kind, _ANY_ZOOM)
    zoom = float(np.exp(rng.uniform(np.log(low), np.log(high)))) * (_FULL_SIZE / size) ** 0.5
    upright = rng.random() < 0.7
    angle = float(rng.normal(0, 15) if upright else rng.uniform(-180, 180))
    side = max(width, height)
    tips = [shape for shape in shapes if shape.number != UNCLEAR]
    if tips and rng.random() < _FOCUSED:
        middle = tips[int(rng.integers(len(tips)))].points.mean(0)
        slack = 0.4 * side / zoom
    else:
        middle = np.array([width / 2, height / 2])
        slack = max(0.06 * side, (1 - 1 / zoom) * side / 2) * (1.0 if kind == "whole" else 0.5)
    middle = middle + rng.uniform(-slack, slack, 2)
    mirror = -1 if rng.random() < 0.5 else 1
    return _matrix((float(middle[0]), float(middle[1])), size / side * zoom, angle, mirror, size)


def _matrix(
    middle: tuple[float, float], scale: float, angle: float, mirror: int, size: int
) -> Points:
    turn = np.radians(angle)
    linear = scale * np.array(
        [[np.cos(turn) * mirror, -np.sin(turn)], [np.sin(turn) * mirror, np.cos(turn)]]
    )
    offset = np.array([size / 2, size / 2]) - linear @ np.array(middle)
    return np.column_stack([linear, offset]).astype(np.float32)


def _cover(pixels: Picture, shapes: Sequence[Shape], rng: np.random.Generator) -> tuple[Shape, ...]:
    """Covers parts of the picture in place; tips that are mostly covered become unclear."""
    if rng.random() > 0.15:
        return tuple(shapes)
    size = pixels.shape[0]
    result = list(shapes)
    for _ in range(int(rng.integers(1, 4))):
        w, h = (rng.uniform(0.05, 0.25, 2) * size).astype(int)
        x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
        fill = rng.integers(0, 256, 3)
        noise = rng.normal(0, rng.uniform(0, 30), (h, w, 1))
        pixels[y : y + h, x : x + w] = (fill + noise).clip(0, 255).astype(np.uint8)
        result = [_uncertain(shape, (x, y, x + w, y + h)) for shape in result]
    return tuple(result)


def _uncertain(shape: Shape, cover: tuple[int, int, int, int]) -> Shape:
    x0, y0, x1, y1 = shape.box
    width = min(x1, cover[2]) - max(x0, cover[0])
    height = min(y1, cover[3]) - max(y0, cover[1])
    hidden = max(0.0, width) * max(0.0, height) / max(1e-6, (x1 - x0) * (y1 - y0))
    return Shape(UNCLEAR, shape.points, shape.letter) if hidden > _COVERED else shape


def _relight(pixels: Picture, rng: np.random.Generator) -> Picture:
    """Changes light, colour, sharpness and compression, each with its own chance."""
    for chance, change in _CHANGES:
        if rng.random() < chance:
            pixels = change(pixels, rng)
    return pixels


def _tone(pixels: Picture, rng: np.random.Generator) -> Picture:
    """Gain, white balance and gamma as one table per channel, from night to glare."""
    steps = np.arange(256, dtype=np.float32)[:, None] / 255
    gamma = np.exp(rng.uniform(-0.5, 0.5))
    gain = np.exp(rng.uniform(-0.45, 0.25)) * np.exp(rng.normal(0, 0.09, 3))
    table = (255 * (steps**gamma * gain + rng.uniform(-0.06, 0.06))).clip(0, 255)
    return cv2.LUT(pixels, table.astype(np.uint8).reshape(1, 256, 3))


def _colour(pixels: Picture, rng: np.random.Generator) -> Picture:
    """Hue and saturation: skin tones, lamps, cameras."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + int(rng.integers(-9, 10))) % 180
    hsv[..., 1] = (hsv[..., 1] * rng.uniform(0.3, 1.5)).clip(0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)


def _grey(pixels: Picture, _: np.random.Generator) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def _shade(pixels: Picture, rng: np.random.Generator) -> Picture:
    """A soft gradient of light across the picture: shadow on one side or glare."""
    size = pixels.shape[0]
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(turn) * x + np.sin(turn) * y) * rng.uniform(0.1, 0.6)
    return (pixels * (1 + slope)[..., None]).clip(0, 255).astype(np.uint8)


def _blur(pixels: Picture, rng: np.random.Generator) -> Picture:
    return cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 1.6)))


def _motion(pixels: Picture, rng: np.random.Generator) -> Picture:
    length = int(rng.integers(3, 8))
    turn = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    way = (np.array([np.cos(turn), np.sin(turn)]) * (length - 1) / 2).round().astype(int)
    middle = length // 2
    cv2.line(kernel, tuple((middle - way).tolist()), tuple((middle + way).tolist()), 1.0)
    return cv2.filter2D(pixels, -1, kernel / kernel.sum())


def _coarse(pixels: Picture, rng: np.random.Generator) -> Picture:
    """Fewer pixels than the picture has: small hands that the crop enlarges."""
    size = pixels.shape[0]
    small = max(8, int(size * rng.uniform(0.35, 0.8)))
    return cv2.resize(cv2.resize(pixels, (small, small)), (size, size))


def _noise(pixels: Picture, rng: np.random.Generator) -> Picture:
    grain = rng.normal(0, rng.uniform(3, 14), pixels.shape)
    return (pixels + grain).clip(0, 255).astype(np.uint8)


def _jpeg(pixels: Picture, rng: np.random.Generator) -> Picture:
    quality = int(rng.integers(25, 85))
    _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


_CHANGES: tuple[tuple[float, Callable[[Picture, np.random.Generator], Picture]], ...] = (
    (0.7, _tone),
    (0.5, _colour),
    (0.04, _grey),
    (0.25, _shade),
    (0.2, _coarse),
    (0.12, _blur),
    (0.06, _motion),
    (0.12, _noise),
    (0.15, _jpeg),
)
