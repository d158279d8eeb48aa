"""Masking and writing join correctly: what is covered stays covered in the written file."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from vov_core.finder import Finder
from vov_core.findings import Region, Source, Verdict
from vov_core.images import OutputFormat, read_photo
from vov_core.masks import STYLES
from vov_core.masks.regions import footprint
from vov_core.pipeline import Look, mask, write
from vov_core.select import Edits, Rules, Selection, select


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("format", list(OutputFormat))
@pytest.mark.parametrize("style", list(STYLES))
def test_from_bytes_to_clean_bytes(
    finder: Finder, sample: Callable[[str], bytes], style: str, format: OutputFormat
) -> None:
    photo = read_photo(sample("00119"))
    findings = finder.find(photo.sha256, photo.pixels)
    selection = select(findings, Rules(), Edits())
    assert len(selection.masked) == 5
    look = Look(style=style, seed=7)
    before = photo.pixels.copy()
    masked = mask(photo, selection, look)
    output = write(photo, masked, look, format)

    assert np.array_equal(photo.pixels, before)
    touched = footprint(masked.regions, photo.pixels.shape, look.softness)
    assert np.array_equal(masked.pixels[~touched], photo.pixels[~touched])
    assert output.report.metadata_free
    assert output.report.changed_inside > 0.5
    written = decode(output.data)
    assert written.shape == photo.pixels.shape
    assert np.abs(written[~touched].astype(int) - photo.pixels[~touched]).mean() < 4
    if format is OutputFormat.PNG:
        assert np.array_equal(written, masked.pixels)


def test_coverage_scales_the_regions(finder: Finder, sample: Callable[[str], bytes]) -> None:
    photo = read_photo(sample("00119"))
    selection = select(finder.find(photo.sha256, photo.pixels), Rules(), Edits())
    small = mask(photo, selection, Look(style="solid", coverage=1.0, softness=0))
    large = mask(photo, selection, Look(style="solid", coverage=1.6, softness=0))
    changed = [np.any(m.pixels != photo.pixels, axis=2).sum() for m in (small, large)]
    assert changed[1] > 1.8 * changed[0]


def test_nothing_selected_changes_nothing(sample: Callable[[str], bytes]) -> None:
    photo = read_photo(sample("00121"))
    nothing = Selection(
        masked=(), open=(), verdict=Verdict.NOTHING_FOUND, unplaced=(), precise_unavailable=False
    )
    masked = mask(photo, nothing, Look())
    assert np.array_equal(masked.pixels, photo.pixels)
    output = write(photo, masked, Look(), OutputFormat.JPEG)
    assert output.report.metadata_free


def test_a_drawn_region_is_covered(sample: Callable[[str], bytes]) -> None:
    photo = read_photo(sample("00112"))
    square = ((300.0, 300.0), (420.0, 300.0), (420.0, 420.0), (300.0, 420.0))
    drawn = Region(id="p1", polygon=square, width=120, source=Source.PERSON)
    selection = Selection(
        masked=(drawn,), open=(), verdict=Verdict.DANGER, unplaced=(), precise_unavailable=False
    )
    masked = mask(photo, selection, Look(style="solid", coverage=1.6, softness=0))
    assert masked.regions == (drawn,)
    assert np.all(masked.pixels[305:415, 305:415] == masked.pixels[360, 360])
