"""One person's video of one session, in memory only: upload, findings, result, approval."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from vov_core.errors import SessionFullError
from vov_core.finder import Finder
from vov_core.images.names import protected_video_name, safe_name
from vov_core.video.find import find_in_video
from vov_core.video.job import GRACE_SECONDS, Job, JobQueue, Stage
from vov_core.video.limits import VideoLimits
from vov_core.video.reader import Clip, probe
from vov_core.video.render import OpenRange, Plan, Rendered, render
from vov_core.video.tracks import VideoFindings

_MIB: Final = 1024**2
# Of the whole work, finding takes this part and covering the rest, as measured.
_FIND_SHARE: Final = 0.55


@dataclass(frozen=True, eq=False)
class VideoApproval:
    """What a person approved: exactly these bytes."""

    save_id: uuid.UUID
    file_name: str
    rendered: Rendered


@dataclass(eq=False)
class VideoItem:
    """The video that a session works on; ``saved`` is the id of the saved result."""

    id: str
    name: str
    data: bytes = field(repr=False)
    clip: Clip
    seed: int
    findings: VideoFindings | None = None
    rendered: Rendered | None = None
    approval: VideoApproval | None = None
    open_ranges: tuple[OpenRange, ...] = ()
    saved: str = ""


class VideoDesk:
    """Where a person works on one video.

    Args:
        finder: Gives the process's finder; asked in the job's own thread.
        queue: The process's queue.
        limits: For the video.
        session_bytes: What this session may hold.
        held_elsewhere: What its photos hold already.
        present: Whether the person is still there.
        grace_seconds: How long work goes on without them.
    """

    def __init__(
        self,
        finder: Callable[[], Finder],
        queue: JobQueue,
        limits: VideoLimits,
        session_bytes: int,
        *,
        held_elsewhere: Callable[[], int] = lambda: 0,
        present: Callable[[], bool] = lambda: True,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._finder, self._queue, self._limits = finder, queue, limits
        self._session_bytes, self._held_elsewhere = session_bytes, held_elsewhere
        self._present, self._grace = present, grace_seconds
        self.item: VideoItem | None = None
        self.job: Job | None = None

    @property
    def queue(self) -> JobQueue:
        """The process's queue, to ask for places."""
        return self._queue

    @property
    def held(self) -> int:
        """Memory held for the upload and the results, in bytes."""
        item = self.item
        if item is None:
            return 0
        made = item.rendered
        return len(item.data) + (len(made.data) + len(made.pair) if made else 0)

    def take(self, name: str, data: bytes) -> VideoItem:
        """Takes a video in; what was here before is forgotten.

        Raises:
            VideoError: The bytes are no usable video.
            PhotoError: They are empty, too large, or the session is full.
        """
        clip = probe(data, self._limits)
        if self._held_elsewhere() + len(data) > self._session_bytes:
            raise SessionFullError(limit_mb=self._session_bytes // _MIB)
        self.clear()
        self.item = VideoItem(
            id=uuid.uuid4().hex,
            name=safe_name(name),
            data=data,
            clip=clip,
            seed=secrets.randbits(31),
        )
        return self.item

    def clear(self) -> None:
        """Forgets the video and all made of it, and calls its work off.

        The item is emptied, too: Streamlit keeps the callbacks of buttons that are long gone, and
        with them whatever they were given, until the session ends.
        """
        self.cancel()
        if item := self.item:
            item.data, item.open_ranges = b"", ()
            item.findings = item.rendered = item.approval = None
        self.item = None

    def cancel(self) -> None:
        """Calls the work off. What was finished before stays."""
        if self.job is not None:
            self.job.cancel()
            self._queue.progress(self.job)
            self.job = None

    def start(self, plan: Plan) -> Job:
        """Puts the work on the video into the queue: findings once, then the result.

        Args:
            plan: What the person has set; the seed and the open ranges are the video's own.
        """
        item = self.item
        assert item is not None
        self.cancel()
        look = replace(plan.look, seed=item.seed)
        wanted = replace(plan, look=look, open_ranges=item.open_ranges)
        item.rendered, item.approval, item.saved = None, None, ""
        room = self._session_bytes - self._held_elsewhere() - len(item.data)
        data, clip, known, finder = item.data, item.clip, item.findings, self._finder

        def work(job: Job) -> tuple[VideoFindings, Rendered]:
            findings = known or find_in_video(
                data, clip, finder(), job.watch(Stage.FIND, 0.0, _FIND_SHARE)
            )
            watch = job.watch(Stage.COVER, 0.0 if known else _FIND_SHARE, 1.0)
            return findings, render(
                data, clip, findings, wanted, watch=watch, show=job.show, most_bytes=max(1, room)
            )

        self.job = Job(work, present=self._present, grace_seconds=self._grace)
        self._queue.submit(self.job)
        return self.job

    def collect(self) -> bool:
        """Takes over what a finished job made; True if there was something."""
        job, item = self.job, self.item
        if job is None or item is None or job.result is None:
            return False
        item.findings, item.rendered = job.result
        self.job = None
        return True

    def approve(self) -> VideoApproval:
        """Marks the result as approved: from now on it may leave memory."""
        item = self.item
        assert item is not None and item.rendered is not None
        assert sha256(item.rendered.data).hexdigest() == item.rendered.report.sha256
        item.approval = VideoApproval(
            save_id=uuid.uuid4(),
            file_name=protected_video_name(item.name),
            rendered=item.rendered,
        )
        item.saved = ""
        return item.approval
