"""Writes a finished frame as a file that a printer takes at its true size."""

import struct
from dataclasses import replace
from hashlib import sha256
from time import perf_counter
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from vov_core.images import OutputFormat, check_clean, encode
from vov_core.pipeline import Output

DPI = 300
PRINT_QUALITY = 96

_METRES_PER_INCH = 0.0254
_PNG_HEAD = 8 + 25
"""Signature and the IHDR chunk, which is always first and always of this length."""
_JFIF_UNITS = 13
"""Where JFIF keeps the unit and the two densities: SOI, APP0, length, name, version."""


def print_file(pixels: NDArray[np.uint8], format: OutputFormat) -> Output:
    """Encodes a frame, proves it clean, and then marks it with its resolution and nothing else.

    Args:
        pixels: RGB, uint8, (H, W, 3): covered shots only.
        format: JPEG or PNG.

    Returns:
        The file; its report's SHA-256 and size are those of the marked file.

    Raises:
        NotCleanError: The written file failed its check.
        ValueError: A format that carries no resolution.
    """
    start = perf_counter()
    mark = {OutputFormat.JPEG: _jpeg_with_dpi, OutputFormat.PNG: _png_with_dpi}.get(format)
    if mark is None:
        raise ValueError(f"{format} carries no resolution")
    plain = encode(pixels, format, PRINT_QUALITY)
    nowhere = np.zeros(pixels.shape[:2], np.bool_)
    report = check_clean(
        plain, original=pixels, masked=pixels, inside=nowhere, quality=PRINT_QUALITY
    )
    data = mark(plain)
    report = replace(report, sha256=sha256(data).hexdigest(), bytes=len(data))
    return Output(data, format, report, (perf_counter() - start) * 1000)


def _jpeg_with_dpi(plain: bytes) -> bytes:
    if plain[6:11] != b"JFIF\0":
        raise ValueError("no JFIF head")
    return plain[:_JFIF_UNITS] + struct.pack(">BHH", 1, DPI, DPI) + plain[_JFIF_UNITS + 5 :]


def _png_with_dpi(plain: bytes) -> bytes:
    per_metre = round(DPI / _METRES_PER_INCH)
    body = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", crc32(body))
    return plain[:_PNG_HEAD] + chunk + plain[_PNG_HEAD:]
