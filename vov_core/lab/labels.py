"""Labelled photos out of a zip: YOLO or COCO form, read in memory, within limits."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import cos, isfinite, pi, sin
from pathlib import PurePosixPath
from typing import Any

import yaml

from vov_core.errors import LabelsUnreadableError, SetEmptyError, SetTooLargeError, ZipUnusableError
from vov_core.findings import Box, Polygon

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}

_ENTRIES = 5_000
_LABEL_BYTES = 20 * 1024**2
_POINTS = 16


class Truth(StrEnum):
    """What a label says of a place.

    Nothing counts as right or wrong where it is unclear. On a hand, a cover is no false cover, but
    what a detector takes for a fingerprint there is a false find.
    """

    PAD = "fingerprint"
    NAIL = "nail"
    UNCLEAR = "unclear"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Shape:
    """One labelled outline, in pixels of the photo or relative to its size."""

    truth: Truth
    points: Polygon

    @property
    def box(self) -> Box:
        """The smallest upright rectangle around it: x0, y0, x1, y1."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def scaled(self, x: float, y: float) -> "Shape":
        """The same outline in a picture of another size."""
        return replace(self, points=tuple((px * x, py * y) for px, py in self.points))


@dataclass(frozen=True, eq=False)
class LabFile:
    """One photo that the lab is given.

    Attributes:
        name: File name.
        data: Its bytes.
        shapes: Its labels; None where the set has none.
        relative: Whether the labels are relative to the photo's size (YOLO).
    """

    name: str
    data: bytes = field(repr=False)
    shapes: tuple[Shape, ...] | None = None
    relative: bool = False

    def shapes_at(self, width: int, height: int) -> tuple[Shape, ...] | None:
        """The labels in pixels of the photo."""
        if self.shapes is None or not self.relative:
            return self.shapes
        return tuple(shape.scaled(width, height) for shape in self.shapes)


def read_labelled_zip(data: bytes, *, photos: int, total_bytes: int) -> tuple[LabFile, ...]:
    """Reads a labelled set: COCO where the zip has such a JSON file, YOLO otherwise.

    Nothing is unpacked to disk. What an entry really holds is counted while reading, whatever the
    zip says of it.

    Args:
        data: The zip.
        photos: How many photos are accepted.
        total_bytes: How many bytes all unpacked photos may have.

    Raises:
        ZipUnusableError: No zip, damaged or encrypted.
        SetTooLargeError: More than accepted.
        SetEmptyError: No picture in it.
        LabelsUnreadableError: A label file can't be understood.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            return _read(bundle, photos, total_bytes)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ZipUnusableError from error


def rendered_shapes(facts: Mapping[str, Any]) -> tuple[Shape, ...]:
    """The pads that a rendered sample shows, by its facts; hardly visible ones are unclear.

    The facts do not say where nails and the sides of fingers are, so the hand is labelled too.
    """
    x0, y0, x1, y1 = (float(edge) for edge in facts["hand_bbox_xyxy"])
    shapes = [Shape(Truth.HAND, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))]
    for pad in facts["pads"]:
        outlines = pad.get("pad_polygons") or []
        if not outlines or not pad.get("pad_px"):
            continue
        clear = pad["visible"] and pad.get("visible_fraction", 1) >= 0.5
        points = tuple((float(x), float(y)) for x, y in max(outlines, key=len))
        shapes.append(Shape(Truth.PAD if clear else Truth.UNCLEAR, points))
    return tuple(shapes)


def _read(bundle: zipfile.ZipFile, photos: int, total_bytes: int) -> tuple[LabFile, ...]:
    entries = {
        info.filename: info
        for info in bundle.infolist()
        if not info.is_dir() and "__MACOSX" not in info.filename
    }
    pictures = [n for n in entries if PurePosixPath(n).suffix.lower() in PICTURES]
    if not pictures:
        raise SetEmptyError
    if len(pictures) > photos or len(entries) > _ENTRIES:
        raise SetTooLargeError(photos=photos, mb=total_bytes // 1024**2)
    budget = _Budget(total_bytes, photos)
    texts = _Budget(_LABEL_BYTES, photos)
    coco = _coco(bundle, entries, texts)
    names = _class_names(bundle, entries, texts) if coco is None else {}
    files = []
    for picture in sorted(pictures):
        shapes = (
            _yolo(bundle, entries, picture, names, texts)
            if coco is None
            else coco.get(PurePosixPath(picture).name, ())
        )
        content = budget.read(bundle, entries[picture])
        files.append(LabFile(PurePosixPath(picture).name, content, shapes, coco is None))
    return tuple(files)


class _Budget:
    """Reads entries until so many bytes came out; a zip bomb ends here."""

    def __init__(self, total: int, photos: int) -> None:
        self._left = self._total = total
        self._photos = photos

    def read(self, bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        if info.file_size > self._left:
            raise SetTooLargeError(photos=self._photos, mb=self._total // 1024**2)
        with bundle.open(info) as file:
            content = file.read(self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise SetTooLargeError(photos=self._photos, mb=self._total // 1024**2)
        return content


def _coco(
    bundle: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], texts: _Budget
) -> dict[str, tuple[Shape, ...]] | None:
    """File name -> labels, of all COCO files in the zip; None where there is none."""
    found: dict[str, tuple[Shape, ...]] | None = None
    for name in entries:
        if PurePosixPath(name).suffix.lower() != ".json":
            continue
        try:
            content = json.loads(texts.read(bundle, entries[name]))
            if not isinstance(content, dict) or "annotations" not in content:
                continue
            found = {**(found or {}), **_coco_shapes(content)}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise LabelsUnreadableError(file=PurePosixPath(name).name) from error
    return found


def _coco_shapes(content: Mapping[str, Any]) -> dict[str, tuple[Shape, ...]]:
    names = {category["id"]: str(category["name"]) for category in content["categories"]}
    shapes: dict[Any, list[Shape]] = {image["id"]: [] for image in content["images"]}
    for label in content["annotations"]:
        outline = label.get("segmentation")
        if isinstance(outline, list) and outline:
            points = _pairs([float(value) for value in outline[0]])
        else:
            x, y, width, height = (float(value) for value in label["bbox"])
            points = _ellipse(x, y, x + width, y + height)
        shapes[label["image_id"]].append(Shape(_truth(names[label["category_id"]]), points))
    return {
        PurePosixPath(str(image["file_name"])).name: tuple(shapes[image["id"]])
        for image in content["images"]
    }


def _class_names(
    bundle: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], texts: _Budget
) -> dict[int, str]:
    """Of ``data.yaml``; without one, 0 is a fingerprint and 1 a nail."""
    for name in entries:
        if PurePosixPath(name).name in {"data.yaml", "data.yml"}:
            try:
                names = yaml.safe_load(texts.read(bundle, entries[name]))["names"]
                rows = names.items() if isinstance(names, dict) else enumerate(names)
                return {int(number): str(word) for number, word in rows}
            except (yaml.YAMLError, ValueError, LookupError, TypeError, RecursionError) as error:
                raise LabelsUnreadableError(file=PurePosixPath(name).name) from error
    return {0: Truth.PAD.value, 1: Truth.NAIL.value}


def _yolo(
    bundle: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    picture: str,
    names: Mapping[int, str],
    texts: _Budget,
) -> tuple[Shape, ...] | None:
    """The rows beside a picture, or in ``labels`` where the picture is in ``images``."""
    for place in _label_places(PurePosixPath(picture)):
        if place in entries:
            try:
                content = texts.read(bundle, entries[place]).decode("utf-8")
                return tuple(_yolo_row(row, names) for row in content.splitlines() if row.strip())
            except ValueError as error:
                raise LabelsUnreadableError(file=PurePosixPath(place).name) from error
    return None


def _label_places(picture: PurePosixPath) -> Iterator[str]:
    parts = ["labels" if part == "images" else part for part in picture.parts[:-1]]
    yield str(PurePosixPath(*parts, f"{picture.stem}.txt"))
    yield str(picture.with_suffix(".txt"))


def _yolo_row(row: str, names: Mapping[int, str]) -> Shape:
    number, *values = row.split()
    numbers = [float(value) for value in values]
    if len(numbers) == 4:
        x, y, width, height = numbers
        points = _ellipse(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    else:
        points = _pairs(numbers)
    return Shape(_truth(names.get(int(number), "")), points)


def _truth(name: str) -> Truth:
    """A class name that is none of ours says nothing about finger tips."""
    word = name.strip().lower()
    return Truth(word) if word in set(Truth) else Truth.UNCLEAR


def _pairs(numbers: Sequence[float]) -> Polygon:
    if len(numbers) < 6 or len(numbers) % 2 or not all(isfinite(n) for n in numbers):
        raise ValueError("no outline")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _ellipse(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """The ellipse in a box: a tip does not fill its box's corners."""
    if not all(isfinite(edge) for edge in (x0, y0, x1, y1)) or x1 <= x0 or y1 <= y0:
        raise ValueError("no box")
    angles = [2 * pi * step / _POINTS for step in range(_POINTS)]
    return tuple(
        ((x0 + x1 + (x1 - x0) * cos(a)) / 2, (y0 + y1 + (y1 - y0) * sin(a)) / 2) for a in angles
    )
