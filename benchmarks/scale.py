"""What a batch costs: photos per second and processor time per photo, in this process and on Ray.

``python -m benchmarks.scale --workers 1 2`` rewrites its part of ``benchmarks/RESULTS.md`` and
works out what a million and a hundred million photos take (``docs/SCALE.md`` says what follows).
Ray is an extra (requirements-ray.txt); without it only the first line is measured. Processor time
hardly depends on what else runs; photos per second do.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import mean
from typing import Any

from PIL import Image

from benchmarks.results import put_section
from benchmarks.scenes import scene

MILLIONS = (1, 100)


@dataclass(frozen=True)
class Run:
    """One batch.

    Attributes:
        name: How it was run.
        seconds: From the first photo to the report; Ray's start is not in it, its workers' is.
        processor: Processor seconds per photo; models are loaded in it.
        stages: Stage -> mean milliseconds of a photo, waiting for its turn included.
        megabytes: In and out, per photo.
    """

    name: str
    seconds: float
    processor: float
    stages: dict[str, float]
    megabytes: tuple[float, float]


def photos(folder: Path, count: int, megapixels: float, hands: int) -> None:
    """Photos that differ in their last bytes only."""
    buffer = BytesIO()
    Image.fromarray(scene(megapixels, hands)).save(buffer, "JPEG", quality=92)
    for number in range(count):
        (folder / f"{number:05}.jpg").write_bytes(buffer.getvalue() + number.to_bytes(4))


def batch(name: str, source: Path, options: list[str]) -> Run:
    """Runs one batch into a fresh folder and reads its report."""
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "vov_core", "batch", str(source), target, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        report: dict[str, Any] = json.loads((Path(target) / "vov-report.json").read_text())
    entries, run = report["photos"], report["run"]
    stages = {stage: mean(entry["ms"][stage] for entry in entries) for stage in entries[0]["ms"]}
    sizes = mean(e["size"] for e in entries) / 1e6, mean(e["output_bytes"] for e in entries) / 1e6
    processor = run["engine"]["processor_seconds"] / len(entries)
    return Run(name, run["seconds"], processor, stages, sizes)


def table(runs: list[Run], count: int) -> str:
    """Rows of the runs, then what many photos take at the last run's processor time."""
    lines = [
        "| run | photos per second | processor seconds per photo |",
        "|---|---:|---:|",
        *(f"| {r.name} | {count / r.seconds:.2f} | {r.processor:.2f} |" for r in runs),
        "",
        "| photos | core hours | 64 cores take | in | out |",
        "|---:|---:|---:|---:|---:|",
    ]
    last = runs[-1]
    for millions in MILLIONS:
        hours = last.processor * millions * 1e6 / 3600
        into, out = (size * millions for size in last.megabytes)  # a MB times a million is a TB
        lines.append(
            f"| {millions} million | {hours:,.0f} | {hours / 64:,.1f} h | {into:,.1f} TB "
            f"| {out:,.1f} TB |"
        )
    spent = ", ".join(f"{stage} {ms:.0f}" for stage, ms in last.stages.items())
    return "\n".join([*lines, "", f"Stages of the last run, ms with waiting: {spent}."])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--hands", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--dry", action="store_true", help="print, keep nothing")
    wanted = parser.parse_args()
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        photos(Path(folder), wanted.photos, wanted.megapixels, wanted.hands)
        runs.append(batch("this process, 3 at once", Path(folder), []))
        print(runs[-1], flush=True)
        for workers in wanted.workers if importlib.util.find_spec("ray") else ():
            options = ["--engine", "ray", "--workers", str(workers), "--worker-cores", "1"]
            name = f"Ray, {workers} worker{'s' * (workers > 1)} of 1 core, 2 at once"
            runs.append(batch(name, Path(folder), [*options, "--jobs", "2"]))
            print(runs[-1], flush=True)
    words = table(runs, wanted.photos)
    print(words)
    if not wanted.dry:
        put_section(
            "Batches",
            f"`python -m benchmarks.scale --photos {wanted.photos}`: {wanted.photos} photos of"
            f" {wanted.megapixels:g} megapixels with {wanted.hands} hands, {os.cpu_count()} cores,"
            f" {platform.machine()}; load on them meanwhile {os.getloadavg()[1]:.1f}.\n\n{words}",
        )


if __name__ == "__main__":
    main()
