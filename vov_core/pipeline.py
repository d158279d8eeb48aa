"""Joins the rooms: bytes -> photo -> findings -> selection -> masked pixels -> clean bytes.

The models, the masks and the storage do not know of each other; this file is where they meet.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Region, Source
from vov_core.images import (
    CleanReport,
    OutputFormat,
    Photo,
    check_clean,
    encode,
    formats_for,
    output_format_for,
)
from vov_core.masks import DEFAULT_STYLE, make_style
from vov_core.masks.regions import footprint, scale_region
from vov_core.select import Rules, Selection

T = TypeVar("T")

DEFAULT_COVERAGE = 1.4
DEFAULT_QUALITY = 95


@dataclass(frozen=True, kw_only=True)
class Look:
    """How covered finger tips look.

    Attributes:
        style: Name of a mask style.
        coverage: Scale of each found region about its centre; 1.0 covers the finger's last segment.
        strength: 0..1, see the style.
        softness: 0..1, width of the soft edge outside of the region.
        seed: For styles with chance in them. Random per photo, never derived from the photo.
    """

    style: str = DEFAULT_STYLE
    coverage: float = DEFAULT_COVERAGE
    strength: float = 0.5
    softness: float = 0.25
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """All that a person has set: what is covered, how it looks, how it is written.

    Attributes:
        rules: Which findings are covered.
        look: How covered finger tips look.
        format: Of the output; None takes the one nearest to the upload's.
        quality: 1..100 for JPEG and WebP.
    """

    rules: Rules = field(default_factory=Rules)
    look: Look = field(default_factory=Look)
    format: OutputFormat | None = None
    quality: int = DEFAULT_QUALITY


@dataclass(frozen=True, eq=False)
class Masked:
    """A photo with its selection covered, not yet written.

    Attributes:
        pixels: RGB, uint8, (H, W, 3).
        regions: What was covered, at its final size.
        ms: Milliseconds the mask took.
    """

    pixels: NDArray[np.uint8]
    regions: tuple[Region, ...]
    ms: float


@dataclass(frozen=True, eq=False)
class Output:
    """The bytes that may leave the process once a person approved them.

    Attributes:
        data: The file: fresh pixels, no metadata.
        format: Its format.
        report: The proof, read back from ``data``.
        ms: Milliseconds that writing and checking took.
    """

    data: bytes
    format: OutputFormat
    report: CleanReport
    ms: float


def output_format(photo: Photo, wanted: OutputFormat | None) -> OutputFormat:
    """The format to write: the wanted one, or the one nearest to the upload's.

    A picture too long for it (WebP ends at 16,383 pixels) becomes one that can hold it.
    """
    format = wanted or output_format_for(photo.format)
    possible = formats_for(photo.width, photo.height)
    return format if format in possible else possible[0]


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """The result of a call and the milliseconds it took."""
    start = perf_counter()
    result = call()
    return result, (perf_counter() - start) * 1000


def mask(photo: Photo, selection: Selection, look: Look) -> Masked:
    """Covers the selected regions. The photo is not changed."""
    regions = tuple(
        # What a person drew is exactly what they want covered.
        region if region.source is Source.PERSON else scale_region(region, look.coverage)
        for region in selection.masked
    )
    style = make_style(look.style, strength=look.strength, softness=look.softness, seed=look.seed)
    pixels, ms = timed(lambda: style.apply(photo.pixels, regions))
    return Masked(pixels, regions, ms)


def write(
    photo: Photo,
    masked: Masked,
    look: Look,
    format: OutputFormat,
    quality: int = DEFAULT_QUALITY,
) -> Output:
    """Encodes masked pixels and proves the result clean.

    Raises:
        NotCleanError: The written file failed its check and must not be used.
    """

    def encode_and_check() -> tuple[bytes, CleanReport]:
        data = encode(masked.pixels, format, quality)
        inside = footprint(masked.regions, photo.pixels.shape, look.softness)
        report = check_clean(
            data, original=photo.pixels, masked=masked.pixels, inside=inside, quality=quality
        )
        return data, report

    (data, report), ms = timed(encode_and_check)
    return Output(data, format, report, ms)
