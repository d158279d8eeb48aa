"""Reads labelled photos: our own annotations, YOLO folders and COCO files.

Every reader yields :class:`LabelledPhoto`; nothing after this module knows where labels came from.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from training import CLASSES, UNCLEAR

Points = NDArray[np.float32]

# Letters of our annotations (see the data's README): side views, misplaced outlines and hidden
# tips are neither finds nor misses.
_LETTERS = {"P": 0, "N": 1, "S": UNCLEAR, "B": UNCLEAR, "X": UNCLEAR}
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One labelled outline.

    Attributes:
        number: Class number; ``UNCLEAR`` where nothing is said.
        points: Outline (N, 2), pixels of the photo.
        letter: The annotation's own letter, for scores per letter.
    """

    number: int
    points: Points
    letter: str = ""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Upright box: x0, y0, x1, y1."""
        low, high = self.points.min(0), self.points.max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo with its outlines.

    Attributes:
        path: The picture file.
        split: ``train`` or ``dev``.
        origin: Name of the set it comes from.
        shapes: All outlines.
        hands: Landmarks (21, 2) per hand, if known.
    """

    path: Path
    split: str
    origin: str
    shapes: tuple[Shape, ...]
    hands: tuple[Points, ...] = ()


def read(data: Path) -> list[LabelledPhoto]:
    """Reads a data set: a folder with ``annotations.json``, a YOLO folder, or a COCO JSON file.

    Raises:
        FileNotFoundError: If it is none of the three.
    """
    if (data / "annotations.json").is_file():
        return list(_annotations(data))
    if data.suffix == ".json" and data.is_file():
        return list(_coco(data))
    if (data / "data.yaml").is_file():
        return list(_yolo(data))
    raise FileNotFoundError(f"{data}: no annotations.json, data.yaml or COCO file")


def ellipse_in(box: Sequence[float], points: int = 16) -> Points:
    """The outline inscribed in an upright box.

    A turned box outgrows what it surrounds; the turned ellipse does not.
    """
    x0, y0, x1, y1 = box
    angles = [2 * pi * i / points for i in range(points)]
    return np.array(
        [((x0 + x1 + (x1 - x0) * cos(a)) / 2, (y0 + y1 + (y1 - y0) * sin(a)) / 2) for a in angles],
        np.float32,
    )


def _annotations(data: Path) -> Iterator[LabelledPhoto]:
    content = json.loads((data / "annotations.json").read_text("utf-8"))
    for image in content["images"]:
        shapes = [_own_box(box) for box in image.get("boxes", ())]
        hands = image.get("hands", ())
        for hand in hands:
            shapes += [
                Shape(_LETTERS[f["label"]], np.array(f["quad"], np.float32), f["label"])
                for f in hand["fingers"]
            ]
        yield LabelledPhoto(
            data / "images" / image["file"],
            image["split"],
            image["set"],
            tuple(shapes),
            tuple(np.array(hand["landmarks"], np.float32) for hand in hands),
        )


def _own_box(box: Mapping[str, Any]) -> Shape:
    outline = box.get("polygon")
    points = np.array(outline, np.float32) if outline else ellipse_in(box["box"])
    return Shape(_LETTERS[box["label"]], points, box["label"])


def _class_number(name: str) -> int:
    """Names that are none of ours say nothing about finger tips, so they are unclear."""
    return CLASSES.index(name) if name in CLASSES else UNCLEAR


def _yolo(data: Path) -> Iterator[LabelledPhoto]:
    description = yaml.safe_load((data / "data.yaml").read_text("utf-8"))
    names = description["names"]
    names = dict(enumerate(names)) if isinstance(names, list) else names
    root = data / description.get("path", ".")
    for key, split in (("train", "train"), ("val", "dev")):
        for picture in sorted((root / description[key]).iterdir() if key in description else ()):
            if picture.suffix.lower() in _PICTURES:
                yield _yolo_photo(picture, split, data.name, names)


def _yolo_photo(picture: Path, split: str, origin: str, names: Mapping[int, str]) -> LabelledPhoto:
    folder = Path(*("labels" if part == "images" else part for part in picture.parent.parts))
    rows = folder / f"{picture.stem}.txt"
    height, width = cv2.imread(str(picture)).shape[:2]
    shapes = []
    for row in rows.read_text("utf-8").splitlines() if rows.is_file() else ():
        number, *values = row.split()
        name = names.get(int(number), "")
        shapes.append(Shape(_class_number(name), yolo_points(values, width, height), name))
    return LabelledPhoto(picture, split, origin, tuple(shapes))


def yolo_points(values: Sequence[str], width: int, height: int) -> Points:
    """Turns a YOLO row's numbers (box or polygon, relative to the picture) into an outline."""
    numbers = np.array(values, np.float32)
    if len(numbers) == 4:
        x, y, w, h = numbers * np.array([width, height, width, height], np.float32)
        return ellipse_in((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return numbers.reshape(-1, 2) * np.array([width, height], np.float32)


def _coco(file: Path) -> Iterator[LabelledPhoto]:
    content = json.loads(file.read_text("utf-8"))
    names = {category["id"]: category["name"] for category in content["categories"]}
    by_image: dict[int, list[Shape]] = {image["id"]: [] for image in content["images"]}
    for label in content["annotations"]:
        outline = label.get("segmentation")
        x, y, w, h = label["bbox"]
        points = (
            np.array(outline[0], np.float32).reshape(-1, 2)
            if isinstance(outline, list) and outline
            else ellipse_in((x, y, x + w, y + h))
        )
        name = names[label["category_id"]]
        by_image[label["image_id"]].append(Shape(_class_number(name), points, name))
    split = "dev" if any(word in file.stem for word in ("val", "dev", "test")) else "train"
    for image in content["images"]:
        path = file.parent / image["file_name"]
        yield LabelledPhoto(path, split, file.stem, tuple(by_image[image["id"]]))
