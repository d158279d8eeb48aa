"""Labelled zips: YOLO, COCO, and what somebody might send instead."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.made import jpeg
from vov_core.errors import (
    LabelsUnreadableError,
    SetEmptyError,
    SetTooLargeError,
    ZipUnusableError,
)
from vov_core.findings import Box
from vov_core.lab import LabFile, Truth, read_labelled_zip, rendered_shapes

LIMITS = {"photos": 5, "total_bytes": 2 * 1024**2}


def packed(files: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return buffer.getvalue()


def read(files: dict[str, bytes | str], **limits: int) -> tuple[LabFile, ...]:
    return read_labelled_zip(packed(files), **{**LIMITS, **limits})


def boxes(file: LabFile, size: tuple[int, int] = (320, 240)) -> list[tuple[Truth, Box]]:
    return [
        (shape.truth, tuple(round(edge) for edge in shape.box))
        for shape in file.shapes_at(*size) or ()
    ]


def test_yolo_with_names_and_folders() -> None:
    first, second = read(
        {
            "set/data.yaml": "names: [nail, fingerprint, ring]\n",
            "set/images/val/b.jpg": jpeg(),
            "set/images/val/a.jpg": jpeg(),
            "set/labels/val/a.txt": "1 0.5 0.5 0.25 0.5\n0 .25 .25 .5 .5\n2 .5 .5 .1 .1\n",
        }
    )
    assert (first.name, second.name, second.shapes) == ("a.jpg", "b.jpg", None)
    assert boxes(first) == [
        (Truth.PAD, (120, 60, 200, 180)),
        (Truth.NAIL, (0, 0, 160, 120)),
        (Truth.UNCLEAR, (144, 108, 176, 132)),
    ]


def test_yolo_polygons_beside_the_pictures() -> None:
    (file,) = read({"a.jpg": jpeg(), "a.txt": "0 0.1 0.1 0.5 0.1 0.5 0.5\n\n"})
    assert boxes(file) == [(Truth.PAD, (32, 24, 160, 120))]


def coco(**changes: Any) -> str:
    content = {
        "images": [{"id": 7, "file_name": "images/a.jpg"}],
        "categories": [{"id": 3, "name": "Fingerprint"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [10, 20, 30, 40]},
            {
                "image_id": 7,
                "category_id": 3,
                "bbox": [0, 0, 1, 1],
                "segmentation": [[50, 50, 90, 50, 90, 80]],
            },
        ],
    }
    return json.dumps(content | changes)


def test_coco_boxes_and_outlines() -> None:
    (file,) = read({"images/a.jpg": jpeg(), "coco.json": coco(), "notes.json": "[]"})
    assert boxes(file) == [(Truth.PAD, (10, 20, 40, 60)), (Truth.PAD, (50, 50, 90, 80))]


def test_pictures_without_labels_are_a_set_too() -> None:
    (file,) = read({"__MACOSX/a.jpg": b"x", "a.jpg": jpeg()})
    assert file.shapes is None and file.data == jpeg()


@pytest.mark.parametrize(
    "files",
    [
        {"a.jpg": jpeg(), "a.txt": "0 0.5 0.5 x 1"},
        {"a.jpg": jpeg(), "a.txt": "0 0.5 0.5 0 0.1"},
        {"a.jpg": jpeg(), "a.txt": "0 nan nan nan nan"},
        {"a.jpg": jpeg(), "a.txt": b"\xff\xfe\x00"},
        {"a.jpg": jpeg(), "data.yaml": "names: [a\n"},
        {"a.jpg": jpeg(), "data.yaml": "nothing: 1\n"},
        {"a.jpg": jpeg(), "c.json": coco(categories=[])},
        {"a.jpg": jpeg(), "c.json": '{"annotations": '},
        {"a.jpg": jpeg(), "c.json": "[" * 100_000},
    ],
)
def test_labels_that_make_no_sense(files: dict[str, bytes | str]) -> None:
    with pytest.raises(LabelsUnreadableError):
        read(files)


@pytest.mark.parametrize("spoil", [lambda d: d[:-30], lambda _: b"", lambda _: b"PK\x03\x04 no"])
def test_no_zip(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ZipUnusableError):
        read_labelled_zip(spoil(packed({"a.jpg": jpeg()})), **LIMITS)


def test_an_encrypted_zip() -> None:
    data = bytearray(packed({"a.jpg": jpeg()}))
    data[6] |= 1  # the flag in the local header ...
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1  # ... and in the directory
    with pytest.raises(ZipUnusableError):
        read_labelled_zip(bytes(data), **LIMITS)


def test_nothing_to_look_at() -> None:
    with pytest.raises(SetEmptyError):
        read({"readme.md": "no pictures"})


def test_too_many_photos() -> None:
    with pytest.raises(SetTooLargeError):
        read({f"{n}.jpg": jpeg() for n in range(6)})


def test_a_zip_bomb_is_refused() -> None:
    with pytest.raises(SetTooLargeError):
        read({"a.jpg": bytes(50 * 1024**2)})


def test_a_zip_bomb_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(packed({"a.jpg": bytes(50 * 1024**2)}))
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (1000).to_bytes(4, "little")
    with pytest.raises((SetTooLargeError, ZipUnusableError)):
        read_labelled_zip(bytes(data), **LIMITS)


def test_a_bomb_among_the_labels_is_refused() -> None:
    with pytest.raises(SetTooLargeError):
        read({"a.jpg": jpeg(), "a.txt": b" " * (21 * 1024**2)})


def test_pads_of_a_rendered_sample(truth: Callable[[str], dict[str, Any]]) -> None:
    shapes = rendered_shapes(truth("00119"))
    assert sum(shape.truth is Truth.PAD for shape in shapes) == 5
    assert sum(shape.truth is Truth.HAND for shape in shapes) == 1
