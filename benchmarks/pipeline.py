"""Milliseconds per stage and peak memory of the way of a photo.

``python -m benchmarks.pipeline`` measures and rewrites its part of ``benchmarks/RESULTS.md``.
Every size x hands runs in a process of its own, so that peak memory belongs to it alone.
"""

import argparse
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from functools import partial
from time import perf_counter

from PIL import Image

from benchmarks.results import put_section
from benchmarks.scenes import scene
from pages._shared.pictures import preview
from vov_core.finder import open_finder
from vov_core.findings import Findings
from vov_core.images import OutputFormat, Photo, read_photo
from vov_core.masks import STYLES
from vov_core.pipeline import Look, mask, timed, write
from vov_core.select import Edits, Rules, select

SIZES = (0.3, 2, 12, 48)
HANDS = (0, 1, 2, 6)
ROUNDS = 5
STAGES = ("decode", "hands", "detector", "select", "mask", "encode", "slider", "total")


def slider_move(photo: Photo, findings: Findings, look: Look) -> str:
    """What the server does when a slider moves, up to the picture for the browser."""
    return preview(mask(photo, select(findings, Rules(), Edits()), look).pixels)


def measure(megapixels: float, hands: int, rounds: int = ROUNDS) -> dict[str, float]:
    """Medians of the stages for one kind of photo."""
    buffer = io.BytesIO()
    Image.fromarray(scene(megapixels, hands)).save(buffer, "JPEG", quality=92)
    data = buffer.getvalue()
    finder = open_finder()
    finder.find("warm", read_photo(data).pixels)
    # After the photo itself is made and the models are warm: what one photo adds.
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    look = Look()
    times: dict[str, list[float]] = {stage: [] for stage in STAGES}
    found = 0
    for _ in range(rounds):
        start = perf_counter()
        photo = read_photo(data)
        times["decode"].append((perf_counter() - start) * 1000)
        findings = finder.find(photo.sha256, photo.pixels)
        times["hands"].append(findings.ms.get("hands", 0))
        times["detector"].append(findings.ms.get("detector", 0))
        selection, ms = timed(partial(select, findings, Rules(), Edits()))
        times["select"].append(ms)
        masked = mask(photo, selection, look)
        times["mask"].append(masked.ms)
        output = write(photo, masked, look, OutputFormat.JPEG)
        times["encode"].append(output.ms)
        times["total"].append((perf_counter() - start) * 1000)
        times["slider"].append(timed(partial(slider_move, photo, findings, look))[1])
        found = len(findings.hands)
    result = {stage: statistics.median(values) for stage, values in times.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**result, "found": found, "peak_mb": peak / 1024, "added_mb": (peak - base) / 1024}


def measure_styles(megapixels: float = 12, hands: int = 2) -> dict[str, float]:
    """Median milliseconds of each mask style on one photo."""
    buffer = io.BytesIO()
    Image.fromarray(scene(megapixels, hands)).save(buffer, "JPEG", quality=92)
    photo = read_photo(buffer.getvalue())
    findings = open_finder().find(photo.sha256, photo.pixels)
    selection = select(findings, Rules(), Edits())
    result = {}
    for name in STYLES:
        times = [mask(photo, selection, Look(style=name)).ms for _ in range(7)]
        result[name] = statistics.median(times)
    return result


def _in_own_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.pipeline", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    values: dict[str, float] = json.loads(done.stdout)
    return values


def _table() -> str:
    lines = [
        "| MP | hands in photo | hands found | decode | hands | detector | select | mask "
        "| encode + check | **bytes to approved bytes** | slider move | peak memory |",
        "|---:|" + "---:|" * 11,
    ]
    for size in SIZES:
        for hands in HANDS:
            m = _in_own_process("--one", str(size), str(hands))
            lines.append(
                f"| {size:g} | {hands} | {m['found']:.0f} | {m['decode']:.0f} | {m['hands']:.0f} "
                f"| {m['detector']:.0f} | {m['select']:.2f} | {m['mask']:.0f} | {m['encode']:.0f} "
                f"| **{m['total']:.0f}** | {m['slider']:.0f} | {m['peak_mb']:.0f} MB |"
            )
            print(lines[-1], flush=True)
    styles = _in_own_process("--styles")
    rows = "\n".join(f"| {name} | {ms:.0f} |" for name, ms in styles.items())
    lines.append(
        "\nMask styles on 12 MP with two hands (ten finger tips), ms:\n\n"
        f"| style | ms |\n|---|---:|\n{rows}"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, type=float, metavar=("MP", "HANDS"))
    parser.add_argument("--styles", action="store_true")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one[0], int(arguments.one[1]))))
        return
    if arguments.styles:
        print(json.dumps(measure_styles()))
        return
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    put_section(
        "The way of a photo",
        f"`python -m benchmarks.pipeline` on {machine}; medians of {ROUNDS} rounds, milliseconds. "
        "Slider move = select + mask + screen-sized preview. Peak memory is the whole process "
        "with the models loaded.\n\n" + _table(),
    )


if __name__ == "__main__":
    main()
