"""Before and after of the demo sample, made by the app's own pipeline."""

from collections.abc import Sequence

import streamlit as st

from pages._shared.pictures import crop, data_url, fit, jpeg, square_around
from pages._shared.samples import DEMO, sample_bytes
from pages._shared.session import finder
from vov_core.findings import Box, Findings, Region
from vov_core.images import Photo, read_photo
from vov_core.masks import STYLES
from vov_core.pipeline import Look, mask
from vov_core.select import Edits, Rules, Selection, select

_LONGEST = 1200


def around_tips(regions: Sequence[Region], width: int, height: int) -> Box:
    """A 4:3 window around the finger tips, so that the ridges can be seen; else the whole photo."""
    if not regions:
        return 0, 0, width, height
    boxes = [region.box for region in regions]
    x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    x1, y1 = max(box[2] for box in boxes), max(box[3] for box in boxes)
    wide = min(max(x1 - x0, (y1 - y0) * 4 / 3) * 1.12, width, height * 4 / 3)
    high = wide * 3 / 4
    left = min(max((x0 + x1 - wide) / 2, 0), width - wide)
    top = min(max((y0 + y1 - high) / 2, 0), height - high)
    return left, top, left + wide, top + high


# Safe to share between sessions: the sample is rendered and comes with the app.
@st.cache_resource(show_spinner=False)
def examined() -> tuple[Photo, Findings, Selection]:
    """The sample, what the models see in it, and what is covered by default."""
    photo = read_photo(sample_bytes(DEMO))
    findings = finder().find(photo.sha256, photo.pixels)
    return photo, findings, select(findings, Rules(), Edits())


@st.cache_resource(show_spinner=False)
def demo_pictures() -> tuple[str, str]:
    """The sample and its masked version as data addresses."""
    photo, _, selection = examined()
    masked = mask(photo, selection, Look())
    window = around_tips(selection.masked, photo.width, photo.height)
    before, after = (
        data_url(jpeg(fit(crop(pixels, window), _LONGEST), 88))
        for pixels in (photo.pixels, masked.pixels)
    )
    return before, after


@st.cache_resource(show_spinner=False)
def style_pictures() -> dict[str, str]:
    """One finger tip of the demo sample in every style, as data addresses."""
    photo, _, selection = examined()
    tip = max(selection.masked, key=lambda region: region.width)
    window = square_around(tip.box, photo.width, photo.height, margin=0.6)
    return {
        name: data_url(
            jpeg(fit(crop(mask(photo, selection, Look(style=name)).pixels, window), 360))
        )
        for name in STYLES
    }
