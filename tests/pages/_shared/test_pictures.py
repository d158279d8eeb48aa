"""Pictures for the screen: sizes, windows, data addresses."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pages._shared.pictures import crop, data_url, fit, jpeg, preview, square_around
from tests.images.encoded import drawn


def decoded(address: str) -> Image.Image:
    head, _, body = address.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(BytesIO(b64decode(body)))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((400, 200), (100, 50)), ((200, 400), (50, 100)), ((90, 60), (90, 60)), ((4000, 2), (100, 1))],
)
def test_fit_keeps_the_shape_and_never_enlarges(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    small = fit(drawn(*size), 100)
    assert (small.shape[1], small.shape[0]) == expected and small.dtype == np.uint8


def test_colours_arrive_in_the_right_order() -> None:
    red = np.full((40, 60, 3), (200, 30, 10), np.uint8)
    shown = decoded(preview(red)).convert("RGB").getpixel((30, 20))
    assert max(abs(a - b) for a, b in zip(shown, (200, 30, 10), strict=True)) <= 4


def test_a_preview_carries_nothing_but_pixels() -> None:
    picture = decoded(data_url(jpeg(drawn(80, 60))))
    assert picture.size == (80, 60) and not picture.getexif() and "comment" not in picture.info


@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.tuples(*[st.floats(-500, 3500) for _ in range(4)]),
    st.floats(0, 1),
)
def test_a_window_lies_in_the_picture(
    width: int, height: int, corners: tuple[float, ...], margin: float
) -> None:
    a, b, c, d = corners
    box = (min(a, c), min(b, d), max(a, c), max(b, d))
    x0, y0, x1, y1 = square_around(box, width, height, margin)
    assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
    assert abs((x1 - x0) - (y1 - y0)) <= 1
    pixels = np.zeros((height, width, 3), np.uint8)
    assert crop(pixels, (x0, y0, x1, y1)).size > 0


def test_a_window_holds_its_box() -> None:
    x0, y0, x1, y1 = square_around((300, 310, 340, 330), 1000, 800, 0.5)
    assert (x0, y0, x1, y1) == (280, 280, 360, 360)
