"""The queue on the Protect page: the place is told, and waiting is never an error."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pages._shared import intake, session
from tests.pages.visit import Visit
from vov_core.turns import Turns


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """One photo at once, one more may wait."""
    turns = Turns(1, waiting=1)
    monkeypatch.setattr(session, "turns", lambda: turns)
    return turns


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every text that was asked for, in order."""
    asked: list[tuple[str, dict[str, Any]]] = []
    speak = intake.t

    def t(key: str, **facts: Any) -> str:
        asked.append((key, facts))
        return speak(key, **facts)

    monkeypatch.setattr(intake, "t", t)
    return asked


def test_the_place_in_the_queue_is_shown(
    visit: Callable[..., Visit],
    sample: Callable[[str], bytes],
    narrow: Turns,
    told: list[tuple[str, dict[str, Any]]],
) -> None:
    page = visit("protect")
    inside, leave = threading.Event(), threading.Event()

    def somebody() -> None:
        with narrow.turn("somebody"):
            inside.set()
            while not any(key == "protect.waiting" for key, _ in told):
                assert not leave.wait(0.01)

    thread = threading.Thread(target=somebody)
    thread.start()
    try:
        assert inside.wait(30)
        page.upload(("mine.jpg", sample("00119")))
    finally:
        leave.set()
        thread.join(30)
    waited = [facts for key, facts in told if key == "protect.waiting"]
    assert waited[0] == {"name": "mine\\.jpg", "n": 1, "of": 1, "place": 1}
    assert page.names == ["mine.jpg"] and page.errors == []


def test_a_full_queue_is_told_and_loses_nothing(
    visit: Callable[..., Visit], sample: Callable[[str], bytes], narrow: Turns
) -> None:
    page = visit("protect").upload(("first.jpg", sample("00119")))
    narrow._most = 0
    page.upload(("second.jpg", sample("00121")))
    assert page.names == ["first.jpg"]
    assert page.t("errors.busy") in page.errors[0]


def test_a_session_holds_so_many_photos(
    english: Callable[..., Visit],
    sample: Callable[[str], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VOV_SESSION_PHOTOS", "1")
    session.settings.clear()
    page = english("protect")
    page.upload(("one.jpg", sample("00119")), ("two.jpg", sample("00121")))
    assert page.names == ["one.jpg"]
    assert page.t("errors.too_many_photos", limit=1) in page.errors[0]
