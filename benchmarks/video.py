"""How well and how fast videos are covered: rendered clips whose finger pads are known exactly.

``python -m benchmarks.video`` measures everything and rewrites its part of
``benchmarks/RESULTS.md``; ``quality``, ``speed`` or ``memory`` as an argument measures one part.
Three hands of one hand model over soft backgrounds: a check of the method, no estimate for real
videos.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.clips import SCENES, Actor, Pose, Scene, background, labelled, written
from benchmarks.results import put_section
from vov_core.finder import open_finder
from vov_core.masks.regions import inside, scale_region
from vov_core.video import (
    Plan,
    Shapes,
    VideoFindings,
    find_in_video,
    frames,
    probe,
    render,
    selection_at,
)
from vov_core.video.reader import TICKS
from vov_core.video.writer import Mp4Writer

_TITLE = "Videos"
_SIZE, _RATE = (640, 360), 30
_COVERED, _OPEN = 0.95, 0.5
_SPEEDS = ((640, 360), (1280, 720), (1920, 1080))
_MEMORY_MINUTES, _MEMORY_RATE = 10, 2
_PARTS = Path(tempfile.gettempdir()) / "vov-benchmark-video.json"


@dataclass(frozen=True)
class Quality:
    """One scene's figures."""

    name: str
    shares: Sequence[float]
    longest_open: int
    never_seen: int


def _covered_shares(scene: Scene, found: VideoFindings) -> Quality:
    """How much of every pad is covered in every frame."""
    shapes, shares, run, longest, never = Shapes(found), [], 0, 0, 0
    seen = any(not place.doubt for track in found.tracks for place in track.places.values())
    for index, frame in enumerate(labelled(scene, *_SIZE, _RATE)):
        selection = selection_at(shapes.at(index), Plan(), index / _RATE)
        regions = [scale_region(region, Plan().look.coverage) for region in selection.masked]
        hidden = inside(regions, frame.pixels.shape)
        here = [float(hidden[pad].mean()) for pad in frame.pads]
        never += 0 if seen else len(here)
        shares += here
        run = run + 1 if any(share < _OPEN for share in here) else 0
        longest = max(longest, run)
    return Quality(scene.name, shares, longest, never)


def quality() -> str:
    """Coverage per scene."""
    finder, rows, everything, longest = open_finder(), [], [], 0
    for scene in SCENES:
        data = written(scene, *_SIZE, _RATE)
        found = _covered_shares(scene, find_in_video(data, probe(data), finder))
        shares = np.array(found.shares)
        everything.append(shares)
        longest = max(longest, found.longest_open)
        rows.append(
            f"| {scene.name} | {len(shares)} | {np.mean(shares >= _COVERED):.2%} |"
            f" {np.mean(shares >= _OPEN):.2%} | {found.longest_open} | {found.never_seen} |"
        )
        print(rows[-1], flush=True)
    shares = np.concatenate(everything)
    rows.append(
        f"| **all** | {len(shares)} | **{np.mean(shares >= _COVERED):.2%}** |"
        f" **{np.mean(shares >= _OPEN):.2%}** | **{longest}** | |"
    )
    head = (
        f"Safe mode, default look, {_SIZE[0]} x {_SIZE[1]}, {_RATE} frames per second, "
        f"{'with' if finder.has_detector else 'without'} the detector. *Covered*: at least "
        "95 % of the pad's visible pixels. *Mostly*: at least half. "
        "*Open run*: consecutive frames in which any pad is less than half covered. *Never "
        "seen*: pads of hands that no model saw in any frame (part of the others).\n\n"
        "| scene | frames x pads | covered | mostly | longest open run | never seen |\n"
        "|---|---:|---:|---:|---:|---:|\n"
    )
    return head + "\n".join(rows)


def _timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result, seconds on the clock, seconds of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - clock, time.process_time() - processor


def speed() -> str:
    """Frames per second per stage and resolution."""
    waving = next(scene for scene in SCENES if scene.name == "waving")
    scene = Scene("waving", waving.actors, seconds=2.0)
    finder, rows = open_finder(), []
    finder.find("", background(1280, 720, 1))
    for width, height in _SPEEDS:
        data = written(scene, width, height, _RATE)
        clip = probe(data)
        _, read, _ = _timed(lambda d=data, c=clip: sum(1 for _ in frames(d, c)))
        found, find, find_cpu = _timed(lambda d=data, c=clip: find_in_video(d, c, finder))
        made, cover, cover_cpu = _timed(lambda d=data, c=clip, f=found: render(d, c, f, Plan()))
        check = made.ms["check"] / 1000
        count = clip.frames
        rows.append(
            f"| {width} x {height} | {count / read:.0f} | {count / find:.1f} |"
            f" {count / (cover - check):.1f} | {count / check:.0f} |"
            f" **{count / (find + cover):.1f}** | {1000 * (find_cpu + cover_cpu) / count:.0f} ms |"
        )
        print(rows[-1], flush=True)
    load = os.getloadavg()[0]
    head = (
        f"One waving hand, {_RATE} frames per second, skin tone; {os.cpu_count()} cores, on which "
        f"a load of {load:.1f} was running meanwhile. Processor time is what a quiet machine "
        "would take at most.\n\n"
        "| frames | read | find | cover, write | check | **end to end** | processor per frame |\n"
        "|---|---:|---:|---:|---:|---:|---:|\n"
    )
    return head + "\n".join(rows)


def _long_clip(minutes: float) -> bytes:
    """A hand that waves on and on, small and cheap to make."""
    motion = next(scene for scene in SCENES if scene.name == "waving").actors[0].motion
    scene = Scene("long", (Actor("hand_00300", lambda s: motion(s) or Pose(0.5, 0.5, 0.7)),), 4.0)
    shown = [frame.pixels for frame in labelled(scene, 320, 180, _MEMORY_RATE)]
    writer = Mp4Writer(320, 180, _MEMORY_RATE)
    for index in range(round(minutes * 60 * _MEMORY_RATE)):
        writer.picture(shown[index % len(shown)], round(index * TICKS / _MEMORY_RATE))
    return writer.finish()


def _peak(minutes: float) -> None:
    """In a process of its own: works on a clip and prints what it held at most."""
    data = _long_clip(minutes)
    finder, process = open_finder(), psutil.Process()
    finder.find("", background(320, 180, 1))
    before = process.memory_info().rss
    most, over = [before], threading.Event()

    def sample() -> None:
        while not over.wait(0.1):
            most.append(process.memory_info().rss)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    clip = probe(data)
    found = find_in_video(data, clip, finder)
    made = render(data, clip, found, Plan())
    over.set()
    thread.join()
    mib = 1024**2
    row = (
        f"| {minutes:g} min, {clip.frames} frames | {len(data) / mib:.1f} MB |"
        f" {(len(made.data) + len(made.pair)) / mib:.1f} MB |"
        f" {before / mib:.0f} MB | {max(most) / mib:.0f} MB |"
    )
    print(row)


def memory() -> str:
    """What long clips hold."""
    rows = []
    for minutes in (1, _MEMORY_MINUTES):
        command = [sys.executable, "-m", "benchmarks.video", "peak", str(minutes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(done.stdout.strip().splitlines()[-1])
        print(rows[-1], flush=True)
    head = (
        "Resident memory of a process that works on a 320 x 180 clip at 2 frames per second, "
        "models loaded before.\n\n"
        "| clip | upload | outputs | before | most |\n|---|---:|---:|---:|---:|\n"
    )
    return head + "\n".join(rows)


_MEASURED: dict[str, Callable[[], str]] = {"quality": quality, "speed": speed, "memory": memory}
_HEADS = {
    "quality": "### Finger pads covered",
    "speed": "### Speed",
    "memory": "### Memory",
}


def main(arguments: Sequence[str]) -> None:
    """Measures all parts or those that are named; the others keep their last figures."""
    if arguments[:1] == ["peak"]:
        _peak(float(arguments[1]))
        return
    known: dict[str, str] = json.loads(_PARTS.read_text()) if _PARTS.exists() else {}
    for name in arguments or list(_MEASURED):
        known[name] = _MEASURED[name]()
        _PARTS.write_text(json.dumps(known))
        body = [f"{_HEADS[part]}\n\n{known[part]}" for part in _MEASURED if part in known]
        put_section(_TITLE, "`python -m benchmarks.video`\n\n" + "\n\n".join(body))


if __name__ == "__main__":
    main(sys.argv[1:])
