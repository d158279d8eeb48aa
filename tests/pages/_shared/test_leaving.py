"""Whoever logs out leaves nothing in the session: no photo, print, video, live picture, thread."""

from collections.abc import Callable, Iterator

import pytest

from pages._shared import session
from pages._shared.streaming import LiveStream
from pages._shared.video_desk import queue
from tests.pages.files import distinct
from tests.pages.test_account import _browser as _browser
from tests.pages.test_booth import fill
from tests.pages.test_live import recorder, recording
from tests.pages.test_video import _Blocker
from tests.pages.visit import Visit
from tests.suites.people import HERE, PASSWORD, details
from tests.video.made import RESTING, rendered
from vov_core.archive import Archive
from vov_core.booth import Guest
from vov_core.people import SignedIn
from vov_core.video import VideoDesk
from vov_core.workspace import Workspace


@pytest.fixture
def anna(archive: Archive) -> SignedIn:
    assert archive
    return session.people().sign_up("anna.kim", PASSWORD, details(), HERE)


@pytest.fixture
def busy(anna: SignedIn, english: Callable[..., Visit]) -> Iterator[Visit]:
    """Anna's tab: a photo in review, a print, a video in work, a recording and another begun."""
    queue.clear()
    tab = english("protect", member_token=anna.token).upload(("mine.png", distinct(8)))
    tab.click("approve")
    fill(tab.open("booth")).click("booth_next").click("booth_approve")
    tab.open("video").upload(("wave.mp4", rendered(RESTING)))
    desk: VideoDesk = tab.at.session_state["video_desk"]
    desk.queue.submit(blocker := _Blocker.job())
    tab.click("video_start")
    tab.at.session_state["live_recording"] = recording()
    tab.open("live").click("live_approve")
    tab.at.session_state["live_stream"]._recorder = recorder(frames=2)
    yield tab
    blocker.cancel()
    assert blocker.ended.wait(20)


@pytest.mark.parametrize("way", ["here", "elsewhere"])
def test_nothing_stays_after_a_log_out(way: str, busy: Visit, anna: SignedIn) -> None:
    state = busy.at.session_state
    space: Workspace = state["workspace"]
    guest: Guest = state["booth_guest"]
    desk: VideoDesk = state["video_desk"]
    live: LiveStream = state["live_stream"]
    item, job, photos = desk.item, desk.job, (*space.items, *guest.workspace.items)
    assert item and job and len(photos) == 5 and live.recorded_seconds() is not None
    if way == "here":
        busy.open("account").click("log_out")
    else:
        session.people().log_out(anna.token)
        state["member_known"] = ("", 0.0, None)
        busy.run()
    busy.run()
    assert space.items == () == guest.workspace.items and desk.item is None and desk.job is None
    # Streamlit may still hold what its callbacks were given: it is empty.
    assert [photo.data for photo in photos] == [b""] * 5 and item.data == b""
    assert photos[0].approval is None and item.rendered is None and item.findings is None
    assert not job.wanted and live.ended and live.recorded_seconds() is None
    assert live.finish_recording() is None and live.snapshot() is None
    for name in ("booth_guest", "booth_prints", "video_desk", "live_recording", "live_save_id"):
        assert name not in state
    # The page that is shown now may have made an empty one of its own.
    assert "workspace" not in state or state["workspace"].items == ()
