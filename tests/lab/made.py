"""Made-up entries: drawn pictures with findings and labels that can be worked out by hand."""

import cv2
import numpy as np

from vov_core.findings import Box, Findings, Hand, Kind, Region, Source
from vov_core.geometry import box_polygon
from vov_core.lab import Entry, Shape, Truth

WIDTH, HEIGHT = 320, 240


def jpeg(width: int = WIDTH, height: int = HEIGHT, shade: int = 150) -> bytes:
    picture = np.full((height, width, 3), (90, 120, shade), np.uint8)
    cv2.circle(picture, (width // 3, height // 3), height // 6, (60, 90, 220), -1)
    _, data = cv2.imencode(".jpg", picture)
    return data.tobytes()


def region(
    name: str, box: Box, confidence: float | None, hand: int | None = None, nail: float = 0.0
) -> Region:
    source = Source.DETECTOR if hand is None else Source.BOTH
    if confidence is None:
        source = Source.LANDMARKS
    return Region(
        id=name,
        polygon=box_polygon(box),
        width=box[2] - box[0],
        source=source,
        kind=Kind.FINGERPRINT,
        confidence=confidence,
        nail_confidence=None if confidence is None else nail,
        hand=hand,
    )


def shape(box: Box, truth: Truth = Truth.PAD) -> Shape:
    x0, y0, x1, y1 = box
    return Shape(truth, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def entry(
    *regions: Region,
    shapes: tuple[Shape, ...] | None = None,
    name: str = "a.jpg",
    scale: float = 1.0,
    detector: bool = True,
    hands: tuple[Hand, ...] = (),
) -> Entry:
    findings = Findings(
        photo_sha256=name,
        width=WIDTH,
        height=HEIGHT,
        hands=hands,
        regions=regions,
        detector=detector,
        ms={"hands": 20.0, "detector": 90.0, "fuse": 0.5},
    )
    return Entry(name, name, jpeg(), findings, shapes, scale, {"decode": 5.0, **findings.ms})
