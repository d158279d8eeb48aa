"""Turns labelled photos into views in YOLO form: ``python -m training.build --data DIR --out DIR``.

Views are what the detector meets: a square around each hand (five tips in one picture), whole
photos, and close-ups of single tips. Their labels are polygon rows (so that a turned view gets
tight boxes) and may carry a third class, ``unclear``, that training leaves out of the loss.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from training import CLASSES, UNCLEAR
from training.labels import LabelledPhoto, Points, Shape, read
from vov_core.detector import resample

Picture = NDArray[np.uint8]

_HAND_CONTEXT = 2.2  # side of a hand's view, relative to the landmarks' extent
_CLOSE_CONTEXT = 3.0  # side of a close-up, relative to the tip's longer side
_CLOSE_FROM = 0.22  # tips longer than this part of the photo's longer side get close-ups
_TIP_FROM = 32.0  # pixels; tips of hands that are longer than this are shown as close-ups, too
_LONGEST = {"hand": 448, "whole": 512, "close": 352, "tip": 352, "empty": 512}
_SEEN = 0.5  # a tip of which less is inside the view becomes unclear
_HINT = 0.1  # and one of which less than this is inside is dropped


@dataclass(frozen=True, slots=True)
class View:
    """A part of a photo as a picture of its own.

    Attributes:
        kind: ``hand``, ``whole``, ``close`` (a photo of a single tip), ``tip`` (the same cut out
            of a photo of a hand, so less sharp) or ``empty`` (a photo without hands).
        pixels: BGR, uint8.
        shapes: Outlines in pixels of the view, cut at its border.
    """

    kind: str
    pixels: Picture
    shapes: tuple[Shape, ...]


def build(data: Sequence[Path], out: Path, backgrounds: Path | None = None) -> Counter[str]:
    """Writes all views of the data sets below ``out`` and returns how many of which kind.

    Pictures without hands (``backgrounds``) teach what is no finger; tips of other photos are
    pasted on some of them. The layout is YOLO's: ``images/<split>/``, ``labels/<split>/`` and
    ``data.yaml``. A view's file name starts with its kind.
    """
    count: Counter[str] = Counter()
    with ThreadPoolExecutor() as pool:
        for kinds in pool.map(partial(_all_views, out), chain.from_iterable(map(read, data))):
            count.update(kinds)
        empty = sorted(backgrounds.iterdir()) if backgrounds else []
        count.update(pool.map(partial(_empty_view, out), empty))
    names = dict(enumerate((*CLASSES, "unclear")))
    description = {"path": ".", "train": "images/train", "val": "images/dev", "names": names}
    (out / "data.yaml").write_text(yaml.safe_dump(description, sort_keys=False), "utf-8")
    return count


def _all_views(out: Path, photo: LabelledPhoto) -> list[str]:
    """Writes a photo's views and returns their splits and kinds."""
    kinds = []
    for i, view in enumerate(views(photo)):
        _write(view, out, photo.split, f"{view.kind}_{photo.path.stem}_{i}")
        kinds.append(f"{photo.split}/{view.kind}")
    return kinds


def _empty_view(out: Path, path: Path) -> str:
    """Writes a photo without hands as a view and returns its split and kind."""
    pixels = cv2.imread(str(path))
    height, width = pixels.shape[:2]
    _write(cut((), pixels, "empty", (0, 0, width, height)), out, "train", f"empty_{path.stem}")
    return "train/empty"


def views(photo: LabelledPhoto) -> Iterator[View]:
    """All views of one photo."""
    pixels = cv2.imread(str(photo.path))
    height, width = pixels.shape[:2]
    yield cut(photo.shapes, pixels, "whole", (0, 0, width, height))
    for hand in photo.hands:
        yield cut(photo.shapes, pixels, "hand", _square(hand, _HAND_CONTEXT))
    for shape in photo.shapes:
        x0, y0, x1, y1 = shape.box
        longer, square = max(x1 - x0, y1 - y0), _square(shape.points, _CLOSE_CONTEXT)
        if shape.number == 0 and longer > _CLOSE_FROM * max(width, height):
            yield cut(photo.shapes, pixels, "close", square)
        elif shape.number != UNCLEAR and photo.hands and longer > _TIP_FROM:
            yield cut(photo.shapes, pixels, "tip", square)


def cut(
    shapes: Sequence[Shape], pixels: Picture, kind: str, area: tuple[float, float, float, float]
) -> View:
    """Cuts an area out of a photo; what lies outside of the photo becomes grey."""
    x0, y0, x1, y1 = area
    scale = min(1.0, _LONGEST[kind] / max(x1 - x0, y1 - y0))
    size = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    matrix = np.array([[scale, 0, -x0 * scale], [0, scale, -y0 * scale]], np.float32)
    return View(kind, resample(pixels, matrix, size), move(shapes, matrix, size))


def move(shapes: Sequence[Shape], matrix: Points, size: tuple[int, int]) -> tuple[Shape, ...]:
    """Moves outlines by a 2 x 3 matrix and cuts them at the new picture's border.

    A tip that is mostly outside of the picture becomes unclear: neither a find nor a miss.
    """
    moved = []
    width, height = size
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    for shape in shapes:
        points = shape.points @ matrix[:, :2].T + matrix[:, 2]
        low, high = points.min(0), points.max(0)
        if (low >= 0).all() and (high <= (width, height)).all():
            moved.append(Shape(shape.number, points, shape.letter))
            continue
        hull = cv2.convexHull(points.astype(np.float32)).reshape(-1, 2)
        area = cv2.contourArea(hull)
        seen, inside = cv2.intersectConvexConvex(hull, frame)
        if area <= 0 or seen < _HINT * area or inside is None:
            continue
        number = shape.number if seen >= _SEEN * area else UNCLEAR
        moved.append(Shape(number, inside.reshape(-1, 2), shape.letter))
    return tuple(moved)


def _square(points: Points, context: float) -> tuple[float, float, float, float]:
    low, high = points.min(0), points.max(0)
    x, y = (low + high) / 2
    half = float((high - low).max()) * context / 2
    return float(x) - half, float(y) - half, float(x) + half, float(y) + half


def _write(view: View, out: Path, split: str, name: str) -> None:
    images, labels = out / "images" / split, out / "labels" / split
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(images / f"{name}.jpg"), view.pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
    height, width = view.pixels.shape[:2]
    rows = []
    for shape in view.shapes:
        relative = (shape.points / (width, height)).clip(0, 1).ravel()
        rows.append(" ".join([str(shape.number), *(f"{value:.5f}" for value in relative)]))
    (labels / f"{name}.txt").write_text("\n".join(rows), "utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.build", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="labelled data sets")
    parser.add_argument("--out", type=Path, required=True, help="where the views are written")
    parser.add_argument("--backgrounds", type=Path, help="folder of photos without hands")
    options = parser.parse_args()
    for kind, number in sorted(build(options.data, options.out, options.backgrounds).items()):
        print(f"{kind}: {number}")


if __name__ == "__main__":
    main()
