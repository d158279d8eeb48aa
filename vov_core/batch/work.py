"""Does the photos of a batch: several at once, each from its bytes to its written output.

While some photos are in the models, others are read, decoded, masked, encoded and written; these
steps all run outside of Python's lock. ``gather.py`` has the models' side of it. How many pixels
are in memory at the same time is bounded by a budget, whatever the photos' sizes.
"""

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import PurePosixPath
from time import perf_counter, process_time
from typing import Any, Final

from vov_core import __version__
from vov_core.batch.manifest import Entry
from vov_core.batch.places import Place
from vov_core.batch.plan import Task
from vov_core.errors import BatchPlaceError, FileTooLargeError, VovError
from vov_core.exposure import Level, measure
from vov_core.finder import Finder
from vov_core.images import ReadLimits, protected_name, read_photo, stated_pixels
from vov_core.pipeline import Tuning, mask, output_format, write
from vov_core.select import Edits, select

BYTES_PER_PIXEL: Final = 24
"""Memory of a photo on its way at its peak; 22 were measured for a JPEG of 24 megapixels."""
GIVE_UP: Final = 20
"""So many photos in a row that fail because of the place, and the run ends."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How all photos of a batch are treated.

    Attributes:
        tuning: As on the Protect page. The seed is drawn for each photo.
        limits: For each photo.
        models: Model name -> version.
    """

    tuning: Tuning = field(default_factory=Tuning)
    limits: ReadLimits = field(default_factory=ReadLimits)
    models: tuple[tuple[str, str], ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes outputs."""
        facts = {"tuning": asdict(self.tuning), "models": self.models, "version": __version__}
        return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


class Budget:
    """Lets photos in as long as their memory fits; one alone always may.

    Args:
        total: Bytes.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._free = threading.Condition()

    @contextmanager
    def hold(self, wanted: int) -> Iterator[None]:
        """Waits until there is room, and keeps it."""
        with self._free:
            self._free.wait_for(lambda: not self._used or self._used + wanted <= self._total)
            self._used += wanted
        try:
            yield
        finally:
            with self._free:
                self._used -= wanted
                self._free.notify_all()


class _Clock:
    """Milliseconds of the stages of one photo."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.ms[name] = round((perf_counter() - start) * 1000, 1)


class Worker:
    """Protects one photo after the other. One instance serves all threads.

    Args:
        finder: The models.
        recipe: How.
        source: Where the photos are.
        target: Where the outputs go.
        budget: Memory for pixels.
    """

    def __init__(
        self, finder: Finder, recipe: Recipe, source: Place, target: Place, budget: Budget
    ) -> None:
        self._finder = finder
        self._recipe = recipe
        self._source = source
        self._target = target
        self._budget = budget

    def do(self, task: Task) -> Entry:
        """Protects a photo; whatever goes wrong becomes part of the entry."""
        clock = _Clock()
        blank = Entry(
            name=task.source.name,
            size=task.source.size,
            stamp=task.source.stamp,
            recipe=self._recipe.fingerprint,
            stem=task.stem,
        )
        try:
            entry = self._protected(task, blank, clock)
        except VovError as error:
            entry = replace(blank, error=error.code, facts=error.details)
        except Exception as error:
            # One bad photo never stops the rest. Of its message nothing is told: it may quote.
            entry = replace(blank, error="unexpected", facts={"kind": type(error).__name__})
        return replace(entry, ms=clock.ms or entry.ms)

    def _protected(self, task: Task, blank: Entry, clock: _Clock) -> Entry:
        limit = self._recipe.limits.max_bytes
        if task.source.size > limit:
            raise FileTooLargeError(size_mb=task.source.size // 1024**2, limit_mb=limit // 1024**2)
        with clock.stage("read"):
            data = self._source.read(task.source.name)
        digest = sha256(data).hexdigest()
        if task.known and task.known.sha256 == digest:
            clock.ms.clear()
            return replace(task.known, stamp=task.source.stamp)
        pixels = min(stated_pixels(data), self._recipe.limits.max_pixels)
        with self._budget.hold(pixels * BYTES_PER_PIXEL):
            entry, output = self._covered(data, replace(blank, sha256=digest), clock)
        with clock.stage("put"):
            self._target.write(entry.output, output, f"image/{_kind(entry.output)}")
        return entry

    def _covered(self, data: bytes, blank: Entry, clock: _Clock) -> tuple[Entry, bytes]:
        tuning = self._recipe.tuning
        with clock.stage("decode"):
            photo = read_photo(data, self._recipe.limits)
        findings = self._finder.find(photo.sha256, photo.pixels)
        clock.ms.update({stage: round(value, 1) for stage, value in findings.ms.items()})
        selection = select(findings, tuning.rules, Edits())
        with clock.stage("exposure"):
            levels = [measure(photo.pixels, region).level for region in selection.found]
        look = replace(tuning.look, seed=int.from_bytes(os.urandom(4)) >> 1)
        with clock.stage("mask"):
            masked = mask(photo, selection, look)
        with clock.stage("encode"):
            format = output_format(photo, tuning.format)
            output = write(photo, masked, look, format, tuning.quality)
        path = PurePosixPath(blank.stem)
        # The stem's last part may hold a dot, which must not be taken for an ending.
        name = protected_name(f"{path.name}.{format}", format)
        entry = replace(
            blank,
            output=(path.parent / name).as_posix(),
            output_sha256=output.report.sha256,
            output_bytes=len(output.data),
            width=photo.width,
            height=photo.height,
            hands=len(findings.hands),
            found=len(selection.found),
            covered=len(selection.masked),
            unplaced=len(selection.unplaced),
            verdict=str(selection.verdict),
            exposure=next((str(level) for level in Level if level in levels), ""),
            readable=levels.count(Level.READABLE),
            partly=levels.count(Level.PARTLY),
        )
        return entry, output.data


def _kind(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").replace("jpg", "jpeg")


def run_tasks(
    worker: Worker,
    tasks: Sequence[Task],
    jobs: int,
    done: Callable[[Entry], None],
    stop: threading.Event,
) -> bool:
    """Does all tasks, so many at once.

    Args:
        worker: Does them.
        tasks: What to do.
        jobs: How many at once.
        done: Told of each one, in the calling thread.
        stop: Once it is set, what is under way is finished and nothing new is begun.

    Returns:
        Whether all tasks were tried; False after ``GIVE_UP`` failures of a place in a row, or when
        it was stopped.
    """
    waiting = deque(tasks)
    running: set[Future[Entry]] = set()
    streak = 0
    with ThreadPoolExecutor(jobs) as pool:
        while waiting or running:
            if streak >= GIVE_UP or stop.is_set():
                begin = 0
            else:
                # No more than can run: a million tasks must not become a million futures.
                begin = min(len(waiting), jobs - len(running))
            running |= {pool.submit(worker.do, waiting.popleft()) for _ in range(begin)}
            if not running:
                return False
            # Signals are only handled between two steps of this thread.
            finished, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                entry = future.result()
                streak = streak + 1 if entry.error == BatchPlaceError.code else 0
                done(entry)
    return True


class LocalEngine:
    """Runs a batch in this process.

    Args:
        worker: Does the photos.
        jobs: How many at once.
    """

    def __init__(self, worker: Worker, jobs: int) -> None:
        self._worker = worker
        self._jobs = jobs
        self._began = process_time()

    @property
    def facts(self) -> dict[str, Any]:
        """What the report says of how the batch was run."""
        spent = round(process_time() - self._began, 1)
        return {"kind": "local", "jobs": self._jobs, "processor_seconds": spent}

    def run(
        self, tasks: Sequence[Task], done: Callable[[Entry], None], stop: threading.Event
    ) -> bool:
        """Does all tasks; see :func:`run_tasks`."""
        return run_tasks(self._worker, tasks, self._jobs, done, stop)

    def close(self) -> None:
        """Nothing to end: the process itself did it all."""
