"""Small multiples as a file: every picture in its place, rows and columns named."""

from io import BytesIO

import numpy as np
from PIL import Image

from vov_core.lab import sheet


def plain(shade: int) -> np.ndarray:
    return np.full((60, 80, 3), shade, np.uint8)


def read(data: bytes) -> np.ndarray:
    image = Image.open(BytesIO(data))
    assert image.format == "PNG"
    return np.asarray(image)


def test_every_picture_stands_in_its_place() -> None:
    shades = [[10, 60, 110], [160, 210, 240]]
    drawn = read(sheet([[plain(s) for s in row] for row in shades], ["25%", "50%"], list("abc")))
    for row, shown in enumerate(shades):
        for column, shade in enumerate(shown):
            middle = drawn[56 + row * 72 + 30, 110 + column * 92 + 40]
            assert middle.tolist() == [shade] * 3


def test_rows_and_columns_are_named_in_korean_too() -> None:
    named = read(sheet([[plain(0)]], ["25%"], ["피부색"]))
    blank = read(sheet([[plain(0)]], [""], [""]))
    assert (named[:56] != blank[:56]).any() and (named[:, :110] != blank[:, :110]).any()
