"""Whatever bytes come in: a photo or an error that a person may meet, in bounded time.

``VOV_FUZZ_EXAMPLES`` sets the number of examples per test for a longer run.
"""

import os
import time
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.images.encoded import FORMATS, drawn, exif_with_thumbnail, plain, saved
from tests.images.test_metadata import CARRIED, loaded
from vov_core.errors import PhotoError
from vov_core.images import Photo, ReadLimits, read_photo

EXAMPLES = int(os.environ.get("VOV_FUZZ_EXAMPLES", "60"))
SECONDS = 5.0
LIMITS = ReadLimits(max_pixels=4_000_000)

VALID = {format: [plain(format), plain(format, 33, 17)] for format in FORMATS}
for _format in CARRIED:
    VALID[_format].append(loaded(_format))
VALID["JPEG"].append(saved(drawn(), "JPEG", progressive=True, exif=exif_with_thumbnail(6)))
VALID["TIFF"].append(saved(drawn(), "TIFF", compression="tiff_lzw"))
VALID["TIFF"].append(saved(drawn(), "TIFF", compression="jpeg"))
VALID["TIFF"].append(saved(drawn(), "TIFF", big_tiff=True))
VALID["PNG"].append(saved(drawn()[..., 0].astype(np.uint16) * 257, "PNG"))
ALL = [data for files in VALID.values() for data in files]

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    # Pillow's remarks on damaged files are expected here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(data: bytes) -> None:
    start = time.perf_counter()
    try:
        photo = read_photo(data, LIMITS)
    except PhotoError as error:
        assert all(isinstance(v, str | int | float) for v in error.details.values())
    else:
        assert isinstance(photo, Photo)
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.ndim == 3
        assert photo.pixels.shape[2] == 3
        assert photo.pixels.flags.c_contiguous
        assert not photo.pixels.flags.writeable
        assert photo.width * photo.height <= LIMITS.max_pixels
        assert min(photo.width, photo.height) >= LIMITS.min_side
    assert time.perf_counter() - start < SECONDS


HEADS = [data[:n] for data in ALL for n in (4, 12, 26)]


@fuzz
@given(st.binary(max_size=2_000), st.sampled_from([b"", *HEADS]))
def test_random_bytes(body: bytes, head: bytes) -> None:
    read(head + body)


@st.composite
def mutated(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """A valid file with some bytes changed, removed, repeated or put in."""
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 8))):
        # Most of what a parser trusts stands near the beginning.
        reach = draw(st.sampled_from([40, 400, len(data)]))
        at = draw(st.integers(0, max(0, min(reach, len(data)) - 1)))
        match draw(st.sampled_from(["set", "word", "cut", "insert", "repeat"])):
            case "set":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "word":
                extreme = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\xff\xff"]
                data[at : at + 4] = draw(st.sampled_from(extreme))
            case "cut":
                del data[at : at + draw(st.integers(1, 64))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=16))
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 200))]
        if not data:
            return b""
    return bytes(data)


@pytest.mark.parametrize("format", FORMATS)
@fuzz
@given(st.data())
def test_mutated_files(format: str, data: st.DataObject) -> None:
    read(data.draw(mutated(VALID[format])))


@pytest.mark.parametrize("format", FORMATS)
@fuzz
@given(st.data())
def test_truncated_files(format: str, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(VALID[format]))
    end = data.draw(st.integers(0, len(file)))
    read(file[:end] + bytes(data.draw(st.integers(0, 64))))


@fuzz
@given(st.sampled_from(ALL), st.sampled_from(ALL), st.data())
def test_spliced_files(first: bytes, second: bytes, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(first)))
    right = data.draw(st.integers(0, len(second)))
    read(first[:left] + second[right:])
