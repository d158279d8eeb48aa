"""Who may use the models next, when many people want to at once.

Photos take turns, not people: whoever brings fifty photos asks for a turn for each of them, and
between two of theirs everybody else who waits has one. So nobody waits behind another person's
whole pile, and the memory for photos in work stays bounded.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from vov_core.errors import BusyError

_TELL_SECONDS: Final = 1.0


class Turns:
    """A bounded queue that is fair to sessions. One instance per process, for all threads.

    Args:
        at_once: Photos that are in work at the same time.
        waiting: Photos that may wait, of all sessions together.
        waiting_each: Photos of one session that may wait.
    """

    def __init__(self, at_once: int = 2, waiting: int = 200, waiting_each: int = 4) -> None:
        self._free = self._at_once = at_once
        self._most = waiting
        self._most_each = waiting_each
        self._changed = threading.Condition()
        # The session whose turn is next comes first.
        self._queues: OrderedDict[str, deque[object]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many photos wait."""
        with self._changed:
            return sum(map(len, self._queues.values()))

    @property
    def in_work(self) -> int:
        """How many photos have their turn."""
        with self._changed:
            return self._at_once - self._free

    @contextmanager
    def turn(self, session: str, told: Callable[[int], None] = lambda _: None) -> Iterator[None]:
        """Waits until it is this session's turn, and keeps the turn while the block runs.

        Args:
            session: Whose turn.
            told: Called with the place in the queue, 1 and up, at once and then every second. It
                may raise: that gives the place up.

        Raises:
            BusyError: Too many wait already.
        """
        ticket = object()
        with self._changed:
            self._enter(session, ticket)
        try:
            self._wait(session, ticket, told)
        except BaseException:
            with self._changed:
                self._leave(session, ticket)
            raise
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _enter(self, session: str, ticket: object) -> None:
        queue = self._queues.get(session, deque())
        everybody = sum(map(len, self._queues.values()))
        if len(queue) >= self._most_each or everybody >= self._most:
            raise BusyError
        queue.append(ticket)
        self._queues[session] = queue

    def _wait(self, session: str, ticket: object, told: Callable[[int], None]) -> None:
        while True:
            with self._changed:
                if self._taken(session, ticket):
                    return
                place = self._place(session, ticket)
            # Without the lock: telling takes its time.
            told(place)
            with self._changed:
                if self._taken(session, ticket) or (
                    self._changed.wait(_TELL_SECONDS) and self._taken(session, ticket)
                ):
                    return

    def _taken(self, session: str, ticket: object) -> bool:
        """Takes the turn if it is this ticket's."""
        first, queue = next(iter(self._queues.items()))
        if not self._free or first != session or queue[0] is not ticket:
            return False
        self._free -= 1
        self._leave(session, ticket)
        return True

    def _leave(self, session: str, ticket: object) -> None:
        queue = self._queues[session]
        queue.remove(ticket)
        if queue:
            self._queues.move_to_end(session)
        else:
            del self._queues[session]
        self._changed.notify_all()

    def _place(self, session: str, ticket: object) -> int:
        """How many turns it takes until this ticket has had its own."""
        mine = self._queues[session].index(ticket)
        before, place = True, mine + 1
        for name, queue in self._queues.items():
            if name == session:
                before = False
            else:
                place += min(len(queue), mine + before)
        return place
