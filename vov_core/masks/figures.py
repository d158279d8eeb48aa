"""Figures for stickers, drawn from shapes (no font, no picture file)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageDraw

from vov_core.findings import Point
from vov_core.masks.regions import Pixels

Colour = tuple[int, int, int]

# Figures are drawn in units of -1..1 (y down) at this many pixels, then reduced for smooth edges.
_SIDE, _FINE = 256, 4

_INK: Colour = (74, 52, 46)
_CHEEK: Colour = (255, 150, 120)
_WHITE: Colour = (255, 255, 255)


class _Pen:
    """Draws on a transparent square in units of -1..1."""

    def __init__(self) -> None:
        self._half = _SIDE * _FINE / 2
        self.image = Image.new("RGBA", (_SIDE * _FINE,) * 2, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def disc(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """A filled ellipse about (x, y)."""
        self._draw.ellipse((*self._at(x - rx, y - ry), *self._at(x + rx, y + ry)), fill=fill)

    def shape(self, points: list[Point], fill: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([self._at(*point) for point in points], fill=fill)

    def line(self, points: list[Point], width: float, fill: Colour) -> None:
        """A line with round ends and corners."""
        self._draw.line(
            [self._at(*point) for point in points],
            fill=fill,
            width=round(width * self._half),
            joint="curve",
        )
        for x, y in points:
            self.disc(x, y, width / 2, width / 2, fill)

    def _at(self, x: float, y: float) -> Point:
        return self._half * (1 + x), self._half * (1 + y)


def _smile(pen: _Pen) -> None:
    pen.disc(0, 0, 0.97, 0.97, (240, 170, 30))
    pen.disc(0, -0.02, 0.92, 0.92, (255, 209, 64))
    _face(pen, 0, 0, 1)


def _face(pen: _Pen, x: float, y: float, size: float) -> None:
    """Two eyes, a mouth and cheeks."""
    for side in (-1, 1):
        pen.disc(x + side * 0.6 * size, y + 0.2 * size, 0.17 * size, 0.12 * size, _CHEEK)
        pen.disc(x + side * 0.33 * size, y - 0.2 * size, 0.12 * size, 0.18 * size, _INK)
        pen.disc(
            x + (side * 0.33 + 0.04) * size, y - 0.27 * size, 0.04 * size, 0.055 * size, _WHITE
        )
    arc = [(x + 0.42 * size * cos(t), y + (0.12 + 0.36 * sin(t)) * size) for t in _turn(0.1, 0.9)]
    pen.line(arc, 0.1 * size, _INK)


def _turn(start: float, stop: float, steps: int = 48) -> list[float]:
    """Angles between two fractions of a half turn, radians."""
    return [pi * (start + (stop - start) * i / steps) for i in range(steps + 1)]


def _heart(pen: _Pen) -> None:
    for size, fill in ((1.0, (196, 36, 66)), (0.9, (238, 68, 96))):
        pen.shape([(size * x, size * y) for x, y in _heart_outline()], fill)
    pen.disc(-0.42, -0.36, 0.17, 0.12, (255, 176, 188))


def _heart_outline() -> list[Point]:
    return [
        (
            0.96 * sin(t) ** 3,
            -0.06 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) - 0.14,
        )
        for t in _turn(0, 2, 160)
    ]


def _star(pen: _Pen) -> None:
    for radius, width, fill in ((0.72, 0.34, (232, 160, 20)), (0.68, 0.24, (255, 206, 58))):
        outline = _star_outline(radius)
        pen.shape(outline, fill)
        pen.line([*outline, outline[0]], width, fill)
    _face(pen, 0, 0.04, 0.55)


def _star_outline(radius: float) -> list[Point]:
    return [
        (
            radius * (1 if i % 2 == 0 else 0.5) * sin(pi * i / 5),
            -radius * (1 if i % 2 == 0 else 0.5) * cos(pi * i / 5) + 0.06,
        )
        for i in range(10)
    ]


def _flower(pen: _Pen) -> None:
    for radius, fill in ((0.38, (214, 92, 150)), (0.33, (255, 140, 186))):
        for i in range(6):
            pen.disc(0.58 * sin(pi * i / 3), -0.58 * cos(pi * i / 3), radius, radius, fill)
    pen.disc(0, 0, 0.42, 0.42, (232, 160, 20))
    pen.disc(0, 0, 0.37, 0.37, (255, 214, 84))
    _face(pen, 0, 0, 0.4)


def _cat(pen: _Pen) -> None:
    fur, inner, stripe = (246, 164, 84), (255, 205, 178), (206, 120, 48)
    for side in (-1, 1):
        ear = [(side * 0.66, -0.78), (side * 0.74, -0.1), (side * 0.16, -0.46)]
        pen.shape(ear, fur)
        pen.line([*ear, ear[0]], 0.14, fur)
        pen.shape([(side * 0.61, -0.62), (side * 0.63, -0.24), (side * 0.34, -0.42)], inner)
    pen.disc(0, 0.14, 0.84, 0.76, fur)
    for x in (-0.16, 0, 0.16):
        pen.line([(x, -0.5), (x, -0.3)], 0.07, stripe)
    for side in (-1, 1):
        pen.disc(side * 0.36, 0.06, 0.11, 0.16, _INK)
        pen.disc(side * 0.36 + 0.035, 0.0, 0.04, 0.05, _WHITE)
        pen.disc(side * 0.56, 0.34, 0.14, 0.1, _CHEEK)
        arc = [(side * 0.13 + 0.13 * cos(t), 0.4 + 0.13 * sin(t)) for t in _turn(0.05, 0.95)]
        pen.line(arc, 0.06, _INK)
    pen.shape([(-0.1, 0.28), (0.1, 0.28), (0, 0.4)], (226, 96, 104))


def _sun(pen: _Pen) -> None:
    for i in range(12):
        t = pi * i / 6
        pen.line(
            [(0.7 * sin(t), -0.7 * cos(t)), (0.88 * sin(t), -0.88 * cos(t))], 0.16, (255, 166, 40)
        )
    pen.disc(0, 0, 0.62, 0.62, (240, 160, 30))
    pen.disc(0, 0, 0.57, 0.57, (255, 212, 72))
    _face(pen, 0, 0, 0.6)


def _clover(pen: _Pen) -> None:
    for i in range(4):
        t = pi * (i / 2 + 0.25)
        for size, fill in ((1.0, (42, 132, 74)), (0.88, (84, 186, 108))):
            pen.shape(_petal(t, size), fill)
        pen.line([(0, 0), (0.55 * sin(t), -0.55 * cos(t))], 0.04, (42, 132, 74))
    pen.line([(0, 0), (0.06, 0.5), (0.2, 0.92)], 0.09, (42, 132, 74))


def _petal(turn: float, size: float) -> list[Point]:
    """A heart-shaped clover leaf from the middle outwards."""
    points = []
    for x, y in _heart_outline():
        across, out = 0.46 * size * x, 0.48 - 0.5 * size * y
        points.append((across * cos(turn) + out * sin(turn), across * sin(turn) - out * cos(turn)))
    return points


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the paper it is printed on.

    Attributes:
        name: For ``draw_figure``.
        paper: RGB.
        draw: Draws it.
    """

    name: str
    paper: Colour
    draw: Callable[[_Pen], None]


FIGURES: tuple[Figure, ...] = (
    Figure("smile", (142, 208, 236), _smile),
    Figure("heart", (255, 222, 226), _heart),
    Figure("star", (120, 146, 214), _star),
    Figure("flower", (176, 224, 190), _flower),
    Figure("cat", (176, 214, 232), _cat),
    Figure("sun", (150, 214, 240), _sun),
    Figure("clover", (250, 236, 178), _clover),
)


@lru_cache(maxsize=len(FIGURES))
def draw_figure(name: str) -> Pixels:
    """Draws a figure on a transparent square.

    Args:
        name: Of one of ``FIGURES``.

    Returns:
        RGBA uint8, (256, 256, 4), read-only.
    """
    pen = _Pen()
    next(figure for figure in FIGURES if figure.name == name).draw(pen)
    # Averaging colours weighted by opacity: no dark fringe from the transparent surroundings.
    small = pen.image.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    picture = np.asarray(small).copy()
    picture.setflags(write=False)
    return picture
