"""Memory of one session that protects a hundred photos.

``python -m benchmarks.session`` measures and rewrites its part of ``benchmarks/RESULTS.md``.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.results import put_section
from benchmarks.scenes import scene
from vov_core.finder import open_finder
from vov_core.images import ReadLimits
from vov_core.pipeline import Tuning
from vov_core.workspace import Workspace

PHOTOS = 100
MEGAPIXELS = 4
STEPS = (1, 10, 25, 50, 75, 100)


def resident_mb() -> float:
    """Resident memory of this process now (not its peak)."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) / 1024


def _photo(number: int) -> bytes:
    pixels = scene(MEGAPIXELS, 1 + number % 3, seed=number)
    buffer = io.BytesIO()
    Image.fromarray(np.roll(pixels, number, axis=1)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def main() -> None:
    """Adds, masks and approves photo after photo and writes down the memory."""
    finder = open_finder()
    space = Workspace(lambda: finder, ReadLimits(), 2 * 1024**3)
    rows = ["| photos | held for the person | resident memory |", "|---:|---:|---:|"]
    for number in range(1, PHOTOS + 1):
        item = space.add(f"{number}.jpg", _photo(number))
        space.approve(item, Tuning())
        if number in STEPS:
            held = f"{space.held / 1024**2:.0f} MB"
            rows.append(f"| {number} | {held} | {resident_mb():.0f} MB |")
            print(rows[-1], flush=True)
    put_section(
        "A session of a hundred photos",
        f"`python -m benchmarks.session`: {PHOTOS} photos of {MEGAPIXELS} MP in one session, each "
        "examined, masked and approved. *Held* are the uploaded and the approved bytes; decoded "
        "pictures are kept for the last few only.\n\n" + "\n".join(rows),
    )


if __name__ == "__main__":
    main()
