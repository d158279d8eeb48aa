"""The check of written files: it passes what the writer writes, and fails on every tampering."""

import hashlib
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.images.encoded import (
    SAMPLES,
    chunk,
    drawn,
    full_exif,
    saved,
    segment,
    srgb_profile,
    with_chunks,
    xmp_packet,
)
from vov_core.errors import NotCleanError
from vov_core.images import OutputFormat, check_clean, encode, read_photo
from vov_core.images.clean import WEBP_BLOCK_MEAN, WEBP_BLOCK_RMS
from vov_core.images.containers import sniff

WAYS = [
    (OutputFormat.JPEG, 95),
    (OutputFormat.JPEG, 75),
    (OutputFormat.JPEG, 20),
    (OutputFormat.JPEG, 100),
    (OutputFormat.PNG, 95),
    (OutputFormat.WEBP, 95),
    (OutputFormat.WEBP, 60),
    (OutputFormat.WEBP, 100),
]


def case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo of a hand, the same with two fields covered, and where the masks may touch."""
    photo = read_photo((SAMPLES / "hand_00105.jpg").read_bytes()).pixels
    original = np.ascontiguousarray(photo[300:620, 200:490])
    masked = original.copy()
    masked[40:120, 60:140] = (201, 150, 120)
    rng = np.random.default_rng(5)
    masked[200:260, 100:180] = rng.integers(0, 256, (60, 80, 3))
    inside = np.zeros(original.shape[:2], bool)
    inside[36:124, 56:144] = True
    inside[196:264, 96:184] = True
    return original, masked, inside


ORIGINAL, MASKED, INSIDE = case()


def check(output: bytes, **options: object):
    known = {"original": ORIGINAL, "masked": MASKED, "inside": INSIDE}
    return check_clean(output, **(known | options))


def reason(output: bytes, **options: object) -> str:
    with pytest.raises(NotCleanError) as caught:
        check(output, **options)
    return str(caught.value.details["reason"])


@pytest.mark.parametrize(("format", "quality"), WAYS)
def test_written_files_pass(format: OutputFormat, quality: int) -> None:
    output = encode(MASKED, format, quality)
    report = check(output)
    assert report == check(output, quality=quality)
    assert report.metadata_free
    assert (report.height, report.width) == ORIGINAL.shape[:2]
    assert report.bytes == len(output)
    assert report.sha256 == hashlib.sha256(output).hexdigest()
    changed = (ORIGINAL != MASKED).any(axis=2)
    assert report.changed_inside == pytest.approx(changed[INSIDE].mean())
    errors = np.abs(read_photo(output).pixels.astype(int) - ORIGINAL)[~INSIDE]
    assert report.max_error_outside == errors.max()
    assert report.mean_error_outside == pytest.approx(errors.mean(), abs=1e-6)
    if format is OutputFormat.PNG or (format is OutputFormat.WEBP and quality == 100):
        assert report.max_error_outside == 0


@pytest.mark.parametrize("quality", [1, 10, 30, 50, 75, 90, 95, 100])
def test_jpeg_of_pure_noise_passes(quality: int) -> None:
    noise = np.random.default_rng(quality).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    everything = np.ones(noise.shape[:2], bool)
    output = encode(noise, OutputFormat.JPEG, quality)
    report = check(output, original=np.zeros_like(noise), masked=noise, inside=everything)
    assert report.changed_inside == pytest.approx(1, abs=1e-3)
    assert report.max_error_outside == 0


@pytest.mark.parametrize("quality", [10, 50, 75, 95])
def test_webp_of_pure_noise_passes_without_its_quality(quality: int) -> None:
    noise = np.random.default_rng(quality).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    everything = np.ones(noise.shape[:2], bool)
    output = encode(noise, OutputFormat.WEBP, quality)
    check(output, original=np.zeros_like(noise), masked=noise, inside=everything)


@pytest.mark.parametrize(("format", "quality"), WAYS)
def test_nothing_masked_passes(format: OutputFormat, quality: int) -> None:
    output = encode(ORIGINAL, format, quality)
    report = check(output, masked=ORIGINAL, inside=np.zeros_like(INSIDE), quality=quality)
    assert report.changed_inside == 0
    assert check(output, masked=ORIGINAL).changed_inside == 0


# ---- metadata ----


@pytest.mark.parametrize(
    "options",
    [
        {"exif": full_exif()},
        {"icc_profile": srgb_profile()},
        {"comment": b"a remark"},
        {"xmp": xmp_packet()},
    ],
    ids=lambda o: next(iter(o)),
)
def test_jpeg_with_metadata_fails(options: dict) -> None:
    output = saved(MASKED, "JPEG", quality=95, subsampling=0, **options)
    assert reason(output) == "metadata"


@pytest.mark.parametrize(
    "extra",
    [
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xE0, b"JFXX\0\x10abc"),
        segment(0xE2, b"MPF\0"),
        segment(0xED, b"Photoshop 3.0\0"),
        segment(0xEE, b"Adobe and more of it"),
        segment(0xEF, b""),
        segment(0xFE, b"remark"),
        segment(0xF0, b"reserved"),
    ],
    ids=["jfif twice", "jfxx", "mpf", "photoshop", "long adobe", "app15", "comment", "reserved"],
)
def test_jpeg_with_a_foreign_segment_fails(extra: bytes) -> None:
    output = encode(MASKED, OutputFormat.JPEG)
    assert reason(output[:20] + extra + output[20:]) == "metadata"


def test_jpeg_with_a_remark_between_the_scans_fails() -> None:
    output = saved(MASKED, "JPEG", quality=95, subsampling=0, progressive=True)
    assert check(output).metadata_free
    at = output.rindex(b"\xff\xda")
    assert reason(output[:at] + segment(0xFE, b"remark") + output[at:]) == "metadata"


def test_jfif_with_a_thumbnail_fails() -> None:
    output = encode(MASKED, OutputFormat.JPEG)
    thumb = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01" + b"rgb")
    assert reason(output[:2] + thumb + output[20:]) == "metadata"


@pytest.mark.parametrize("name", [b"tEXt", b"eXIf", b"iCCP", b"tIME", b"pHYs", b"tRNS", b"gAMA"])
def test_png_with_a_foreign_chunk_fails(name: bytes) -> None:
    output = with_chunks(encode(MASKED, OutputFormat.PNG), chunk(name, bytes(6)))
    assert reason(output) == "metadata"


def test_png_with_a_filled_end_fails() -> None:
    output = encode(MASKED, OutputFormat.PNG)
    assert reason(output[:-12] + chunk(b"IEND", b"hidden")) == "metadata"


@pytest.mark.parametrize("options", [{"exif": full_exif()}, {"xmp": xmp_packet()},
                                     {"icc_profile": srgb_profile()}])  # fmt: skip
def test_webp_with_metadata_fails(options: dict) -> None:
    assert reason(saved(MASKED, "WEBP", quality=95, method=2, **options)) == "metadata"


def test_webp_with_a_plain_extended_head_passes_and_with_a_foreign_chunk_fails() -> None:
    output = encode(MASKED, OutputFormat.WEBP, 100)
    height, width = MASKED.shape[:2]
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]

    def riff(*chunks: bytes) -> bytes:
        body = b"WEBP" + b"".join(chunks)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    assert check(riff(extended, output[12:])).metadata_free
    foreign = b"note" + struct.pack("<I", 3) + b"abc\0"
    assert reason(riff(extended, output[12:], foreign)) == "metadata"
    assert reason(riff(output[12:], foreign)) == "metadata"


@pytest.mark.parametrize("format", OutputFormat)
def test_trailing_bytes_fail(format: OutputFormat) -> None:
    output = encode(MASKED, format)
    assert reason(output + b"x") == "trailing_data"
    assert reason(output + output) == "trailing_data"


@pytest.mark.parametrize("format", OutputFormat)
def test_cut_files_fail(format: OutputFormat) -> None:
    output = encode(MASKED, format)
    for end in (0, 3, 12, 40, len(output) // 2, len(output) - 1):
        assert reason(output[:end]) == "container"


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_fail(format: str) -> None:
    assert reason(saved(MASKED, format)) == "container"


def test_hidden_alpha_fails() -> None:
    clear = np.dstack([MASKED, np.full(MASKED.shape[:2], 254, np.uint8)])
    assert reason(saved(clear, "PNG")) == "metadata"
    assert reason(saved(clear, "WEBP", lossless=True)) == "metadata"


# ---- pixels ----


@pytest.mark.parametrize(("format", "quality"), WAYS)
def test_uncovered_output_fails(format: OutputFormat, quality: int) -> None:
    assert reason(encode(ORIGINAL, format, quality)) == "unchanged"
    assert reason(encode(ORIGINAL, format, quality), quality=quality) == "unchanged"


@pytest.mark.parametrize(("format", "quality"), WAYS)
def test_one_uncovered_block_fails(format: OutputFormat, quality: int) -> None:
    partly = MASKED.copy()
    partly[48:56, 64:72] = ORIGINAL[48:56, 64:72]
    assert (partly != MASKED).any()
    assert reason(encode(partly, format, quality), quality=quality) == "pixels"


@pytest.mark.parametrize("format", [OutputFormat.PNG, OutputFormat.JPEG])
def test_one_uncovered_pixel_fails(format: OutputFormat) -> None:
    partly = MASKED.copy()
    partly[210, 110] = 255 - partly[210, 110]
    assert reason(encode(partly, format)) == "pixels"


@pytest.mark.parametrize(("format", "quality"), WAYS)
def test_another_picture_outside_fails(format: OutputFormat, quality: int) -> None:
    other = MASKED.copy()
    other[-40:, -40:] = 255 - other[-40:, -40:]
    assert reason(encode(other, format, quality)) == "pixels"


@pytest.mark.parametrize(("format", "quality"), WAYS)
def test_another_size_fails(format: OutputFormat, quality: int) -> None:
    assert reason(encode(MASKED[:-1], format, quality)) == "size"
    assert reason(encode(np.ascontiguousarray(MASKED.swapaxes(0, 1)), format, quality)) == "size"


def test_mask_outside_of_its_place_fails() -> None:
    leaking = MASKED.copy()
    leaking[0, 0] ^= 1
    assert reason(encode(leaking, OutputFormat.PNG), masked=leaking) == "outside"


def test_grey_or_reduced_colour_fails() -> None:
    assert reason(saved(Image.fromarray(MASKED).convert("L"), "JPEG", quality=95)) == "pixels"
    reduced = saved(MASKED, "JPEG", quality=95, subsampling=2)
    assert reason(reduced) == "pixels"


def test_arrays_that_do_not_fit_are_refused() -> None:
    output = encode(MASKED, OutputFormat.PNG)
    with pytest.raises(ValueError, match="same size"):
        check(output, inside=INSIDE[:-1])
    with pytest.raises(ValueError, match="same size"):
        check(output, original=ORIGINAL[:-1])


SMALL = drawn(24, 16)
SMALL_FILES = [(encode(SMALL, f, q), q) for f, q in WAYS]


@settings(
    max_examples=int(os.environ.get("VOV_FUZZ_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)
@given(st.sampled_from(SMALL_FILES), st.booleans(), st.data())
def test_damaged_files_fail_or_show_the_same(
    file_and_quality: tuple[bytes, int], told: bool, data: st.DataObject
) -> None:
    file, quality = file_and_quality
    damaged = bytearray(file)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    nothing = np.zeros(SMALL.shape[:2], bool)
    try:
        report = check_clean(
            bytes(damaged),
            original=SMALL,
            masked=SMALL,
            inside=nothing,
            quality=quality if told else None,
        )
    except NotCleanError:
        return
    if sniff(file) == "JPEG":
        # Its own tables may be among the damage, and then it is a JPEG of another quality.
        assert report.mean_error_outside < 40
    elif told:
        assert (read_photo(bytes(damaged)).pixels == read_photo(file).pixels).all()
    else:
        assert report.mean_error_outside < WEBP_BLOCK_MEAN + WEBP_BLOCK_RMS


def test_wrong_colour_fails_without_the_quality() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(SMALL, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    output = encode(grey, OutputFormat.WEBP, 95)
    with pytest.raises(NotCleanError):
        check_clean(output, original=SMALL, masked=SMALL, inside=np.zeros(SMALL.shape[:2], bool))


def test_checksum_of_png_data_is_verified() -> None:
    output = bytearray(encode(MASKED, OutputFormat.PNG))
    at = output.index(b"IDAT")
    length = struct.unpack_from(">I", output, at - 4)[0]
    assert (
        zlib.crc32(output[at : at + 4 + length])
        == struct.unpack_from(">I", output, at + 4 + length)[0]
    )
    output[at + 4 + length] ^= 1
    assert reason(bytes(output)) == "container"
