"""Work in the background: order, cancelling, people who leave, and no thread that stays."""

import threading
import time

import pytest

from tests.video.made import RESTING, clip, rendered
from vov_core.errors import BrokenVideoError, SessionFullError
from vov_core.finder import open_finder
from vov_core.video import Job, JobQueue, Plan, Stage, State, VideoDesk, VideoLimits
from vov_core.video.work import Cancelled, Watch, ahead

PATIENCE = 60


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("vov-video")]


def calm() -> None:
    """Waits until no thread of any video work is left."""
    deadline = time.monotonic() + PATIENCE
    while threads():
        assert time.monotonic() < deadline, threads()
        time.sleep(0.02)


def endless(job: Job) -> None:
    watch = job.watch(Stage.FIND, 0.0, 1.0)
    while True:
        watch.step(0.5)
        time.sleep(0.005)


def test_jobs_run_in_their_order_and_know_their_places() -> None:
    queue, order, gate = JobQueue(1), [], threading.Event()

    def work(name: str) -> Job:
        def run(_: Job) -> str:
            gate.wait(PATIENCE)
            order.append(name)
            return name

        return Job(run)

    jobs = [work(name) for name in "abc"]
    for job in jobs:
        queue.submit(job)
    assert [queue.progress(job).place for job in jobs] == [0, 1, 2]
    assert queue.progress(jobs[2]).state is State.WAITING
    gate.set()
    for job in jobs:
        assert job.ended.wait(PATIENCE)
    assert order == ["a", "b", "c"] and [job.result for job in jobs] == ["a", "b", "c"]
    calm()


def test_a_cancelled_job_leaves_nothing_and_the_next_one_starts() -> None:
    queue = JobQueue(1)
    first, second = Job(endless), Job(lambda _: "done")
    queue.submit(first)
    queue.submit(second)
    first.cancel()
    assert first.ended.wait(PATIENCE) and second.ended.wait(PATIENCE)
    assert first.state is State.CANCELLED and first.result is None
    assert second.state is State.DONE
    calm()


def test_a_waiting_job_that_is_cancelled_loses_its_place() -> None:
    queue = JobQueue(1)
    first, second, third = Job(endless), Job(endless), Job(lambda _: "done")
    for job in (first, second, third):
        queue.submit(job)
    second.cancel()
    assert queue.progress(third).place == 1
    assert second.over and second.state is State.CANCELLED
    first.cancel()
    assert third.ended.wait(PATIENCE)
    calm()


def test_work_ends_when_the_person_has_left() -> None:
    here = threading.Event()
    here.set()
    queue = JobQueue(1)
    job = Job(endless, present=here.is_set, grace_seconds=0.2)
    queue.submit(job)
    assert not job.ended.wait(0.6), "goes on while the person is there"
    here.clear()
    assert job.ended.wait(PATIENCE) and job.state is State.CANCELLED
    calm()


@pytest.mark.parametrize("error", [BrokenVideoError(format="mp4"), ValueError("secret words")])
def test_failures_are_kept_for_the_page(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def work(_: Job) -> None:
        raise error

    job = Job(work)
    JobQueue(2).submit(job)
    assert job.ended.wait(PATIENCE) and job.state is State.FAILED
    assert (job.error is error) is not job.broken
    assert "secret" not in caplog.text
    calm()


def test_reading_ahead_ends_with_its_reader() -> None:
    def endless_numbers() -> "object":
        n = 0
        while True:
            yield n
            n += 1

    with ahead(endless_numbers()) as numbers:  # type: ignore[arg-type]
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]
    assert threads() == []
    with pytest.raises(ZeroDivisionError), ahead(1 // n for n in (1, 0)) as numbers:
        list(numbers)
    assert threads() == []


def test_a_watch_tells_and_ends() -> None:
    told: list[float] = []
    Watch(told.append).step(0.5)
    assert told == [0.5]
    with pytest.raises(Cancelled):
        Watch(told.append, lambda: False).step(0.6)


@pytest.fixture
def desk() -> VideoDesk:
    return VideoDesk(open_finder, JobQueue(1), VideoLimits(), 10_000_000)


def test_the_whole_way_of_a_video(desk: VideoDesk) -> None:
    item = desk.take("C:\\dir/my clip.MOV", rendered(RESTING))
    assert item.name == "my clip.MOV" and desk.held == len(item.data)
    job = desk.start(Plan())
    assert job.ended.wait(PATIENCE) and desk.collect() and not desk.collect()
    assert item.rendered is not None and item.findings is not None
    approval = desk.approve()
    assert approval.file_name == "my clip_protected.mp4"
    first = item.findings
    again = desk.start(Plan(sound=True))
    assert item.rendered is None and item.approval is None
    assert again.ended.wait(PATIENCE) and desk.collect()
    assert item.findings is first, "findings are computed once"
    desk.clear()
    assert desk.held == 0 and desk.item is None
    calm()


def test_removing_a_video_ends_its_work(desk: VideoDesk) -> None:
    desk.take("a.mp4", rendered(RESTING))
    job = desk.start(Plan())
    desk.clear()
    assert job.ended.wait(PATIENCE) and job.result is None
    calm()


def test_a_session_holds_no_more_than_it_may() -> None:
    data = clip(12)
    full = VideoDesk(
        open_finder, JobQueue(1), VideoLimits(), len(data) + 10, held_elsewhere=lambda: 11
    )
    with pytest.raises(SessionFullError):
        full.take("a.mp4", data)
    tight = VideoDesk(open_finder, JobQueue(1), VideoLimits(), len(data) + 500)
    tight.take("a.mp4", data)
    job = tight.start(Plan())
    assert job.ended.wait(PATIENCE) and isinstance(job.error, SessionFullError)
    calm()
