"""The live page before and after its picture; the picture itself is tested in a real browser."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from pages._shared.streaming import LiveStream
from tests.pages.visit import Visit
from vov_core.archive import Archive
from vov_core.live import LiveFrame, Recorder, Recording
from vov_core.masks import STYLES
from vov_core.pipeline import Look


def transport(tab: Visit) -> dict[str, Any]:
    """What was sent to streamlit-webrtc's part."""
    (part,) = [e.proto for e in tab.at.get("component_instance")]
    sent: dict[str, Any] = json.loads(part.json_args)
    return sent


def test_it_says_what_it_does_and_asks_nobody_else(visit: Callable[..., Visit]) -> None:
    tab = visit("live")
    sent = transport(tab)
    assert sent["rtc_configuration"] == {"iceServers": []}
    assert sent["media_stream_constraints"]["audio"] is False
    assert sent["translations"]["start"] == tab.t("live.start")
    assert tab.t("live.no_servers") in tab.words and tab.t("live.promise") in tab.words
    assert tab.at.button(key="live_snap").disabled and tab.errors == []


def test_servers_come_from_the_settings(
    english: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOV_ICE_SERVERS", '[{"urls": "turn:turn.example.org"}]')
    tab = english("live")
    assert transport(tab)["rtc_configuration"] == {
        "iceServers": [{"urls": ["turn:turn.example.org"]}]
    }
    assert tab.t("live.no_servers") not in tab.words


def test_only_irreversible_styles_are_offered(english: Callable[..., Visit]) -> None:
    tab = english("live")
    offered = tab.at.selectbox(key="live_style").options
    assert len(offered) == sum(style.irreversible for style in STYLES.values())
    assert tab.t("styles.blur") not in offered


def test_settings_reach_the_running_picture(english: Callable[..., Visit]) -> None:
    tab = english("live")
    stream: LiveStream = tab.at.session_state["live_stream"]
    tab.slide("live_coverage", 200)
    tab.at.selectbox(key="live_style").set_value("solid")
    tab.run()
    assert tab.at.session_state["live_stream"] is stream
    assert (stream.look.coverage, stream.look.style) == (2.0, "solid")


def test_a_snapshot_goes_to_the_review(visit: Callable[..., Visit]) -> None:
    from tests.pages.files import distinct

    tab = visit("live", live_snapshot=distinct(4))
    assert tab.names == ["live_1.png"] and tab.has_component("review")


def recorder(frames: int) -> Recorder:
    """With some frames in it."""
    begun = Recorder()
    for n in range(frames):
        pixels = np.full((48, 64, 3), 60, np.uint8)
        begun.add(LiveFrame(pixels, n / 10, 5, 1, Look(style="noise"), 2.0, 1.0))
    return begun


@cache
def recording() -> Recording:
    made = recorder(frames=3).finish()
    assert made is not None
    return made


def test_a_recording_is_approved_before_it_is_downloaded(visit: Callable[..., Visit]) -> None:
    tab = visit("live", live_recording=recording())
    assert "data:video/mp4;base64," in tab.words and not tab.has_download("live_download")
    assert tab.t("live.danger", n=5) in tab.words and not tab.has_button("live_save")
    tab.click("live_approve")
    assert tab.has_download("live_download")
    tab.click("live_remove")
    assert not any(name in tab.at.session_state for name in ("live_recording", "live_save_id"))
    assert "video/mp4" not in tab.words


def test_a_recording_is_saved_like_a_video(visit: Callable[..., Visit], archive: Archive) -> None:
    tab = visit("live", live_recording=recording()).click("live_approve")
    assert tab.t("consent.title") in tab.words and archive.list(tab.owner) == ()
    tab.click("live_save")
    (saved,) = archive.list(tab.owner)
    assert archive.read(tab.owner, saved.id) == recording().data and tab.errors == []
    receipt = saved.receipt
    assert (receipt.format, receipt.file_name, receipt.style) == ("mp4", "vov_live.mp4", "noise")
    assert (receipt.hands, receipt.fingerprints_covered, receipt.left_out) == (1, 5, 0)
    assert not tab.has_button("live_save")
    tab.open("my_photos")
    assert 'class="vov-play"' in tab.words and tab.t("my_photos.missing") not in tab.words


def test_stopping_the_picture_keeps_what_was_recorded(english: Callable[..., Visit]) -> None:
    tab = english("live", live_recording=recording(), live_save_id=uuid4(), live_saved="x")
    stream: LiveStream = tab.at.session_state["live_stream"]
    stream._recorder = recorder(frames=2)
    stream.stop_quietly()
    tab.run()
    assert tab.at.session_state["live_recording"].frames == 2
    assert tab.at.session_state["live_stream"] is not stream
    assert tab.has_button("live_approve") and not tab.has_download("live_download")
