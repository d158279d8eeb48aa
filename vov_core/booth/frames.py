"""Draws four covered shots into a frame of print size: paper, pattern, caption, date.

All sizes are pixels at 300 dpi: the grid is a 4 x 6 inch print, the strip is half of one.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from math import cos, pi, sin
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from vov_core.lettering import font

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]
Brush = ImageDraw.ImageDraw

CAPTION_LENGTH = 24

# Drawn this much larger and then reduced: Pillow's own shapes have no smooth edges.
_FINE = 3
_SMALLEST_TEXT = 14


class Layout(StrEnum):
    """How the four shots stand."""

    GRID = "grid"
    STRIP = "strip"


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """The measures of a layout."""

    size: tuple[int, int]
    cell: tuple[int, int]
    columns: int
    margin: int
    gap: int
    radius: int
    caption: int
    date: int
    brand: int

    def cells(self) -> list[Box]:
        """Left, top, right, bottom of the four cells, in reading order."""
        width, height = self.cell
        boxes = []
        for number in range(4):
            row, column = divmod(number, self.columns)
            left = self.margin + column * (width + self.gap)
            top = self.margin + row * (height + self.gap)
            boxes.append((left, top, left + width, top + height))
        return boxes

    @property
    def footer(self) -> int:
        """Where the paper below the last cell begins."""
        return self.cells()[-1][3]


_PLANS: Mapping[Layout, _Plan] = MappingProxyType(
    {
        Layout.GRID: _Plan(
            size=(1200, 1800),
            cell=(531, 690),
            columns=2,
            margin=54,
            gap=30,
            radius=22,
            caption=92,
            date=44,
            brand=28,
        ),
        Layout.STRIP: _Plan(
            size=(600, 1800),
            cell=(528, 382),
            columns=1,
            margin=36,
            gap=20,
            radius=16,
            caption=46,
            date=28,
            brand=19,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Colour:
    """One kind of paper.

    Attributes:
        paper: The ground.
        ink: Of the words.
        accent: Of the pattern and the drawings.
        pattern: Name of the pattern on the paper.
    """

    paper: str
    ink: str
    accent: str
    pattern: str


# In the order in which people see them.
COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "milk": Colour("#FBF6EA", "#2B2621", "#E9DDC3", "confetti"),
        "mint": Colour("#CDEBDD", "#0B4F3C", "#A9DAC4", "dots"),
        "butter": Colour("#FFE594", "#57400A", "#FBD367", "checks"),
        "peach": Colour("#FFCFC2", "#6A2A1C", "#FFB3A0", "hearts"),
        "lilac": Colour("#DFD4F7", "#3B2B6B", "#C6B4EF", "stars"),
        "night": Colour("#17191F", "#F5F1E8", "#2E3340", "sparkles"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a guest chose.

    Attributes:
        layout: How the shots stand.
        colour: A name of ``COLOURS``.
        caption: One line; what the typeface can't write is left out.
        day: The date that is printed, or None.
        brand: The small line at the foot.
    """

    layout: Layout = Layout.GRID
    colour: str = "milk"
    caption: str = ""
    day: date | None = None
    brand: str = ""


def print_size(layout: Layout) -> tuple[int, int]:
    """Width and height of the print in pixels."""
    return _PLANS[layout].size


def cell_size(layout: Layout) -> tuple[int, int]:
    """Width and height of one shot in the print, pixels."""
    return _PLANS[layout].cell


def fitted(pixels: Pixels, layout: Layout) -> Pixels:
    """The middle of a shot, at the size of a cell.

    Args:
        pixels: RGB, uint8, (H, W, 3).
        layout: Whose cell.
    """
    width, height = cell_size(layout)
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    across, down = (max(1, round(side / scale)) for side in (width, height))
    left, top = (pixels.shape[1] - across) // 2, (pixels.shape[0] - down) // 2
    part = pixels[max(top, 0) : max(top, 0) + down, max(left, 0) : max(left, 0) + across]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (width, height), interpolation=way), np.uint8)


def compose(shots: Sequence[Pixels | None], design: Design) -> Pixels:
    """The finished frame.

    Args:
        shots: Four covered shots in order; None leaves a cell empty.
        design: What the guest chose.

    Returns:
        RGB, uint8, of ``print_size(design.layout)``.

    Raises:
        ValueError: Not four shots.
    """
    plan, colour = _PLANS[design.layout], COLOURS[design.colour]
    frame = Image.fromarray(_paper(design.layout, design.colour).copy(), "RGB")
    window = _window(plan.cell, plan.radius)
    for number, (box, shot) in enumerate(zip(plan.cells(), shots, strict=True), 1):
        if shot is None:
            frame.paste(_empty_cell(plan, colour, number), box, window)
        else:
            frame.paste(Image.fromarray(fitted(shot, design.layout), "RGB"), box, window)
    _write_footer(ImageDraw.Draw(frame), plan, colour, design)
    return np.array(frame, dtype=np.uint8)


def drawable(words: str) -> str:
    """One line of at most ``CAPTION_LENGTH`` signs that the typeface has (it has no emoji)."""
    face = font(40, 600)
    missing = bytes(face.getmask("\uffff"))
    line = " ".join(words.split())[: 4 * CAPTION_LENGTH]
    known = (c for c in line if c == " " or (c.isprintable() and bytes(face.getmask(c)) != missing))
    return " ".join("".join(known).split())[:CAPTION_LENGTH].strip()


def _fitting(words: str, size: int, weight: int, width: int) -> ImageFont.FreeTypeFont:
    """The largest type up to ``size`` in which the words fit."""
    needed = font(size, weight).getlength(words)
    smaller = size if needed <= width else int(size * width / needed)
    return font(max(smaller, _SMALLEST_TEXT), weight)


def _write_footer(brush: Brush, plan: _Plan, colour: Colour, design: Design) -> None:
    """Caption, date and the small line, spread over the paper below the shots."""
    width, height = plan.size
    lines = [
        (drawable(design.caption), plan.caption, 800),
        (f"{design.day:%Y.%m.%d}" if design.day else "", plan.date, 600),
        (design.brand, plan.brand, 500),
    ]
    shown = [
        (words, _fitting(words, size, weight, width - 2 * plan.margin), size)
        for words, size, weight in lines
        if words
    ]
    taken = sum(size for _, _, size in shown)
    space = (height - plan.footer - taken) / (len(shown) + 1)
    y = plan.footer + space
    for words, face, size in shown:
        brush.text((width / 2, y + size / 2), words, font=face, fill=colour.ink, anchor="mm")
        y += size + space


@cache
def _window(size: tuple[int, int], radius: int) -> Image.Image:
    """The rounded shape of a cell."""
    large = Image.new("L", (size[0] * _FINE, size[1] * _FINE), 0)
    corners = (0, 0, large.width - 1, large.height - 1)
    ImageDraw.Draw(large).rounded_rectangle(corners, radius * _FINE, fill=255)
    return large.resize(size, Image.Resampling.LANCZOS)


def _empty_cell(plan: _Plan, colour: Colour, number: int) -> Image.Image:
    cell = Image.new("RGB", plan.cell, colour.accent)
    middle = plan.cell[0] / 2, plan.cell[1] / 2
    face = font(plan.cell[1] // 3, 800)
    ImageDraw.Draw(cell).text(middle, str(number), font=face, fill=colour.paper, anchor="mm")
    return cell


@cache
def _paper(layout: Layout, name: str) -> Pixels:
    """The paper with its pattern: nobody's picture, so it may be kept for everybody."""
    plan, colour = _PLANS[layout], COLOURS[name]
    large = Image.new("RGB", (plan.size[0] * _FINE, plan.size[1] * _FINE), colour.paper)
    brush = ImageDraw.Draw(large)
    _PATTERNS[colour.pattern](brush, large.size, colour)
    _calm_footer(large, plan, colour)
    return np.array(large.resize(plan.size, Image.Resampling.LANCZOS), dtype=np.uint8)


def _calm_footer(large: Image.Image, plan: _Plan, colour: Colour) -> None:
    """Lets the pattern fade out where the words will stand."""
    top, bottom = (plan.footer + plan.gap // 2) * _FINE, (plan.size[1] - plan.gap) * _FINE
    left, right = plan.margin * _FINE, large.width - plan.margin * _FINE
    veil = Image.new("L", large.size, 0)
    shape = (left, top, right, bottom)
    ImageDraw.Draw(veil).rounded_rectangle(shape, plan.radius * 2 * _FINE, fill=255)
    large.paste(ImageColor.getrgb(colour.paper), (0, 0), veil)


def _scattered(size: tuple[int, int], step: int) -> list[tuple[float, float, random.Random]]:
    """Places in a loose brick bond, each with chance of its own; the same at every call."""
    places = []
    chance = random.Random(4)
    for row in range(-1, size[1] // step + 2):
        for column in range(-1, size[0] // step + 2):
            x = (column + (row % 2) / 2) * step + chance.uniform(-0.16, 0.16) * step
            y = row * step + chance.uniform(-0.16, 0.16) * step
            places.append((x, y, random.Random(row * 1000 + column)))
    return places


def _dots(brush: Brush, size: tuple[int, int], colour: Colour) -> None:
    step, r = 42 * _FINE, 9 * _FINE
    for row in range(size[1] // step + 2):
        for column in range(size[0] // step + 2):
            x, y = (column + (row % 2) / 2) * step, row * step
            brush.ellipse((x - r, y - r, x + r, y + r), fill=colour.accent)


def _checks(brush: Brush, size: tuple[int, int], colour: Colour) -> None:
    step = 50 * _FINE
    for row in range(size[1] // step + 1):
        for column in range(row % 2, size[0] // step + 1, 2):
            x, y = column * step, row * step
            brush.rectangle((x, y, x + step - 1, y + step - 1), fill=colour.accent)


def _confetti(brush: Brush, size: tuple[int, int], colour: Colour) -> None:
    tones = (colour.accent, "#F6C1AE", "#BFE3D2", "#F7DE94")
    for x, y, chance in _scattered(size, 60 * _FINE):
        angle, length = chance.uniform(0, pi), 11 * _FINE
        dx, dy = cos(angle) * length, sin(angle) * length
        tone = chance.choice(tones)
        brush.line((x - dx, y - dy, x + dx, y + dy), fill=tone, width=8 * _FINE)
        for end in (-1, 1):
            ex, ey, r = x + end * dx, y + end * dy, 4 * _FINE
            brush.ellipse((ex - r, ey - r, ex + r, ey + r), fill=tone)


def _hearts(brush: Brush, size: tuple[int, int], colour: Colour) -> None:
    for x, y, chance in _scattered(size, 74 * _FINE):
        r, turn = chance.uniform(1.0, 1.35) * _FINE, chance.uniform(-0.3, 0.3)
        outline = []
        for step in range(60):
            a = 2 * pi * step / 60
            hx = 16 * sin(a) ** 3
            hy = -(13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a))
            outline.append(
                (
                    x + r * (hx * cos(turn) - hy * sin(turn)),
                    y + r * (hx * sin(turn) + hy * cos(turn)),
                )
            )
        brush.polygon(outline, fill=colour.accent)


def _spiked(
    x: float, y: float, points: int, radii: tuple[float, float], turn: float
) -> list[float]:
    outline = []
    for step in range(points * 2):
        angle, r = turn + pi * step / points, radii[step % 2]
        outline += [x + r * sin(angle), y - r * cos(angle)]
    return outline


def _stars(brush: Brush, size: tuple[int, int], colour: Colour) -> None:
    for x, y, chance in _scattered(size, 76 * _FINE):
        r = chance.uniform(15, 23) * _FINE
        turn = chance.uniform(-0.5, 0.5)
        brush.polygon(_spiked(x, y, 5, (r, r * 0.5), turn), fill=colour.accent)


def _sparkles(brush: Brush, size: tuple[int, int], colour: Colour) -> None:
    for x, y, chance in _scattered(size, 82 * _FINE):
        r = chance.uniform(8, 24) * _FINE
        tone = chance.choice((colour.accent, colour.accent, "#5A5440", "#2F5A4B"))
        brush.polygon(_spiked(x, y, 4, (r, r * 0.3), 0.0), fill=tone)


_PATTERNS: Mapping[str, Callable[[Brush, tuple[int, int], Colour], None]] = MappingProxyType(
    {
        "dots": _dots,
        "checks": _checks,
        "confetti": _confetti,
        "hearts": _hearts,
        "stars": _stars,
        "sparkles": _sparkles,
    }
)
