"""The lab's pictures: masked photos with outlines, crops."""

import cv2
import numpy as np

from pages._shared.pictures import Pixels, crop, data_url, fit, jpeg, square_around
from vov_core.findings import Box, Polygon
from vov_core.lab import Entry, Trial, rendered

THUMB, CROP = 360, 220
GREEN, ORANGE = (46, 230, 166), (255, 138, 92)


def _outline(pixels: Pixels, polygon: Polygon, scale: float, colour: tuple[int, ...]) -> None:
    points = (np.array(polygon) * scale).round().astype(np.int32)
    cv2.polylines(pixels, [points], True, (10, 16, 14), 4, cv2.LINE_AA)
    cv2.polylines(pixels, [points], True, colour, 2, cv2.LINE_AA)


def overview(entry: Entry, trial: Trial) -> tuple[str, int, int]:
    """A small masked picture with outlines, how many tips are covered, and of how many."""
    masked, selection = rendered(entry, trial, THUMB)
    pixels = masked.copy()
    scale = pixels.shape[1] / entry.findings.width
    for regions, colour in ((selection.open, ORANGE), (selection.masked, GREEN)):
        for region in regions:
            _outline(pixels, region.polygon, scale, colour)
    covered = len(selection.masked)
    return data_url(jpeg(pixels, 82)), covered, covered + len(selection.open)


def plain(entry: Entry, trial: Trial, longest: int) -> str:
    """A masked picture without outlines."""
    return data_url(jpeg(rendered(entry, trial, longest)[0], 84))


def before_after(entry: Entry, trial: Trial) -> tuple[str, str]:
    """The kept picture and its masked version."""
    return data_url(jpeg(entry.pixels()[0])), data_url(jpeg(rendered(entry, trial)[0]))


def cutout(entry: Entry, box: Box, polygon: Polygon, colour: tuple[int, ...]) -> str:
    """A piece of the kept picture around a box, with an outline."""
    pixels, _ = entry.pixels()
    window = square_around(box, pixels.shape[1], pixels.shape[0], margin=0.5)
    part = fit(crop(pixels, window), CROP)
    scale = part.shape[1] / (window[2] - window[0])
    part = part.copy()
    moved = tuple((x - window[0], y - window[1]) for x, y in polygon)
    _outline(part, moved, scale, colour)
    return data_url(jpeg(part, 84))
