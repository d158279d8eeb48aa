"""The photo reader: uploaded bytes in, upright sRGB pixels out, or an error told to the person."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vov_core.errors import (
    BrokenPhotoError,
    EmptyFileError,
    FileTooLargeError,
    NotAPhotoError,
    PhotoError,
    TooManyPixelsError,
    TooSmallError,
    VideoElsewhereError,
)
from vov_core.images import containers
from vov_core.images.colour import to_srgb
from vov_core.images.openers import OPENERS
from vov_core.images.source import Source

KINDS = ("exif", "gps", "camera", "time", "thumbnail", "xmp", "icc", "iptc", "comment")
NOTICES = (
    "first_frame",
    "orientation_ignored",
    "metadata_unreadable",
    "alpha_flattened",
    "depth_reduced",
)

_MEGABYTE = 1024 * 1024
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo as the rest of the program sees it.

    Attributes:
        pixels: RGB (sRGB), uint8, (H, W, 3), C-contiguous, read-only, EXIF orientation applied.
        sha256: SHA-256 of the uploaded bytes, hex.
        format: ``JPEG``, ``PNG``, ``WEBP``, ``HEIF``, ``AVIF``, ``BMP``, ``TIFF`` or ``GIF``.
        metadata: The kinds of metadata that the file carried, in the order of ``KINDS``.
        notices: Codes of what the person is told, in the order of ``NOTICES``: ``first_frame``
            (an animated or multi-page file, only the first picture is used),
            ``orientation_ignored`` (no valid EXIF orientation), ``metadata_unreadable``,
            ``alpha_flattened`` (transparency laid on white), ``depth_reduced`` (more than 8 bit).
    """

    pixels: NDArray[np.uint8]
    sha256: str
    format: str
    metadata: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """What the reader accepts.

    Attributes:
        max_bytes: Of the file.
        max_pixels: Width times height.
        min_side: Of the shorter side, in pixels.
    """

    max_bytes: int = 30 * _MEGABYTE
    max_pixels: int = 80_000_000
    min_side: int = 8


DEFAULT_LIMITS = ReadLimits()


def read_photo(data: bytes, limits: ReadLimits = DEFAULT_LIMITS) -> Photo:
    """Reads an uploaded file of any supported format.

    The format comes from the bytes. Limits are checked before anything is decoded. Only the first
    frame is touched. Metadata, however damaged, never fails a good picture.

    Raises:
        EmptyFileError: No bytes.
        FileTooLargeError: More bytes than allowed.
        NotAPhotoError: No picture of a supported format.
        VideoElsewhereError: A video.
        TooManyPixelsError: More pixels than allowed, by the header.
        TooSmallError: A side shorter than allowed.
        BrokenPhotoError: Cut off, damaged, or written in a way that no decoder here knows.
    """
    if not data:
        raise EmptyFileError
    if len(data) > limits.max_bytes:
        raise FileTooLargeError(
            size_mb=round(len(data) / _MEGABYTE, 1), limit_mb=round(limits.max_bytes / _MEGABYTE, 1)
        )
    kind = containers.sniff(data)
    if kind is None:
        raise VideoElsewhereError if containers.sniff_video(data) else NotAPhotoError
    try:
        return _read(data, kind, limits)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # A frame inside the file is larger than the file's own header says.
        raise _too_many(2 * (Image.MAX_IMAGE_PIXELS or limits.max_pixels), limits) from error
    except Exception as error:
        # Decoders meet hostile bytes with every kind of exception; all of them mean the same here.
        raise BrokenPhotoError(format=kind) from error


def stated_pixels(data: bytes) -> int:
    """Width times height as a picture's header states them; 0 if it states nothing usable.

    For planning memory before anything is decoded; :func:`read_photo` checks for itself.
    """
    kind = containers.sniff(data) if data else None
    if kind is None:
        return 0
    try:
        width, height = OPENERS[kind](data).size
    except Exception:
        # Openers meet hostile bytes with every kind of exception; the reader will tell the person.
        return 0
    return int(width) * int(height)


def _read(data: bytes, kind: str, limits: ReadLimits) -> Photo:
    source = OPENERS[kind](data)
    _check_size(source.size, limits)
    decoded = source.decode()
    _check_size(decoded.size, limits)
    image, colour_notices = to_srgb(decoded, source.icc)
    notices = source.notices | colour_notices
    pixels = np.ascontiguousarray(_turned(image, source, notices))
    pixels.flags.writeable = False
    return Photo(
        pixels=pixels,
        sha256=sha256(data).hexdigest(),
        format=kind,
        metadata=tuple(k for k in KINDS if k in source.carried),
        notices=tuple(n for n in NOTICES if n in notices),
    )


def _turned(image: Image.Image, source: Source, notices: set[str]) -> NDArray[np.uint8]:
    orientation = source.orientation
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    elif orientation not in (None, 1):
        notices.add("orientation_ignored")
    return np.asarray(image)


def _check_size(size: tuple[int, int], limits: ReadLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise _too_many(width * height, limits)
    if min(width, height) < limits.min_side:
        raise TooSmallError(width=width, height=height, limit=limits.min_side)


def _too_many(pixels: int, limits: ReadLimits) -> TooManyPixelsError:
    return TooManyPixelsError(
        megapixels=round(pixels / 1e6, 1), limit_megapixels=round(limits.max_pixels / 1e6, 1)
    )
