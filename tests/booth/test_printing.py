"""The printed file: the pixels, the resolution, and nothing else."""

import io
import struct
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from tests.images.encoded import drawn
from vov_core.booth import DPI, print_file
from vov_core.images import OutputFormat, read_photo


@pytest.mark.parametrize("format", [OutputFormat.JPEG, OutputFormat.PNG])
def test_a_print_says_its_resolution_and_no_more(format: OutputFormat) -> None:
    pixels = drawn(400, 600)
    output = print_file(pixels, format)
    with Image.open(io.BytesIO(output.data)) as opened:
        opened.load()
        told = dict(opened.info)
        assert opened.size == (pixels.shape[1], pixels.shape[0])
    assert tuple(round(dpi) for dpi in told.pop("dpi")) == (DPI, DPI)
    # Pillow tells JFIF's own head, which every JPEG has.
    assert {name for name in told if not name.startswith("jfif")} == set()
    photo = read_photo(output.data)
    assert photo.metadata == () and photo.notices == ()
    assert output.report.sha256 == sha256(output.data).hexdigest()
    assert output.report.bytes == len(output.data) and output.report.metadata_free
    difference = np.abs(photo.pixels.astype(int) - pixels)
    assert difference.max() == 0 if format is OutputFormat.PNG else difference.mean() < 3


def test_a_png_has_picture_parts_and_its_resolution_only() -> None:
    data = print_file(drawn(60, 80), OutputFormat.PNG).data
    names, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        names.append(data[place + 4 : place + 8].decode())
        place += 12 + length
    assert names[:2] == ["IHDR", "pHYs"] and set(names[2:]) == {"IDAT", "IEND"}


def test_webp_carries_no_resolution() -> None:
    with pytest.raises(ValueError, match="resolution"):
        print_file(drawn(60, 80), OutputFormat.WEBP)
