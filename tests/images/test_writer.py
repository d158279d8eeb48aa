"""The writer: what comes out has the right format, size, quality and nothing else in it."""

import numpy as np
import pytest
from PIL import Image

from tests.images.encoded import drawn
from vov_core.images import OutputFormat, encode, formats_for, output_format_for, read_photo
from vov_core.images.containers import jpeg_parts, sniff


@pytest.mark.parametrize(
    ("photo", "written"),
    [("PNG", "png"), ("BMP", "png"), ("TIFF", "png"), ("GIF", "png"), ("WEBP", "webp"),
     ("JPEG", "jpeg"), ("HEIF", "jpeg"), ("AVIF", "jpeg"), ("heif", "jpeg"), ("png", "png")],
)  # fmt: skip
def test_format_for_a_photo(photo: str, written: str) -> None:
    assert output_format_for(photo) == OutputFormat(written)


@pytest.mark.parametrize("format", OutputFormat)
def test_written_format(format: OutputFormat) -> None:
    assert sniff(encode(drawn(), format)) == format.upper()


@pytest.mark.parametrize(
    ("format", "quality"),
    [(OutputFormat.PNG, 1), (OutputFormat.WEBP, 100), (OutputFormat.WEBP, 120)],
)
def test_lossless(format: OutputFormat, quality: int) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    assert (read_photo(encode(noise, format, quality)).pixels == noise).all()


@pytest.mark.parametrize("format", [OutputFormat.JPEG, OutputFormat.WEBP])
def test_quality_counts(format: OutputFormat) -> None:
    sizes, errors = [], []
    noisy = np.clip(
        drawn(256, 192) + np.random.default_rng(0).normal(0, 8, (192, 256, 3)), 0, 255
    ).astype(np.uint8)
    for quality in (20, 60, 95):
        data = encode(noisy, format, quality)
        sizes.append(len(data))
        errors.append(np.abs(read_photo(data).pixels.astype(int) - noisy).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_jpeg_keeps_full_colour_resolution() -> None:
    data = encode(drawn(), OutputFormat.JPEG)
    frame = next(p for p in jpeg_parts(data) if p.kind == "ffc0")
    factors = data[frame.body : frame.end][7::3]
    assert set(factors) == {0x11}
    kinds = [p.kind for p in jpeg_parts(data)]
    assert set(kinds) <= {"ffd8", "ffe0", "ffdb", "ffc0", "ffc4", "ffda", "ffd9"}


@pytest.mark.parametrize("format", OutputFormat)
def test_input_is_not_changed_and_may_be_read_only(format: OutputFormat) -> None:
    pixels = drawn()
    pixels.flags.writeable = False
    before = pixels.copy()
    encode(pixels, format)
    encode(pixels[::2, ::-1], format)
    assert (pixels == before).all()


@pytest.mark.parametrize("format", OutputFormat)
def test_same_pixels_give_the_same_file(format: OutputFormat) -> None:
    assert encode(drawn(), format) == encode(drawn().copy(), format)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.float32),
     np.zeros((0, 8, 3), np.uint8)],
)  # fmt: skip
def test_other_arrays_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="RGB"):
        encode(pixels, OutputFormat.PNG)


def test_quality_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="quality"):
        encode(drawn(), OutputFormat.JPEG, 0)


def test_formats_that_hold_a_size() -> None:
    assert formats_for(4000, 3000) == tuple(OutputFormat)
    assert formats_for(20_000, 20) == (OutputFormat.JPEG, OutputFormat.PNG)
    assert formats_for(20, 70_000) == (OutputFormat.PNG,)
    with pytest.raises(ValueError, match="20000"):
        encode(np.zeros((8, 20_000, 3), np.uint8), OutputFormat.WEBP)
    with pytest.raises(ValueError, match="70000"):
        encode(np.zeros((70_000, 8, 3), np.uint8), OutputFormat.JPEG)


@pytest.mark.parametrize(
    ("format", "side"),
    [(OutputFormat.JPEG, 65_500), (OutputFormat.PNG, 100_000), (OutputFormat.WEBP, 16_383)],
)
def test_longest_sides_are_written_and_read(format: OutputFormat, side: int) -> None:
    pixels = np.full((8, side, 3), 90, np.uint8)
    assert read_photo(encode(pixels, format)).pixels.shape == pixels.shape


def test_pillow_agrees() -> None:
    from io import BytesIO

    for format in OutputFormat:
        with Image.open(BytesIO(encode(drawn(), format))) as image:
            assert image.mode == "RGB"
            assert not set(image.info) & {"exif", "icc_profile", "xmp", "comment", "dpi"}
