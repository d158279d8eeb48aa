"""The second look at a video: covers every frame, writes the result, and proves it.

The written file is read again from its bytes: its boxes hold picture and sound only, it has all
frames, and in each frame every covered region looks as it was covered.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from time import perf_counter
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.errors import NotCleanError, VovError
from vov_core.findings import Findings, Region, Verdict
from vov_core.masks import make_style
from vov_core.masks.base import MaskStyle
from vov_core.masks.regions import scale_region
from vov_core.pipeline import Look
from vov_core.select import Edits, Rules, Selection, select
from vov_core.video.limits import VideoLimits
from vov_core.video.mp4 import check_boxes
from vov_core.video.reader import Clip, Frame, Sound, frames, parts, probe
from vov_core.video.shapes import Shapes
from vov_core.video.tracks import VideoFindings
from vov_core.video.work import Watch, ahead
from vov_core.video.writer import Mp4Writer

Pixels = NDArray[np.uint8]

VIDEO_COVERAGE: Final = 1.6
"""More than for photos, whose every finger a person looks at before they approve."""

_WORKERS: Final = 2
_PAIR_SIDE: Final = 480
_PAIR_RATE: Final = 15.0
_PAIR_CRF: Final = 27
_CELLS: Final = (4, 4)
# Largest mean difference of a region's 4 x 4 cells, in levels, that coding has shown: 9.
_CELL_SLACK: Final = 24.0
_UNLIMITED: Final = VideoLimits(max_bytes=2**62, max_seconds=2**31, max_pixels=2**31, min_side=1)


@dataclass(frozen=True, slots=True)
class OpenRange:
    """A stretch of time in which the person leaves something open on purpose.

    Attributes:
        region: Id of a finger tip: ``t3-index``; or of all of a track's: ``t3``.
        start: Seconds.
        end: Seconds; it is covered again from there on.
    """

    region: str
    start: float
    end: float

    def holds(self, region: str, seconds: float) -> bool:
        """Whether it says that a region stays open at a time."""
        track, _, _ = region.partition("-")
        return self.region in (region, track) and self.start <= seconds < self.end


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a person has set for a video.

    Attributes:
        look: How covered finger tips look.
        rules: Which findings are covered.
        open_ranges: What stays open, by explicit choice.
        sound: Whether the sound is kept. Speech is personal, too.
    """

    look: Look = field(default_factory=lambda: Look(coverage=VIDEO_COVERAGE))
    rules: Rules = field(default_factory=Rules)
    open_ranges: tuple[OpenRange, ...] = ()
    sound: bool = False


@dataclass(frozen=True, slots=True)
class VideoReport:
    """What the check of the written video found.

    Attributes:
        sha256: Of the file, hex.
        width: Pixels across.
        height: Pixels down.
        frames: Frames in it.
        seconds: Its length.
        bytes: Its size.
        covered_frames: Frames in which something is covered.
        regions_found: Finger tips found, each counted once.
        regions: Finger tips covered, each counted once.
        most_at_once: Most finger tips covered in one frame.
        left_open: Finger tips that stay open somewhere, as the person chose.
    """

    sha256: str
    width: int
    height: int
    frames: int
    seconds: float
    bytes: int
    covered_frames: int
    regions_found: int
    regions: int
    most_at_once: int
    left_open: int


@dataclass(frozen=True, eq=False)
class Rendered:
    """A covered video and what a person compares it by.

    Attributes:
        data: The mp4 that may leave the process once it is approved.
        pair: A small mp4 of original and result side by side, for the person's own eyes.
        plan: What it was made by.
        report: What the check found.
        verdict: What the video would have given away.
        ms: Stage -> milliseconds.
    """

    data: bytes = field(repr=False)
    pair: bytes = field(repr=False)
    plan: Plan
    report: VideoReport
    verdict: Verdict
    ms: dict[str, float]


class Covered(NamedTuple):
    """A frame before and after."""

    frame: Frame
    pixels: Pixels
    regions: tuple[Region, ...]


class _Mark(NamedTuple):
    """What a covered region must look like in the written file."""

    box: tuple[int, int, int, int]
    cells: Pixels


@dataclass(slots=True)
class _Tally:
    """What is counted on the way."""

    marks: list[tuple[_Mark, ...]] = field(default_factory=list)
    found: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)
    left_open: set[str] = field(default_factory=set)
    danger: bool = False
    most_at_once: int = 0


def render(
    data: bytes,
    clip: Clip,
    findings: VideoFindings,
    plan: Plan,
    *,
    watch: Watch | None = None,
    show: Callable[[Pixels], None] | None = None,
    most_bytes: int = 2**31,
) -> Rendered:
    """Covers a video, writes it and proves it.

    Args:
        data: The upload.
        clip: What ``probe`` told of it.
        findings: What ``find_in_video`` found in it.
        plan: What the person has set.
        watch: Is told how far it is, and may end it; nothing is left then.
        show: Is given covered frames now and then.
        most_bytes: What both outputs together may hold.

    Raises:
        BrokenVideoError: The file can't be decoded to its end.
        SessionFullError: The result got larger than it may.
        NotCleanError: The written file failed its check.
        Cancelled: The watch said so.
    """
    watch = watch or Watch()
    start = perf_counter()
    tally = _Tally()
    sound = plan.sound and clip.sound is not None
    writer = Mp4Writer(clip.width, clip.height, clip.rate, sound=sound, most_bytes=most_bytes)
    pair = _Pair(clip, most_bytes)
    try:
        for part in _covered(data, clip, findings, plan, tally):
            if isinstance(part, Sound):
                writer.sound(part.samples, part.ticks)
                continue
            watch.step(part.frame.index / max(1, findings.frames) * 0.92)
            writer.picture(part.pixels, part.frame.ticks)
            pair.add(part)
            tally.marks.append(_marks(part))
            if show is not None:
                show(part.pixels)
        output, compared = writer.finish(), pair.writer.finish()
    except BaseException:
        for one in (writer, pair.writer):
            with suppress(Exception):
                one.abandon()
        raise
    written = perf_counter()
    report = check_video(output, clip, tally.marks, watch)
    if len(output) + len(compared) > most_bytes:
        compared = b""
    return Rendered(
        data=output,
        pair=compared,
        plan=plan,
        report=_report(output, report, tally),
        verdict=Verdict.DANGER if tally.danger else Verdict.NOTHING_FOUND,
        ms={"render": (written - start) * 1000, "check": (perf_counter() - written) * 1000},
    )


def selection_at(shown: Findings, plan: Plan, seconds: float) -> Selection:
    """What is covered in a frame: a photo's rules, and what the person leaves open just now."""
    open_now = frozenset(
        region.id
        for region in shown.regions
        if any(one.holds(region.id, seconds) for one in plan.open_ranges)
    )
    return select(shown, plan.rules, Edits(left_out=open_now))


def cover(pixels: Pixels, selection: Selection, look: Look) -> tuple[Pixels, tuple[Region, ...]]:
    """A frame with a selection covered, and what was covered at its final size."""
    regions = tuple(scale_region(region, look.coverage) for region in selection.masked)
    return _style(look).apply(pixels, regions) if regions else pixels, regions


def frame_at(data: bytes, clip: Clip, seconds: float) -> Frame:
    """The frame that is shown at a time; the last one for a time after the end."""
    last = None
    for frame in frames(data, clip):
        if last is not None and frame.seconds > seconds + 1e-3:
            return last
        last = frame
    assert last is not None
    return last


def _style(look: Look) -> MaskStyle:
    return make_style(look.style, strength=look.strength, softness=look.softness, seed=look.seed)


def _covered(
    data: bytes, clip: Clip, findings: VideoFindings, plan: Plan, tally: _Tally
) -> Iterator[Covered | Sound]:
    """All parts of the result in their order; a few frames are covered at the same time."""
    shapes, style = Shapes(findings), _style(plan.look)
    waiting: deque[Sound | Future[Covered]] = deque()

    def work(frame: Frame, selection: Selection) -> Covered:
        regions = tuple(scale_region(one, plan.look.coverage) for one in selection.masked)
        pixels = style.apply(frame.pixels, regions) if regions else frame.pixels
        return Covered(frame, pixels, regions)

    with (
        ThreadPoolExecutor(_WORKERS, "vov-video-cover") as pool,
        ahead(parts(data, clip, sound=plan.sound)) as read,
    ):
        for part in read:
            if isinstance(part, Sound):
                waiting.append(part)
            else:
                selection = selection_at(shapes.at(part.index), plan, part.seconds)
                _count(tally, selection, plan, part.seconds)
                waiting.append(pool.submit(work, part, selection))
            while len(waiting) > 2 * _WORKERS:
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())


def _done(part: "Sound | Future[Covered]") -> Covered | Sound:
    return part if isinstance(part, Sound) else part.result()


def _count(tally: _Tally, selection: Selection, plan: Plan, seconds: float) -> None:
    tally.found |= {region.id for region in (*selection.masked, *selection.open)}
    covered = {region.id for region in selection.masked}
    tally.covered |= covered
    tally.danger |= selection.verdict is Verdict.DANGER
    tally.most_at_once = max(tally.most_at_once, len(covered))
    tally.left_open |= {
        region.id
        for region in selection.open
        if any(one.holds(region.id, seconds) for one in plan.open_ranges)
    }


class _Pair:
    """Original and result side by side, small and no more often than needed."""

    def __init__(self, clip: Clip, most_bytes: int) -> None:
        scale = min(1.0, _PAIR_SIDE / max(clip.width, clip.height))
        self._size = (_even(clip.width * scale), _even(clip.height * scale))
        rate = min(clip.rate, _PAIR_RATE)
        self._every = 90_000 / _PAIR_RATE * 0.9
        self._last: int | None = None
        width, height = self._size
        self.writer = Mp4Writer(2 * width, height, rate, crf=_PAIR_CRF, most_bytes=most_bytes)

    def add(self, part: Covered) -> None:
        """Adds a frame, unless the last one was a moment ago."""
        ticks = part.frame.ticks
        if self._last is not None and ticks - self._last < self._every:
            return
        self._last = ticks
        halves = [
            cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA)
            for pixels in (part.frame.pixels, part.pixels)
        ]
        self.writer.picture(np.hstack(halves).astype(np.uint8, copy=False), ticks)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def _marks(part: Covered) -> tuple[_Mark, ...]:
    """What to look for in the written file: the mean colours of what was covered."""
    height, width = part.pixels.shape[:2]
    marks = []
    for region in part.regions:
        x0, y0, x1, y1 = region.box
        left, top = max(0, round(x0)), max(0, round(y0))
        right, bottom = min(width, round(x1)), min(height, round(y1))
        if right - left >= 2 and bottom - top >= 2:
            box = (left, top, right, bottom)
            marks.append(_Mark(box, _cells(part.pixels, box)))
    return tuple(marks)


def _cells(pixels: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right]
    return np.asarray(cv2.resize(part, _CELLS, interpolation=cv2.INTER_AREA), np.uint8)


def check_video(
    output: bytes, clip: Clip, marks: list[tuple[_Mark, ...]], watch: Watch | None = None
) -> Clip:
    """Reads a written video again and proves it.

    Args:
        output: The written file.
        clip: What it was made of.
        marks: Per frame, what its covered regions must look like.
        watch: Is told how far it is.

    Raises:
        NotCleanError: ``container``, ``metadata``, ``size``, ``frames`` or ``pixels``.
    """
    check_boxes(output)
    try:
        written = probe(output, _UNLIMITED)
        if (written.width, written.height) != (clip.width, clip.height):
            raise NotCleanError(reason="size")
        if written.metadata or written.rotation:
            raise NotCleanError(reason="metadata")
        count = 0
        for frame in frames(output, written):
            if watch is not None:
                watch.step(0.92 + 0.08 * count / len(marks))
            _check_frame(frame, marks[count] if count < len(marks) else ())
            count += 1
    except NotCleanError:
        raise
    except VovError as error:
        raise NotCleanError(reason="container") from error
    if count != len(marks):
        raise NotCleanError(reason="frames", found=count)
    return written


def _check_frame(frame: Frame, marks: tuple[_Mark, ...]) -> None:
    for mark in marks:
        off = cv2.absdiff(_cells(frame.pixels, mark.box), mark.cells)
        if float(off.mean()) > _CELL_SLACK:
            raise NotCleanError(reason="pixels")


def _report(output: bytes, written: Clip, tally: _Tally) -> VideoReport:
    return VideoReport(
        sha256=sha256(output).hexdigest(),
        width=written.width,
        height=written.height,
        frames=len(tally.marks),
        seconds=written.seconds,
        bytes=len(output),
        covered_frames=sum(bool(marks) for marks in tally.marks),
        regions_found=len(tally.found),
        regions=len(tally.covered),
        most_at_once=tally.most_at_once,
        left_open=len(tally.left_open),
    )


def poster(data: bytes) -> Pixels:
    """A picture that stands for a saved video: RGB, uint8, from a little after its start.

    Args:
        data: An mp4 that was written here.

    Raises:
        VideoError: It can't be read.
    """
    clip = probe(data, _UNLIMITED)
    return frame_at(data, clip, min(1.0, clip.seconds / 3)).pixels
