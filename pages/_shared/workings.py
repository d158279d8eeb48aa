"""How it works, in four pictures of the demo sample that the app's own pipeline makes."""

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from itertools import cycle

import streamlit as st

from pages._shared.demo import around_tips, examined
from pages._shared.pictures import Pixels, crop, data_url, fit, jpeg
from pages._shared.receipts import size_text
from pages._shared.session import t
from vov_core.findings import Box, Hand, Point, Region
from vov_core.images import OutputFormat
from vov_core.masks import STYLES
from vov_core.masks.regions import scale_region
from vov_core.pipeline import Look, Output, mask, write

STEPS = ("hands", "prints", "cover", "clean")
_LONGEST = 720
_ROOM = 1.5
_GREEN, _DARK = "#2ee6a6", "#0a1410"
_PALM = (0, 5, 9, 13, 17, 0)
_FINGERS = ((0, 1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))


def markup(step: str) -> str:
    """A step's picture with its description for who can't see it."""
    alt = escape(t(f"about.how_{step}_alt"))
    told = _receipt() if step == "clean" else ""
    return f'<div class="vov-how"><img src="{_pictures()[step]}" alt="{alt}">{told}</div>'


def _receipt() -> str:
    """What was read back from the written file."""
    report = _written().report
    facts = (
        f"{report.width} × {report.height} px · {size_text(report.bytes)}",
        t("about.how_clean_free"),
        f"SHA-256 {report.sha256[:12]}…",
    )
    return f"<ul>{''.join(f'<li>{fact}</li>' for fact in facts)}</ul>"


# Safe to share between sessions: all of it shows the rendered sample.
@st.cache_resource(show_spinner=False)
def _pictures() -> dict[str, str]:
    """Step -> the picture's data address."""
    photo, findings, selection = examined()
    whole = (0, 0, photo.width, photo.height)
    # Room for the covers, which may be larger than what was found.
    roomy = [scale_region(region, _ROOM) for region in selection.masked]
    tips = around_tips(roomy, photo.width, photo.height)
    outlined = _outlined(selection.masked, (tips[2] - tips[0]) / 100)
    return {
        "hands": _drawn_over(photo.pixels, whole, _bones(findings.hands, photo.width / 100)),
        "prints": _drawn_over(photo.pixels, tips, outlined),
        "cover": _shown(_one_style_each(), tips),
        "clean": _shown(mask(photo, selection, Look()).pixels, tips),
    }


@st.cache_resource(show_spinner=False)
def _written() -> Output:
    photo, _, selection = examined()
    return write(photo, mask(photo, selection, Look()), Look(), OutputFormat.JPEG)


def _one_style_each() -> Pixels:
    """Every finger tip covered in another irreversible style."""
    photo, _, selection = examined()
    names = cycle(name for name, style in STYLES.items() if style.irreversible)
    for region, name in zip(selection.masked, names, strict=False):
        alone = replace(selection, masked=(region,))
        photo = replace(photo, pixels=mask(photo, alone, Look(style=name)).pixels)
    return photo.pixels


def _shown(pixels: Pixels, window: Box) -> str:
    return data_url(jpeg(fit(crop(pixels, window), _LONGEST)))


def _drawn_over(pixels: Pixels, window: Box, shapes: str) -> str:
    """A part of the photo with shapes over it, which are in the whole photo's coordinates."""
    left, top, right, bottom = (round(edge) for edge in window)
    place = f'x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"'
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-weight="700"'
        f' viewBox="{left} {top} {right - left} {bottom - top}" stroke-linejoin="round">'
        f'<image {place} href="{_shown(pixels, window)}"/>{shapes}</svg>'
    )
    return data_url(drawing.encode(), "image/svg+xml")


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in points)


def _bones(hands: Iterable[Hand], unit: float) -> str:
    """Each hand's landmarks, joined to its bones; ``unit`` is a hundredth of the picture."""
    parts = []
    for hand in hands:
        marks = hand.landmarks
        for chain in (_PALM, *_FINGERS):
            joined = _points(marks[index] for index in chain)
            for colour, wide in ((_DARK, 1.3), (_GREEN, 0.6)):
                stroke = f'stroke="{colour}" stroke-width="{wide * unit:.1f}"'
                parts.append(f'<polyline points="{joined}" fill="none" {stroke}/>')
        stroke = f'fill="#fff" stroke="{_DARK}" stroke-width="{0.35 * unit:.1f}"'
        parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{unit:.1f}" {stroke}/>' for x, y in marks]
    return "".join(parts)


def _outlined(regions: Iterable[Region], unit: float) -> str:
    """Each finger tip's outline, and below it how sure the detector is."""
    outlines, scores = [], []
    for region in regions:
        points = _points(region.polygon)
        for colour, wide in ((_DARK, 1.8), (_GREEN, 0.9)):
            stroke = f'stroke="{colour}" stroke-width="{wide * unit:.1f}"'
            outlines.append(f'<polygon points="{points}" fill="none" {stroke}/>')
        if region.confidence is not None:
            scores.append(_score(region.box, f"{region.confidence:.0%}", unit))
    return "".join((*outlines, *scores))


def _score(box: Box, words: str, unit: float) -> str:
    left, _, right, bottom = box
    place = f'x="{(left + right) / 2:.0f}" y="{bottom + 5.8 * unit:.0f}" text-anchor="middle"'
    stroke = f'stroke="{_DARK}" stroke-width="{1.3 * unit:.0f}" paint-order="stroke"'
    return f'<text {place} font-size="{5.2 * unit:.0f}" fill="#fff" {stroke}>{words}</text>'
