"""What long work is made of: a watch that may end it, and reading ahead in a thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Full, Queue
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_DEPTH: Final = 4
_TURN: Final = 0.2


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """The work was called off."""


class Watch:
    """Is told how far the work is, and may end it.

    Args:
        tell: Called with the share that is done, 0..1.
        wanted: Asked at every step; False ends the work.
    """

    def __init__(
        self,
        tell: Callable[[float], None] | None = None,
        wanted: Callable[[], bool] | None = None,
    ) -> None:
        self._tell, self._wanted = tell, wanted

    def step(self, share: float) -> None:
        """One step further.

        Raises:
            Cancelled: The work is not wanted any more.
        """
        if self._wanted is not None and not self._wanted():
            raise Cancelled
        if self._tell is not None:
            self._tell(min(1.0, share))


@contextmanager
def ahead(items: Iterator[T], depth: int = _DEPTH) -> Iterator[Iterator[T]]:
    """Lets an iterator run a few items ahead in a thread of its own.

    The thread has ended when the block is left, however it is left. An error of the iterator is
    raised where its item would have come.
    """
    runner = _Runner(items, depth)
    thread = threading.Thread(target=runner.run, name="vov-video-ahead", daemon=True)
    thread.start()
    try:
        yield runner.taken()
    finally:
        runner.over.set()
        thread.join()


class _Runner(Generic[T]):
    """Both sides of ``ahead``."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._queue: Queue[T | _End] = Queue(depth)
        self.over = threading.Event()

    def run(self) -> None:
        """The thread's side."""
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as caught:
            error = caught
        finally:
            if close := getattr(self._items, "close", None):
                close()
        self._put(_End(error))

    def _put(self, entry: "T | _End") -> bool:
        while not self.over.is_set():
            try:
                self._queue.put(entry, timeout=_TURN)
            except Full:
                continue
            return True
        return False

    def taken(self) -> Iterator[T]:
        """The reader's side."""
        while not isinstance(entry := self._queue.get(), _End):
            yield entry
        if entry.error is not None:
            raise entry.error


@dataclass(frozen=True, slots=True)
class _End:
    """Behind the last item: what ended it, if it was an error."""

    error: BaseException | None
