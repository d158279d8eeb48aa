"""Photos of the lab: examined once, then kept as a small picture with their findings.

The uploaded bytes are dropped as soon as a photo is examined: a set of photos takes little memory.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.errors import PhotoError
from vov_core.finder import Finder
from vov_core.findings import Findings, Hand, Point, Region
from vov_core.images import ReadLimits, read_photo, safe_name
from vov_core.lab.labels import LabFile, Shape

Pixels = NDArray[np.uint8]

LONGEST = 1152
"""Longer side of the pictures that are kept, pixels: at most one megapixel."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One photo of the lab; all coordinates are those of the kept picture.

    Attributes:
        id: Random.
        name: File name.
        jpeg: The kept picture.
        findings: What was found in the photo at its full size.
        shapes: Labels; None where there are none.
        scale: Size of the kept picture relative to the photo.
        ms: Stage -> milliseconds, ``decode`` and those of the finder.
    """

    id: str
    name: str
    jpeg: bytes = field(repr=False)
    findings: Findings
    shapes: tuple[Shape, ...] | None
    scale: float
    ms: Mapping[str, float]

    def pixels(self, longest: int = LONGEST) -> tuple[Pixels, float]:
        """The kept picture, RGB, at most so long, and its size relative to the kept one."""
        buffer = np.frombuffer(self.jpeg, np.uint8)
        picture = np.asarray(cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB), np.uint8)
        return _fit(picture, longest)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a queue is; ``seconds_left`` is None before the first photo is done."""

    done: int
    total: int
    seconds_left: float | None


class Queue:
    """Files that wait to be examined, one at a time, so that a person can stop between two.

    Args:
        files: What to examine.
        limits: For each photo.
    """

    def __init__(self, files: tuple[LabFile, ...], limits: ReadLimits) -> None:
        self._files = list(files)
        self._limits = limits
        self._total = len(files)
        self._seconds = 0.0

    @property
    def progress(self) -> Progress:
        """How many are done, and how long the rest will take at this pace."""
        done = self._total - len(self._files)
        left = self._seconds / done * len(self._files) if done else None
        return Progress(done, self._total, left)

    @property
    def next_name(self) -> str | None:
        """The file that comes next; None when all are done."""
        return self._files[0].name if self._files else None

    def step(self, finder: Callable[[], Finder]) -> Entry:
        """Examines the next file and lets go of its bytes.

        Raises:
            PhotoError: It is no usable photo. The queue goes on with the one after it.
            ModelError: The models can't be used.
        """
        file = self._files.pop(0)
        start = perf_counter()
        try:
            return examine(file, finder(), self._limits)
        finally:
            self._seconds += perf_counter() - start


def examine(file: LabFile, finder: Finder, limits: ReadLimits) -> Entry:
    """Finds the finger tips of one file.

    Raises:
        PhotoError: It is no usable photo.
    """
    start = perf_counter()
    photo = read_photo(file.data, limits)
    decode = (perf_counter() - start) * 1000
    findings = finder.find(photo.sha256, photo.pixels)
    small, scale = _fit(photo.pixels, LONGEST)
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    if not done:
        raise PhotoError
    shapes = file.shapes_at(photo.width, photo.height)
    return Entry(
        id=uuid.uuid4().hex,
        name=safe_name(file.name),
        jpeg=data.tobytes(),
        findings=scaled(findings, scale),
        shapes=None if shapes is None else tuple(s.scaled(scale, scale) for s in shapes),
        scale=scale,
        ms={"decode": decode, **findings.ms},
    )


def scaled(findings: Findings, scale: float) -> Findings:
    """The same findings in a picture of another size."""
    return replace(
        findings,
        width=round(findings.width * scale),
        height=round(findings.height * scale),
        hands=tuple(_scaled_hand(hand, scale) for hand in findings.hands),
        regions=tuple(scaled_region(region, scale) for region in findings.regions),
    )


def scaled_region(region: Region, scale: float) -> Region:
    """The same region in a picture of another size."""
    return replace(
        region,
        polygon=tuple(_scaled_point(point, scale) for point in region.polygon),
        width=region.width * scale,
        base=region.base and _scaled_point(region.base, scale),
    )


def _scaled_hand(hand: Hand, scale: float) -> Hand:
    return replace(
        hand,
        landmarks=tuple(_scaled_point(point, scale) for point in hand.landmarks),
        depths=tuple(depth * scale for depth in hand.depths),
    )


def _scaled_point(point: Point, scale: float) -> Point:
    return point[0] * scale, point[1] * scale


def _fit(pixels: Pixels, longest: int) -> tuple[Pixels, float]:
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1.0:
        return pixels, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), scale
