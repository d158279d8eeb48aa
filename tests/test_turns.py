"""Turns: fair to sessions, bounded, and nobody is forgotten."""

import threading
import time
from contextlib import ExitStack

import pytest

from vov_core.errors import BusyError
from vov_core.turns import Turns

SECONDS = 30


class Crowd:
    """Threads that each want one turn; notes the order in which they had it."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.places: dict[str, list[int]] = {}
        self._threads: list[threading.Thread] = []

    def wants(self, session: str, name: str = "") -> None:
        """Returns when the thread stands in the queue."""
        name = name or session
        before = self.turns.waiting

        def work() -> None:
            with self.turns.turn(session, self.places.setdefault(name, []).append):
                self.order.append(name)

        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()
        deadline = time.monotonic() + SECONDS
        while self.turns.waiting == before or not self.places.get(name):
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def all_served(self) -> None:
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
        assert self.turns.waiting == 0


def test_a_free_turn_is_had_at_once() -> None:
    told: list[int] = []
    with Turns(1).turn("a", told.append):
        pass
    assert told == []


def test_a_pile_does_not_hold_up_others() -> None:
    turns = Turns(1, waiting_each=10)
    crowd = Crowd(turns)
    with turns.turn("somebody"):
        for n in range(5):
            crowd.wants("pile", f"pile{n}")
        crowd.wants("one")
        crowd.wants("two")
        assert crowd.places["pile4"][0] == 5
        assert crowd.places["one"][0] == 2
        assert crowd.places["two"][0] == 3
    crowd.all_served()
    assert crowd.order == ["pile0", "one", "two", "pile1", "pile2", "pile3", "pile4"]


def test_who_comes_again_stands_behind_who_waits() -> None:
    """As the page does it: a pile asks for its next turn after the last one."""
    turns, order, ready = Turns(1), [], threading.Event()
    crowd = Crowd(turns)

    def pile() -> None:
        for n in range(3):
            with turns.turn("pile"):
                order.append(f"pile{n}")
                if n == 0:
                    ready.set()
                    while turns.waiting < 2:
                        time.sleep(0.001)

    crowd.order = order
    thread = threading.Thread(target=pile)
    thread.start()
    assert ready.wait(SECONDS)
    crowd.wants("one")
    crowd.wants("two")
    thread.join(SECONDS)
    crowd.all_served()
    assert order == ["pile0", "one", "two", "pile1", "pile2"]


def test_never_more_at_once_than_allowed() -> None:
    turns, lock, now, most = Turns(3), threading.Lock(), [0], [0]

    def work(session: str) -> None:
        for _ in range(20):
            with turns.turn(session):
                with lock:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                time.sleep(0.0005)
                with lock:
                    now[0] -= 1

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert most[0] == 3


def test_the_queue_is_bounded() -> None:
    turns = Turns(1, waiting=3, waiting_each=2)
    crowd = Crowd(turns)
    with turns.turn("somebody"):
        crowd.wants("a", "a1")
        crowd.wants("a", "a2")
        with pytest.raises(BusyError), turns.turn("a"):
            pass
        crowd.wants("b")
        with pytest.raises(BusyError), turns.turn("c"):
            pass
    crowd.all_served()


def test_who_leaves_gives_the_place_up() -> None:
    """A page that is closed raises out of what it shows."""
    turns = Turns(1)
    crowd = Crowd(turns)

    class LeftError(Exception):
        pass

    def leave(_: int) -> None:
        raise LeftError

    with turns.turn("somebody"):
        with pytest.raises(LeftError), turns.turn("gone", leave):
            pass
        assert turns.waiting == 0
        crowd.wants("next")
        assert crowd.places["next"][0] == 1
    crowd.all_served()


def test_a_turn_that_fails_is_given_back() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="bad photo"), turns.turn("a"):
        raise ValueError("bad photo")
    with ExitStack() as stack:
        stack.enter_context(turns.turn("b"))
