"""The live page before and after its picture; the picture itself is tested in a real browser."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pages._shared.streaming import LiveStream
from tests.pages.visit import Visit
from vov_core.live import Recorder
from vov_core.masks import STYLES


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


def test_a_recording_is_approved_before_it_is_downloaded(visit: Callable[..., Visit]) -> None:
    recorder = Recorder()
    for n in range(3):
        recorder.add(np.full((48, 64, 3), 60, np.uint8), n / 10)
    tab = visit("live", live_recording=recorder.finish())
    assert "data:video/mp4;base64," in tab.words and not tab.has_download("live_download")
    tab.click("live_approve")
    assert tab.has_download("live_download")
    tab.click("live_remove")
    assert "live_recording" not in tab.at.session_state and "video/mp4" not in tab.words
