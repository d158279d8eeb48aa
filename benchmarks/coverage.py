"""How much of the rendered samples' finger pads the default settings cover.

``python -m benchmarks.coverage`` measures and rewrites its part of ``benchmarks/RESULTS.md``. The
pads' outlines are known exactly, because they were rendered. Few pictures of one hand model: a
check of the geometry, not an estimate for real photos.
"""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.results import put_section
from vov_core.finder import open_finder
from vov_core.images import read_photo
from vov_core.masks.regions import inside, scale_region
from vov_core.pipeline import DEFAULT_COVERAGE
from vov_core.select import Edits, Rules, select

_SAMPLES = Path(__file__).parents[1] / "samples"
_COVERAGES = (1.0, 1.2, DEFAULT_COVERAGE, 1.6)
_VISIBLE = 0.5
_SMALLEST = 30


def pads_of(facts: dict[str, Any], shape: tuple[int, ...]) -> list[NDArray[np.bool_]]:
    """The pads that are at least half visible, as (H, W) masks."""
    pads = []
    for pad in facts["pads"]:
        if pad["visible"] and pad["visible_fraction"] >= _VISIBLE:
            canvas = np.zeros(shape[:2], np.uint8)
            for polygon in pad["pad_polygons"]:
                cv2.fillPoly(canvas, [np.array(polygon, np.int32)], 1)
            if canvas.sum() >= _SMALLEST:
                pads.append(canvas.astype(bool))
    return pads


def main() -> None:
    """Measures every sample at several coverages."""
    finder = open_finder()
    shares: dict[float, list[float]] = {coverage: [] for coverage in _COVERAGES}
    photos = missed = 0
    for file in sorted(_SAMPLES.glob("*.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        photo = read_photo(file.with_suffix(".jpg").read_bytes())
        pads = pads_of(facts, photo.pixels.shape)
        selection = select(finder.find(photo.sha256, photo.pixels), Rules(), Edits())
        photos += bool(pads)
        missed += bool(pads) and not selection.masked
        for coverage in _COVERAGES:
            regions = [scale_region(region, coverage) for region in selection.masked]
            covered = inside(regions, photo.pixels.shape)
            shares[coverage] += [float(covered[pad].mean()) for pad in pads if regions]
    rows = [
        "| coverage | pads | mean share covered | pads covered >= 95 % |",
        "|---:|---:|---:|---:|",
    ]
    for coverage, values in shares.items():
        full = np.mean(np.array(values) >= 0.95)
        name = f"**{coverage:g}** (default)" if coverage == DEFAULT_COVERAGE else f"{coverage:g}"
        rows.append(f"| {name} | {len(values)} | {np.mean(values):.3f} | {full:.3f} |")
    put_section(
        "Pads covered on the rendered samples",
        f"`python -m benchmarks.coverage`: {photos} samples with visible pads, of which {missed} "
        "(close-ups) have no finding at all and are not in the table.\n\n" + "\n".join(rows),
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
