"""Rate and time left of a run, told on one line."""

import sys
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, TextIO

_WINDOW: Final = 60  # photos that the rate is taken from: sizes change along a folder
_SECONDS_ON_SCREEN: Final = 0.2
_SECONDS_IN_A_FILE: Final = 10.0


class Progress:
    """Counts photos and tells the state now and then.

    Args:
        todo: How many there are.
        say: Makes the sentence from done, todo, photos per second, seconds left and failures.
        stream: Where to.
    """

    def __init__(
        self,
        todo: int,
        say: Callable[[int, int, float, float, int], str],
        stream: TextIO | None = None,
    ) -> None:
        self._todo = todo
        self._say = say
        self._stream = stream or sys.stderr
        self._screen = self._stream.isatty()
        self._times = deque([monotonic()], maxlen=_WINDOW + 1)
        self._told = 0.0
        self.done = 0
        self.failed = 0

    @property
    def rate(self) -> float:
        """Photos per second over the last few."""
        passed = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / passed if passed else 0.0

    def count(self, *, failed: bool) -> None:
        """One more photo is done."""
        self.done += 1
        self.failed += failed
        self._times.append(monotonic())
        pause = _SECONDS_ON_SCREEN if self._screen else _SECONDS_IN_A_FILE
        if self.done == self._todo or monotonic() - self._told >= pause:
            self._told = monotonic()
            self._tell()

    def _tell(self) -> None:
        left = (self._todo - self.done) / self.rate if self.rate else 0.0
        line = self._say(self.done, self._todo, self.rate, left, self.failed)
        if self._screen:
            last = "\n" if self.done == self._todo else ""
            print(f"\r\x1b[K{line}", end=last, file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)
