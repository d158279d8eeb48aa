"""Every form of labels says the same."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.drawn import HEIGHT, WIDTH, draw
from training import UNCLEAR
from training.labels import ellipse_in, read


def test_own_annotations(own_set: Path) -> None:
    photos = read(own_set)
    assert [photo.split for photo in photos] == ["train"] * 4 + ["dev"] * 2
    assert [shape.number for shape in photos[0].shapes] == [0, 1, UNCLEAR]
    assert [shape.box for shape in photos[0].shapes] == [box for _, box in draw(0)[1]]
    assert photos[0].hands[0].shape == (21, 2)


@pytest.mark.parametrize("form", ["coco_file", "yolo_set"])
def test_other_forms(form: str, request: pytest.FixtureRequest) -> None:
    photo = read(request.getfixturevalue(form))[0]
    assert photo.split == "train"
    assert photo.path.is_file()
    assert [shape.number for shape in photo.shapes] == [0, 1, UNCLEAR]
    for shape, (_, box) in zip(photo.shapes, draw(0)[1], strict=True):
        assert np.allclose(shape.box, box, atol=0.01)


def test_yolo_val_is_dev(yolo_set: Path) -> None:
    assert [photo.split for photo in read(yolo_set)] == ["train", "dev"]


def test_an_ellipse_has_its_box() -> None:
    points = ellipse_in((0, 0, WIDTH, HEIGHT))
    assert np.allclose([*points.min(0), *points.max(0)], [0, 0, WIDTH, HEIGHT], atol=1e-4)


def test_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path)
