"""The check of a written file: it is read again, and proven to hold the covered pixels and no more.

Two proofs:

1. **Container.** The file's own parts are walked, strictly; only those that a picture needs are
   allowed, and nothing may follow the last one.
2. **Pixels.** The decoded file equals the covered picture as far as the codec allows:

   - PNG and lossless WebP: bit for bit.
   - JPEG: the covered picture is written again with the file's own quantization tables and without
     chroma subsampling, and decoded. The file may differ from that by ``JPEG_SLACK`` levels, so an
     8 x 8 block left uncovered shows at any quality. As the same encoder could be wrong twice, the
     root mean square error of each channel against the covered picture itself must also stay
     within the bound that the tables give: a coefficient is off by at most half its step q, and
     the DCT keeps energy (Parseval), so a component is off by at most sqrt(mean(q^2)) / 2.
   - Lossy WebP with the quality known: written again in the same way, and equal. With the quality
     unknown: every 8 x 8 block is within ``WEBP_BLOCK_RMS`` of the covered picture's luma and
     within ``WEBP_BLOCK_MEAN`` of its mean colour, and where the masks changed the picture, the
     file is nearer to the covered one than to the original. This finds a region left open, but not
     every single block; pass the quality.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from types import MappingProxyType

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from vov_core.errors import NotCleanError, PhotoError
from vov_core.images import containers
from vov_core.images.containers import ContainerError, Part, marker
from vov_core.images.reader import DEFAULT_LIMITS, Photo, ReadLimits, read_photo
from vov_core.images.writer import OutputFormat, check_pixels, encode

Pixels = NDArray[np.uint8]

_BAND = 64
JPEG_SLACK = 2
# Rounding of pixels to YCbCr and back, and of the integer DCT, in levels.
_ROUNDING = 1.5
# Largest values measured for qualities 10 to 99 on noise, stripes, random colour fields and
# rendered hands: 19.9 and 38.9 (WebP halves the resolution of colour, so that edges bleed).
WEBP_BLOCK_RMS = 24.0
WEBP_BLOCK_MEAN = 48.0

_JPEG_PARTS = frozenset(
    marker(code)
    for code in (
        containers.SOI, containers.EOI, containers.SOS, containers.DHT, containers.DQT,
        containers.DRI, containers.APP0, containers.APP14, *containers.SOF,
    )
)  # fmt: skip
_PNG_PARTS = frozenset({"IHDR", "PLTE", "IDAT", "IEND"})
_WEBP_PARTS = frozenset({"VP8 ", "VP8L", "VP8X"})


@dataclass(frozen=True, slots=True)
class CleanReport:
    """What the check of a written file found.

    Attributes:
        metadata_free: Its container holds picture parts only (else the check raises).
        max_error_outside: Largest difference from the original outside of the masks, 0..255.
        mean_error_outside: Mean of the same over all pixels and channels.
        changed_inside: Share 0..1 of the pixels that the masks may touch whose covered value
            differs from the original; 0 where there are none.
        sha256: Of the file, hex.
        width: Pixels across.
        height: Pixels down.
        bytes: Size of the file.
    """

    metadata_free: bool
    max_error_outside: float
    mean_error_outside: float
    changed_inside: float
    sha256: str
    width: int
    height: int
    bytes: int


def check_clean(
    output: bytes,
    *,
    original: Pixels,
    masked: Pixels,
    inside: NDArray[np.bool_],
    quality: int | None = None,
) -> CleanReport:
    """Reads a written file again and proves that it is the covered picture and nothing else.

    Args:
        output: The file, as ``encode`` wrote it.
        original: The photo, RGB, uint8, (H, W, 3).
        masked: The covered photo, same shape; equals ``original`` wherever ``inside`` is false.
        inside: (H, W): every pixel that the masks may touch.
        quality: What ``encode`` was given. Only lossy WebP needs it, for the strict proof.

    Raises:
        NotCleanError: ``reason`` is ``container`` (no such file or damaged), ``metadata`` (a part
            that is no picture; ``found`` names it), ``trailing_data``, ``size``, ``outside`` (the
            masks changed pixels where they must not), ``unchanged`` (the file shows the original
            inside) or ``pixels`` (it differs from the covered picture).
        ValueError: The arrays don't belong together.
    """
    check_pixels(original)
    check_pixels(masked)
    if masked.shape != original.shape or inside.shape != original.shape[:2]:
        raise ValueError("original, masked and inside must have the same size")
    kind = _check_container(output)
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(_read_again, output, masked)
        writing = pool.submit(_write_again, kind, masked, quality)
        changed = _changed(original, masked)
        photo, again = reading.result(), writing.result()
    if photo.pixels.shape != masked.shape:
        raise NotCleanError(reason="size", width=photo.width, height=photo.height)
    if (changed & ~inside).any():
        raise NotCleanError(reason="outside")
    with ThreadPoolExecutor(1) as pool:
        measuring = pool.submit(_errors, photo.pixels, original, ~inside)
        written = _Written(output, photo.pixels, original, masked, changed, again)
        if not _CODECS[kind](written):
            raise NotCleanError(reason="unchanged" if _shows_original(written) else "pixels")
        worst, mean = measuring.result()
    return CleanReport(
        metadata_free=True,
        max_error_outside=worst,
        mean_error_outside=mean,
        changed_inside=float(changed[inside].mean()) if inside.any() else 0.0,
        sha256=sha256(output).hexdigest(),
        width=photo.width,
        height=photo.height,
        bytes=len(output),
    )


def _check_container(output: bytes) -> str:
    kind = containers.sniff(output) or ""
    walk = {"JPEG": _walk_jpeg, "PNG": _walk_png, "WEBP": _walk_webp}.get(kind)
    if walk is None:
        raise NotCleanError(reason="container")
    try:
        end = walk(output)
    except ContainerError as error:
        raise NotCleanError(reason="container") from error
    if end != len(output):
        raise NotCleanError(reason="trailing_data", found=len(output) - end)
    return kind


def _walk_jpeg(data: bytes) -> int:
    end = 0
    for count, part in enumerate(containers.jpeg_parts(data)):
        body = data[part.body : part.end]
        plain_jfif = count == 1 and len(body) == 14 and body[:5] == b"JFIF\0"
        if part.kind == marker(containers.APP0):
            _allow(part, plain_jfif and not any(body[12:]))
        elif part.kind == marker(containers.APP14):
            _allow(part, len(body) == 12 and body[:5] == b"Adobe")
        else:
            _allow(part, part.kind in _JPEG_PARTS)
        end = part.end
    return end


def _walk_png(data: bytes) -> int:
    end = 0
    for part in containers.png_parts(data):
        _allow(part, part.kind in _PNG_PARTS and (part.kind != "IEND" or part.body == part.end))
        end = part.end + 4
    return end


def _walk_webp(data: bytes) -> int:
    end = 12
    for part in containers.webp_parts(data):
        no_flags = part.kind != "VP8X" or not any(data[part.body : part.body + 4])
        _allow(part, part.kind in _WEBP_PARTS and no_flags)
        end = part.end + (part.end - part.body) % 2
    return end


def _allow(part: Part, allowed: bool) -> None:
    if not allowed:
        raise NotCleanError(reason="metadata", found=part.kind)


def _read_again(output: bytes, masked: Pixels) -> Photo:
    try:
        photo = read_photo(output, _limits(output, masked))
    except PhotoError as error:
        raise NotCleanError(reason="container") from error
    if photo.metadata or photo.notices:
        raise NotCleanError(reason="metadata", found=",".join(photo.metadata + photo.notices))
    return photo


def _write_again(kind: str, masked: Pixels, quality: int | None) -> bytes | None:
    """The covered picture as ``encode`` writes it; None where no check compares with that."""
    if quality is None or kind == "PNG":
        return None
    return encode(masked, OutputFormat(kind.lower()), quality)


def _limits(data: bytes, masked: Pixels) -> ReadLimits:
    """The reader's limits for a file that we wrote: no narrower than the picture itself."""
    pixels = max(masked.shape[0] * masked.shape[1], DEFAULT_LIMITS.max_pixels)
    return ReadLimits(max_bytes=len(data), max_pixels=pixels, min_side=1)


@dataclass(frozen=True, slots=True)
class _Written:
    """A written file beside what it should show."""

    output: bytes
    pixels: Pixels
    original: Pixels
    masked: Pixels
    changed: NDArray[np.bool_]
    again: bytes | None

    def exact(self) -> bool:
        return np.array_equal(self.pixels, self.masked)

    def largest_difference_to(self, data: bytes) -> int:
        """Largest difference of any value between this file and another of the same size."""
        again = read_photo(data, _limits(data, self.masked)).pixels
        return int(_difference(self.pixels, again).max())


def _check_jpeg(written: _Written) -> bool:
    head = JpegImageFile(BytesIO(written.output))
    tables = head.quantization
    if len(head.layer) != 3:
        return False
    # The very bytes that the covered picture gives need no look at each pixel.
    if written.again != written.output:
        buffer = BytesIO()
        Image.fromarray(written.masked).save(buffer, "JPEG", qtables=tables, subsampling=0)
        if written.largest_difference_to(buffer.getvalue()) > JPEG_SLACK:
            return False
    steps = [tables[layer[3]] for layer in head.layer]
    luma, blue, red = (math.sqrt(float(np.mean(np.square(s)))) / 2 + _ROUNDING for s in steps)
    bounds = (luma + 1.402 * red, luma + 0.344136 * blue + 0.714136 * red, luma + 1.772 * blue)
    squares = _mean_squares(written.pixels, written.masked)
    return all(math.sqrt(s) <= b for s, b in zip(squares, bounds, strict=True))


def _check_webp(written: _Written) -> bool:
    if any(part.kind == "VP8L" for part in containers.webp_parts(written.output)):
        return written.exact()
    if written.again is not None:
        same = written.again == written.output
        return same or written.largest_difference_to(written.again) == 0
    pixels, masked = written.pixels, written.masked
    near = (
        _worst_luma_block(pixels, masked) <= WEBP_BLOCK_RMS
        and float(cv2.absdiff(_block_means(pixels), _block_means(masked)).max()) <= WEBP_BLOCK_MEAN
    )
    return near and not _shows_original(written)


_CODECS: Mapping[str, Callable[[_Written], bool]] = MappingProxyType(
    {"JPEG": _check_jpeg, "PNG": _Written.exact, "WEBP": _check_webp}
)


def _worst_luma_block(first: Pixels, second: Pixels) -> float:
    """Largest root mean square difference in luma over all 8 x 8 blocks."""
    return math.sqrt(float(_block_means(_squared(_luma(first), _luma(second))).max()))


def _block_means(values: NDArray[np.uint8] | NDArray[np.uint16]) -> MatLike:
    """Means of all 8 x 8 blocks, per channel; the last row and column are repeated to fill up."""
    height, width = values.shape[:2]
    padded = cv2.copyMakeBorder(values, 0, -height % 8, 0, -width % 8, cv2.BORDER_REPLICATE)
    return cv2.resize(padded, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)


def _luma(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _difference(first: Pixels, second: Pixels) -> Pixels:
    return np.asarray(cv2.absdiff(first, second), dtype=np.uint8)


def _bands(height: int) -> Iterator[slice]:
    """Rows in groups so small that what is computed of them stays in the processor's cache."""
    return (slice(start, start + _BAND) for start in range(0, height, _BAND))


def _changed(first: Pixels, second: Pixels) -> NDArray[np.bool_]:
    """(H, W): where any channel differs."""
    changed = np.empty(first.shape[:2], np.bool_)
    for band in _bands(len(first)):
        changed[band] = _strongest(_difference(first[band], second[band])) > 0
    return changed


def _mean_squares(first: Pixels, second: Pixels) -> tuple[float, ...]:
    """Per channel, the mean of the squared differences."""
    total = np.zeros(3)
    for band in _bands(len(first)):
        total += cv2.sumElems(_squared(first[band], second[band]))[:3]
    return tuple((total / (first.shape[0] * first.shape[1])).tolist())


def _squared(first: Pixels, second: Pixels) -> NDArray[np.uint16]:
    difference = _difference(first, second)
    return np.asarray(cv2.multiply(difference, difference, dtype=cv2.CV_16U), dtype=np.uint16)


def _strongest(difference: Pixels) -> Pixels:
    """Per pixel, the largest of the three channels' differences."""
    red, green, blue = cv2.split(difference)
    return np.asarray(cv2.max(cv2.max(red, green), blue), dtype=np.uint8)


def _shows_original(written: _Written) -> bool:
    """Whether the file is nearer to the original than to the covered picture where they differ."""
    if not written.changed.any():
        return False
    where = written.changed.astype(np.uint8)
    to_original, to_masked = (
        sum(cv2.mean(_squared(written.pixels, other), where)[:3])
        for other in (written.original, written.masked)
    )
    return bool(to_original < to_masked)


def _errors(pixels: Pixels, original: Pixels, outside: NDArray[np.bool_]) -> tuple[float, float]:
    """Largest and mean absolute difference where ``outside`` is true; zeros where it never is."""
    worst, total, count = 0.0, 0.0, 0
    for band in _bands(len(pixels)):
        where = outside[band].astype(np.uint8)
        if not (here := cv2.countNonZero(where)):
            continue
        difference = _difference(pixels[band], original[band])
        worst = max(worst, cv2.minMaxLoc(_strongest(difference), where)[1])
        total += sum(cv2.mean(difference, where)[:3]) / 3 * here
        count += here
    return (worst, total / count) if count else (0.0, 0.0)
