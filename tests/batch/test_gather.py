"""Several photos in the models at the same time: fewer calls, the same answers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.test_detector import SIZE, a_hand, every_find_stands, files, photo  # noqa: F401
from vov_core.batch.gather import Gathered, open_models
from vov_core.detector import Array, Engine, OnnxEngine
from vov_core.finder import Finder


class Counting(Engine):
    """A network that answers with a picture's mean, and only when it is let."""

    def __init__(self, *, too_many: int = 10**9) -> None:
        self.version, self.size = "counting", 4
        self.calls: list[int] = []
        self.let = threading.Event()
        self.entered = threading.Event()
        self._too_many = too_many

    def answer(self, pictures: np.ndarray) -> Array:
        self.calls.append(len(pictures))
        self.entered.set()
        assert self.let.wait(30)
        if len(pictures) > self._too_many:
            raise MemoryError("too many")
        means = pictures.reshape(len(pictures), -1).mean(1)
        return np.repeat(means[:, None, None], 7, axis=2).astype(np.float32)


def pictures(value: int, count: int) -> np.ndarray:
    return np.full((count, 4, 4, 3), value, np.uint8)


def asked(engine: Counting, most: int, counts: list[int]) -> list[Array]:
    """Asks for photos with so many looks; all but the first come while the network is busy."""
    gathered = Gathered(engine, most)
    with ThreadPoolExecutor(len(counts)) as pool:
        first = pool.submit(gathered.answer, pictures(0, counts[0]))
        assert engine.entered.wait(30)
        others = [
            pool.submit(gathered.answer, pictures(number, count))
            for number, count in enumerate(counts[1:], 1)
        ]
        while len(gathered._waiting) < len(others):
            threading.Event().wait(0.001)
        engine.let.set()
        return [future.result(30) for future in (first, *others)]


def test_what_comes_while_the_network_is_busy_goes_into_one_call() -> None:
    engine = Counting()
    answers = asked(engine, 32, [2, 3, 1, 2])
    assert engine.calls == [2, 6]
    for number, (rows, count) in enumerate(zip(answers, [2, 3, 1, 2], strict=True)):
        assert rows.shape == (count, 1, 7) and (rows == number).all()


def test_a_call_stays_small() -> None:
    engine = Counting()
    asked(engine, 4, [1, 3, 2, 9, 1])
    assert engine.calls[0] == 1 and sum(engine.calls) == 16
    # One photo with many looks goes in whole, and alone.
    assert all(count <= 4 or count == 9 for count in engine.calls)


def test_no_photo_fails_for_its_neighbours() -> None:
    engine = Counting(too_many=4)
    answers = asked(engine, 32, [1, 3, 2])
    assert engine.calls == [1, 5, 3, 2]
    assert [len(rows) for rows in answers] == [1, 3, 2]


def test_a_photo_that_fails_alone_tells_why() -> None:
    engine = Counting(too_many=4)
    engine.let.set()
    gathered = Gathered(engine)
    with pytest.raises(MemoryError):
        gathered.answer(pictures(1, 5))
    assert len(gathered.answer(pictures(1, 4))) == 4, "and the network is free again"


def test_the_real_network_gives_the_same_answers(
    files: dict[str, bytes],  # noqa: F811
    every_find_stands: None,  # noqa: ARG001, F811
) -> None:
    engine = OnnxEngine(files["onnx"], threads=1)
    gathered = Gathered(engine)
    hands = [[a_hand(40 + 5 * n, 30, 100)] * (n % 3) for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(gathered.detect, [photo()] * 12, hands))
    assert gathered.version == engine.version
    for mine, looked_for in zip(found, hands, strict=True):
        alone = engine.detect(photo(), looked_for)
        assert len(mine) == len(alone) > 0
        np.testing.assert_allclose([d.box for d in mine], [d.box for d in alone], atol=1e-2)
        np.testing.assert_allclose(
            [d.confidence for d in mine], [d.confidence for d in alone], atol=1e-5
        )


def test_the_models_of_a_batch_find_what_the_apps_models_find(finder: Finder) -> None:
    from tests.batch.test_batch import HAND
    from vov_core.images import read_photo

    hand = read_photo(HAND)
    mine = open_models(jobs=2, cores=1).find(hand.sha256, hand.pixels)
    theirs = finder.find(hand.sha256, hand.pixels)
    assert (mine.hands, mine.regions, mine.models) == (theirs.hands, theirs.regions, theirs.models)
