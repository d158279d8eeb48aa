"""The Video page: take in, work, compare, leave open, approve, save; and what is refused."""

import json
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pages._shared.video_desk import queue
from tests.images.encoded import plain
from tests.pages.visit import Visit
from tests.video.made import RESTING, clip, rendered, song, turned
from vov_core.archive import Archive
from vov_core.errors import (
    BrokenVideoError,
    EmptyFileError,
    NoPictureError,
    NotAVideoError,
    TooManyPixelsError,
    VideoTooLongError,
    VovError,
)
from vov_core.texts import Language, explain
from vov_core.video import VideoDesk, VideoItem, probe

PATIENCE = 120


@pytest.fixture(autouse=True)
def _own_queue() -> None:
    queue.clear()


def desk(tab: Visit) -> VideoDesk:
    found: VideoDesk = tab.at.session_state["video_desk"]
    return found


def item(tab: Visit) -> VideoItem:
    found = desk(tab).item
    assert found is not None
    return found


def finished(tab: Visit) -> Visit:
    job = desk(tab).job
    assert job is not None and job.ended.wait(PATIENCE)
    return tab.run()


def covered(tab: Visit, name: str = "wave.mp4", data: bytes | None = None) -> Visit:
    tab.upload((name, data or rendered(RESTING))).click("video_start")
    return finished(tab)


def head(tab: Visit) -> Any:
    payload = bytes(tab._component("video_pair").bytes)
    (size,) = struct.unpack(">I", payload[:4])
    assert probe(payload[4 + size :]).frames > 3
    return json.loads(payload[4 : 4 + size])


def test_the_whole_way(visit: Callable[..., Visit], archive: Archive) -> None:
    tab = visit("video")
    assert tab.at.title[0].value == tab.t("video.title")
    tab.upload(("wave.mp4", rendered(RESTING)))
    assert tab.has_button("video_start") and tab.t("video.no_sound") in tab.words
    tab.click("video_start")
    finished(tab)
    assert tab.t("video.danger", n="5") in tab.words
    assert head(tab)["after"] == tab.t("review.after")
    assert not tab.has_download("video_download")
    tab.click("video_approve")
    assert tab.has_download("video_download")
    assert tab.t("consent.title") in tab.words
    tab.click("video_save")
    assert tab.toasts == [tab.t("video.saved")]
    (saved,) = archive.list(tab.owner)
    made = item(tab).rendered
    assert made is not None and archive.read(tab.owner, saved.id) == made.data
    receipt = saved.receipt
    assert (receipt.format, receipt.file_name) == ("mp4", "wave_protected.mp4")
    assert (receipt.hands, receipt.fingerprints_covered, receipt.left_out) == (1, 5, 0)
    tab.open("my_photos")
    assert 'class="vov-play"' in tab.words
    assert "wave_protected.mp4" in [box.label for box in tab.at.checkbox]
    assert tab.t("my_photos.missing") not in tab.words


def test_a_changed_setting_must_be_applied_first(english: Callable[..., Visit]) -> None:
    tab = covered(english("video")).click("video_approve")
    first = item(tab).rendered
    tab.fire("video_styles", "pick", "solid")
    assert tab.t("video.changed") in tab.words
    assert not tab.has_download("video_download") and not tab.has_button("video_approve")
    tab.fire("video_styles", "pick", "skin_tone")
    assert tab.has_download("video_download"), "back at what was approved"
    tab.fire("video_styles", "pick", "solid").click("video_apply")
    finished(tab)
    made = item(tab).rendered
    assert made is not None and made is not first and made.plan.look.style == "solid"
    assert tab.has_button("video_approve") and not tab.has_download("video_download")


def test_a_finger_is_left_open_only_by_choice(english: Callable[..., Visit]) -> None:
    tab = covered(english("video")).click("open_add")
    assert len(item(tab).open_ranges) == 1 and not tab.has_button("video_approve")
    tab.click("open_remove-0")
    assert item(tab).open_ranges == () and tab.has_button("video_approve")
    tab.click("open_add").click("video_apply")
    finished(tab)
    made = item(tab).rendered
    assert made is not None and made.report.left_open == 5
    assert tab.t("verdict.left_open", n=5) in tab.words


def test_a_moment_is_looked_at_closely(english: Callable[..., Visit]) -> None:
    tab = covered(english("video")).fire("video_pair", "moment", 0.3)
    still = tab.shown("video_still")
    assert still["before"].startswith("data:image/jpeg") and still["before"] != still["after"]
    for nonsense in ("now", None, -5, 1e9, [1]):
        tab.fire("video_pair", "moment", nonsense)
        assert tab.errors == []
    tab.click("video_moment_close")
    assert not tab.has_component("video_still")


def test_work_goes_on_while_other_pages_are_looked_at(english: Callable[..., Visit]) -> None:
    tab = english("video").upload(("wave.mp4", rendered(RESTING))).click("video_start")
    tab.open("about")
    assert desk(tab).job is not None and desk(tab).job.ended.wait(PATIENCE)
    tab.open("video")
    assert tab.has_button("video_approve")


def test_cancelled_work_leaves_nothing(visit: Callable[..., Visit]) -> None:
    tab = visit("video").upload(("wave.mp4", rendered(RESTING)))
    desk(tab).queue.submit(blocker := _Blocker.job())
    tab.click("video_start")
    assert tab.has_button("video_cancel")
    job = desk(tab).job
    assert job is not None
    tab.click("video_cancel")
    blocker.cancel()
    assert job.ended.wait(PATIENCE)
    tab.run()
    assert item(tab).rendered is None and tab.has_button("video_start")
    assert tab.t("video.cancelled") in tab.words


class _Blocker:
    """Keeps the queue busy until it is called off."""

    @staticmethod
    def job() -> Any:
        from vov_core.video import Job, Stage

        def wait(job: Job) -> None:
            watch = job.watch(Stage.FIND, 0, 1)
            while True:
                watch.step(0)
                time.sleep(0.005)

        return Job(wait)


BAD: list[tuple[str, Callable[[], bytes], VovError]] = [
    ("empty.mp4", bytes, EmptyFileError()),
    ("photo.mp4", lambda: plain("JPEG"), NotAVideoError()),
    ("song.mp4", song, NoPictureError()),
    ("cut.mp4", lambda: clip(40)[:4000], BrokenVideoError(format="mov")),
    ("long.mp4", lambda: clip(50, 1), VideoTooLongError(seconds=50, limit_seconds=40)),
    (
        "8k.mp4",
        lambda: clip(1, size=(7680, 4320), options={"preset": "ultrafast"}),
        TooManyPixelsError(megapixels=33.2, limit_megapixels=9.0),
    ),
]


@pytest.mark.parametrize(("name", "make", "error"), BAD, ids=[bad[0] for bad in BAD])
def test_what_cannot_be_used_is_told(
    name: str,
    make: Callable[[], bytes],
    error: VovError,
    monkeypatch: pytest.MonkeyPatch,
    visit: Callable[..., Visit],
    language: Language,
) -> None:
    monkeypatch.setenv("VOV_MAX_VIDEO_SECONDS", "40")
    tab = visit("video").upload((name, make()))
    assert len(tab.errors) == 1 and explain(language, error) in tab.errors[0]
    assert desk(tab).item is None and desk(tab).held == 0


def test_a_bad_file_does_not_take_the_good_one_away(english: Callable[..., Visit]) -> None:
    tab = english("video").upload(("wave.mp4", rendered(RESTING)))
    tab.upload(("photo.mp4", plain("JPEG")))
    assert item(tab).name == "wave.mp4" and len(tab.errors) == 1
    tab.upload(("upright.mov", turned(clip(4))))
    assert item(tab).name == "upright.mov" and tab.errors == []
    tab.click("video_remove")
    assert desk(tab).item is None and desk(tab).held == 0


def test_the_content_counts_and_not_the_ending(english: Callable[..., Visit]) -> None:
    tab = english("video").upload(("clip.avi", clip(6, format="webm", codec="libvpx")))
    assert tab.errors == [] and "WEBM" in tab.words and item(tab).name == "clip.avi"


def test_a_file_that_breaks_later_is_told(english: Callable[..., Visit]) -> None:
    data = bytearray(clip(60))
    start = data.index(b"mdat") + 600
    data[start : start + 9000] = bytes(9000)
    tab = english("video").upload(("holes.mp4", bytes(data)))
    if desk(tab).item is not None:
        tab.click("video_start")
        finished(tab)
    assert len(tab.errors) == 1 or tab.has_button("video_approve")


def test_no_thread_stays(english: Callable[..., Visit]) -> None:
    covered(english("video"))
    deadline = time.monotonic() + PATIENCE
    while any(one.name.startswith("vov-video") for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
