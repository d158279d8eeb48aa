"""The models of a batch: several photos are in them at the same time.

The detector looks at squares that all have the network's own size, whatever the photos' sizes. So
the looks of different photos fit into one call, and nothing needs to be sorted by size first.
"""

import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vov_core.detector import Array, Engine, load_detector
from vov_core.finder import HAND_MODEL, Finder
from vov_core.hands import MOST_AT_ONCE, MediaPipeHands
from vov_core.models import model, model_bytes

MOST_LOOKS: Final = 32
"""Squares in one call of the network: ten photos with two hands each."""


class _Ask:
    """What one photo wants to know of the network, and later the answer."""

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self.pictures = pictures
        self.rows: Array | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.rows is not None or self.error is not None


class Gathered(Engine):
    """Asks the network for several photos in one call.

    Nobody waits for others to come: whoever finds the network free asks at once, and what arrives
    while it is busy goes together into the next call. May be called from several threads.

    Args:
        engine: The network.
        most: Squares in one call, at most; one photo with more of them still goes in whole.
    """

    def __init__(self, engine: Engine, most: int = MOST_LOOKS) -> None:
        self.version = engine.version
        self.size = engine.size
        self._engine = engine
        self._most = most
        self._changed = threading.Condition()
        self._waiting: deque[_Ask] = deque()
        self._busy = False

    def answer(self, pictures: NDArray[np.uint8]) -> Array:
        """See :meth:`Engine.answer`."""
        ask = _Ask(pictures)
        with self._changed:
            self._waiting.append(ask)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: ask.done or not self._busy)
                if ask.done:
                    break
                self._busy, asks = True, self._next()
            try:
                self._ask(asks)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
        if ask.rows is None:
            raise ask.error or RuntimeError("no answer")
        return ask.rows

    def _next(self) -> list[_Ask]:
        """The asks of the next call, in the order they came."""
        asks = [self._waiting.popleft()]
        room = self._most - len(asks[0].pictures)
        while self._waiting and len(self._waiting[0].pictures) <= room:
            asks.append(self._waiting.popleft())
            room -= len(asks[-1].pictures)
        return asks

    def _ask(self, asks: Sequence[_Ask]) -> None:
        try:
            rows = self._engine.answer(np.concatenate([ask.pictures for ask in asks]))
        except Exception as error:
            if len(asks) == 1:
                asks[0].error = error
            else:
                # Too much for the memory, perhaps: one photo must not fail for its neighbours.
                for ask in asks:
                    self._ask([ask])
            return
        ends = np.cumsum([len(ask.pictures) for ask in asks])[:-1]
        for ask, own in zip(asks, np.split(rows, ends), strict=True):
            ask.rows = own


def open_models(jobs: int, cores: int = 0) -> Finder:
    """A finder that several photos can be in.

    Args:
        jobs: How many at once.
        cores: That it may use; 0 for all.

    Raises:
        ModelMissingError: A listed file is not there.
        ModelAlteredError: A file's SHA-256 is not the manifest's.
    """
    data, version = model_bytes(HAND_MODEL), model(HAND_MODEL).version
    count = min(max(jobs, MOST_AT_ONCE), cores or os.cpu_count() or 1)
    hands = MediaPipeHands(data, version, at_once=count)
    detector = load_detector(threads=cores)
    return Finder(hands, Gathered(detector) if detector else None)
