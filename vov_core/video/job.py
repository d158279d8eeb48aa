"""Work on videos in the background: one thread per job, a fair queue, an end with the session."""

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vov_core.errors import VovError
from vov_core.video.work import Cancelled, Watch

Pixels = NDArray[np.uint8]

_log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 60.0
"""How long a job goes on without its person: a browser may lose its line for a moment."""

_ASK_SECONDS: Final = 1.0
_SHOW_SECONDS: Final = 0.7


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """What a running job does."""

    FIND = "find"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        state: Where it is.
        stage: What it does.
        share: Of the whole work, 0..1.
        seconds_left: As far as can be told; None before that.
        place: How many jobs come before it; 0 once it runs.
    """

    state: State
    stage: Stage
    share: float
    seconds_left: float | None
    place: int


class Job:
    """One piece of work on one video.

    Args:
        work: Does it; is given the job, calls ``step`` often, and returns the result.
        present: Whether the person is still there; asked about once a second.
        grace_seconds: How long the person may be away.
    """

    def __init__(
        self,
        work: Callable[["Job"], Any],
        *,
        present: Callable[[], bool] = lambda: True,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self.id = uuid.uuid4().hex
        self._work: Callable[[Job], Any] | None = work
        self._present, self._grace = present, grace_seconds
        self._asked = self._seen = monotonic()
        self._cancelled = threading.Event()
        self.ended = threading.Event()
        self.state = State.WAITING
        self.stage = Stage.FIND
        self.share = 0.0
        self._started = monotonic()
        self._shown = 0.0
        self.preview: Pixels | None = None
        self.result: Any = None
        self.error: VovError | None = None
        self.broken = False

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.ended.is_set()

    def cancel(self) -> None:
        """Calls the work off; it ends at its next step."""
        self._cancelled.set()

    @property
    def wanted(self) -> bool:
        """Whether the work is still wanted: not called off, and its person there."""
        now = monotonic()
        if now - self._asked >= min(_ASK_SECONDS, self._grace / 2):
            self._asked = now
            if self._present():
                self._seen = now
        return not self._cancelled.is_set() and now - self._seen <= self._grace

    def watch(self, stage: Stage, start: float, end: float) -> Watch:
        """A watch for a stage that is this part of the whole work."""

        def tell(share: float) -> None:
            self.stage, self.share = stage, start + (end - start) * share

        return Watch(tell, lambda: self.wanted)

    def show(self, pixels: Pixels) -> None:
        """Keeps a covered frame for the person to see, now and then."""
        if monotonic() - self._shown >= _SHOW_SECONDS:
            self.preview, self._shown = pixels, monotonic()

    def seconds_left(self) -> float | None:
        """By how long it has taken so far."""
        spent = monotonic() - self._started
        if self.state is not State.RUNNING or self.share < 0.02 or spent < 1:
            return None
        return spent * (1 - self.share) / self.share

    def run(self) -> None:
        """Does the work; never raises."""
        work, self._work = self._work, None
        self.state, self._started = State.RUNNING, monotonic()
        try:
            if work is None or not self.wanted:
                raise Cancelled
            self.result = work(self)
            self.share = 1.0
            self._end(State.DONE)
        except Cancelled:
            self._end(State.CANCELLED)
        except VovError as error:
            _log.warning("a video could not be worked on: %s", error)
            self.error = error
            self._end(State.FAILED)
        except Exception as error:
            # The message may quote content; the kind of error and its place are enough.
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            line = trace.tb_lineno if trace else 0
            _log.error("unexpected %s in a video job, line %d", type(error).__name__, line)
            self.broken = True
            self._end(State.FAILED)

    def drop(self) -> None:
        """Ends a job that never ran."""
        self._work = None
        self._end(State.CANCELLED)

    def _end(self, state: State) -> None:
        self.state, self.preview = state, None
        if state is not State.DONE:
            self.result = None
        self.ended.set()


class JobQueue:
    """Runs jobs in the order in which they came, a few at a time. Shared by all sessions.

    A session has one job at most, so the order of arrival is fair.

    Args:
        slots: How many run at the same time.
    """

    def __init__(self, slots: int = 1) -> None:
        self._slots = slots
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._running: set[Job] = set()

    def submit(self, job: Job) -> None:
        """Puts a job at the end of the queue."""
        with self._lock:
            self._waiting.append(job)
        self._start_next()

    def progress(self, job: Job) -> Progress:
        """How far a job is. Those whose people have left lose their places."""
        with self._lock:
            gone = [one for one in self._waiting if not one.wanted]
            for one in gone:
                self._waiting.remove(one)
            place = self._waiting.index(job) + len(self._running) if job in self._waiting else 0
        for one in gone:
            one.drop()
        return Progress(job.state, job.stage, job.share, job.seconds_left(), place)

    def _start_next(self) -> None:
        with self._lock:
            while self._waiting and len(self._running) < self._slots:
                job = self._waiting.popleft()
                self._running.add(job)
                name = f"vov-video-{job.id[:8]}"
                threading.Thread(target=self._run, args=(job,), name=name, daemon=True).start()

    def _run(self, job: Job) -> None:
        try:
            job.run()
        finally:
            with self._lock:
                self._running.discard(job)
            self._start_next()
