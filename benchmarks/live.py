"""Pace and coverage of the live picture: a rendered hand that moves, at 640 x 480.

``python -m benchmarks.live`` measures and rewrites its part of ``benchmarks/RESULTS.md``.
"""

import json
import os
import statistics
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.results import put_section
from tests.live.clips import Pixels, moved, pads, shifts, still
from vov_core.live import LiveMasker, VideoHands
from vov_core.masks import STYLES
from vov_core.pipeline import Look

SAMPLES = Path(__file__).parents[1] / "samples"
NUMBERS = ("00300", "00301", "00302", "00119")
FRAMES = 120
WARM = 10
RATE = 20.0


def _clip(number: str) -> list[Pixels]:
    picture = still((SAMPLES / f"hand_{number}.jpg").read_bytes())
    return [moved(picture, way) for way in shifts(FRAMES)]


def pace(style: str, frames: list[Pixels]) -> str:
    """One row: frames per second of the loop that finds and covers, and its parts."""
    masker = LiveMasker(VideoHands(), Look(style=style))
    find, cover, start, cpu = [], [], 0.0, 0.0
    for number, frame in enumerate(frames):
        if number == WARM:
            start, cpu = perf_counter(), _cpu()
        done = masker.add(frame, number / RATE)
        if done and number >= WARM:
            find.append(done.find_ms)
            cover.append(done.mask_ms)
    seconds, used = perf_counter() - start, _cpu() - cpu
    masker.close()
    count = len(frames) - WARM
    return (
        f"| {style} | {count / seconds:.1f} | {statistics.median(find):.1f} |"
        f" {statistics.median(cover):.1f} | {1000 * used / count:.1f} |"
    )


def _cpu() -> float:
    used = os.times()
    return used.user + used.system


def coverage(number: str) -> tuple[int, int]:
    """Pads that are covered, and all pads, over the frames of a clip."""
    masker = LiveMasker(VideoHands(), Look(style="solid", softness=0.0))
    centres = pads(json.loads((SAMPLES / f"hand_{number}.json").read_text()))
    ways, covered, given = shifts(FRAMES), 0, 0
    for n, frame in enumerate(_clip(number)):
        done = masker.add(frame, n / RATE)
        if done:
            dx, dy = ways[given]
            given += 1
            covered += sum(
                bool(done.pixels[round(y + dy), round(x + dx)].max() < 3) for x, y in centres
            )
    masker.close()
    return covered, given * len(centres)


def main() -> None:
    """Both tables."""
    frames = _clip(NUMBERS[0])
    rows = [
        "| style | frames per second | find, ms | cover, ms | CPU time per frame, ms |",
        "|---|---:|---:|---:|---:|",
    ]
    for style in (name for name, made in STYLES.items() if made.irreversible):
        rows.append(pace(style, frames))
        print(rows[-1], flush=True)
    counts = np.array([coverage(number) for number in NUMBERS]).sum(axis=0)
    load = os.getloadavg()[0]
    put_section(
        "The live picture",
        f"`python -m benchmarks.live`: {FRAMES} frames of 640 x 480 with one moving hand, on "
        f"{os.cpu_count()} cores while the machine's load was {load:.1f} (other programs ran; "
        "they lengthen CPU time per frame, too, but less). Finding and covering only: decoding and "
        "encoding of the stream come on top.\n\n"
        + "\n".join(rows)
        + f"\n\nPads whose centre is covered, over {len(NUMBERS)} hands and all frames: "
        f"**{counts[0]} of {counts[1]}** ({counts[0] / counts[1]:.2%}).",
    )


if __name__ == "__main__":
    main()
