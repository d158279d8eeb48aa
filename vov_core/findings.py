"""What the models saw in a photo. Plain, frozen results that every room speaks.

All coordinates are pixels of the oriented photo, x to the right and y down, floats; the centre of
the first pixel is (0.5, 0.5). Polygons may reach over the photo's border: a finger tip that is cut
by the frame keeps its true outline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import hypot

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Box = tuple[float, float, float, float]


class Finger(StrEnum):
    """The five fingers, in the order of the hand landmarks."""

    THUMB = "thumb"
    INDEX = "index"
    MIDDLE = "middle"
    RING = "ring"
    LITTLE = "little"


class Kind(StrEnum):
    """Which side of a finger tip faces the camera."""

    FINGERPRINT = "fingerprint"
    NAIL = "nail"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who found a region."""

    LANDMARKS = "landmarks"
    DETECTOR = "detector"
    BOTH = "both"
    PERSON = "person"


class Verdict(StrEnum):
    """What a photo gives away. There is no "safe": finding nothing guarantees nothing."""

    DANGER = "danger"
    NOTHING_FOUND = "nothing_found"


class Handedness(StrEnum):
    """Whose hand it is, seen by its owner (a photo that is not mirrored)."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Hand:
    """One hand with its 21 landmarks (MediaPipe's order: wrist, then four per finger).

    Attributes:
        landmarks: 21 points in pixels of the oriented photo; may lie outside of it.
        depths: 21 relative depths in the same pixel scale, smaller is nearer to the camera.
        handedness: Left or right.
        score: Handedness score of the landmarker, 0..1.
    """

    landmarks: Polygon
    depths: tuple[float, ...]
    handedness: Handedness
    score: float


@dataclass(frozen=True, slots=True)
class Region:
    """One finger tip, or an area that the person drew.

    Attributes:
        id: Stable within one photo's findings: ``h0-thumb``, ``d3``, ``p1``.
        polygon: Outline, at least three points.
        width: The finger's width in pixels; all strengths of masks are relative to it.
        source: Who found it.
        kind: Pad, nail or unknown.
        confidence: Confidence 0..1 that this is a fingerprint: the detector's, and where a hand's
            landmarks tell which side of the finger shows, theirs and the detector's together. None
            where no detector looked (``Findings.detector`` tells) or where it saw nothing above its
            floor.
        nail_confidence: Likewise that only the nail shows.
        finger: Which finger, if known.
        hand: Index into ``Findings.hands``, if it belongs to one.
        base: Where the finger goes on: the joint at the base of the last segment, pixels; None
            where it is not known.
        pad_chance: The chance 0..1, by the hand's landmarks alone, that the pad shows and not the
            nail; None without a hand.
    """

    id: str
    polygon: Polygon
    width: float
    source: Source
    kind: Kind = Kind.UNKNOWN
    confidence: float | None = None
    nail_confidence: float | None = None
    finger: Finger | None = None
    hand: int | None = None
    base: Point | None = None
    pad_chance: float | None = None

    @property
    def box(self) -> Box:
        """The smallest upright rectangle around the outline: x0, y0, x1, y1."""
        xs = [x for x, _ in self.polygon]
        ys = [y for _, y in self.polygon]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def centre(self) -> Point:
        """Mean of the outline's points."""
        n = len(self.polygon)
        return sum(x for x, _ in self.polygon) / n, sum(y for _, y in self.polygon) / n

    @property
    def diameter(self) -> float:
        """Diagonal of the box in pixels."""
        x0, y0, x1, y1 = self.box
        return hypot(x1 - x0, y1 - y0)


@dataclass(frozen=True, slots=True)
class Detection:
    """One finger tip that the fingerprint detector saw.

    Attributes:
        box: Upright box around the last finger segment, pixels of the photo.
        confidence: 0..1 that its pad shows.
        nail_confidence: 0..1 that only its nail shows.
    """

    box: Box
    confidence: float
    nail_confidence: float


class Why(StrEnum):
    """Why a finger tip of a found hand has no region."""

    OUTSIDE = "outside"
    DEGENERATE = "degenerate"


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A finger tip that must be there but could not be placed. It is told to the person."""

    hand: int
    finger: Finger
    why: Why


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the models saw in one photo, at a low confidence floor. Computed once per photo.

    Attributes:
        photo_sha256: SHA-256 of the uploaded bytes, hex.
        width: Of the oriented photo, pixels.
        height: Likewise.
        hands: All hands found.
        regions: All finger tips found, each with a unique id.
        unplaced: Tips of found hands that have no region.
        detector: Whether the fingerprint detector looked at this photo (without it every region's
            source is ``landmarks`` and precise mode has nothing to go by).
        models: Model name -> version (first 12 hex digits of the file's SHA-256).
        ms: Stage -> milliseconds.
    """

    photo_sha256: str
    width: int
    height: int
    hands: tuple[Hand, ...] = ()
    regions: tuple[Region, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    detector: bool = False
    models: Mapping[str, str] = field(default_factory=dict)
    ms: Mapping[str, float] = field(default_factory=dict)
