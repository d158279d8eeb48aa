"""The detector: where it looks, how boxes come back, and that its two engines agree."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny_network import SIZE, tiny_network, write_weights
from vov_core.detector import (
    FLOOR,
    LONE_CONTEXT,
    LONE_FINDS,
    ONNX_MODEL,
    OVERLAP,
    Engine,
    OnnxEngine,
    TorchEngine,
    Window,
    load_detector,
    merge,
    suppress,
    windows,
)
from vov_core.errors import ModelAlteredError, ModelMissingError
from vov_core.findings import Box, Hand, Handedness


def a_hand(x: float, y: float, size: float) -> Hand:
    rng = np.random.default_rng(3)
    points = rng.uniform(0, size, (21, 2)) + np.array([x, y])
    landmarks = tuple((float(a), float(b)) for a, b in points)
    return Hand(landmarks, (0.0,) * 21, Handedness.LEFT, 0.9)


@pytest.fixture
def files() -> dict[str, bytes]:
    return tiny_network()


@pytest.fixture
def every_find_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An untrained network seldom finds the same twice: here the second look asks for less."""
    monkeypatch.setattr("vov_core.detector.SAME_AGAIN", 0.0)
    monkeypatch.setattr("vov_core.detector.LONE_ODDS", 1e6)


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    return write_weights(tmp_path, files)


def photo(width: int = 300, height: int = 200) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)


@given(
    st.floats(-500, 500),
    st.floats(-500, 500),
    st.floats(8, 5000),
    st.lists(st.tuples(*[st.floats(-100, 400)] * 4), max_size=5),
)
def test_boxes_come_back_to_the_photo(
    x: float, y: float, side: float, boxes: list[tuple[float, ...]]
) -> None:
    window = Window(x, y, side)
    given_boxes = np.array(boxes, np.float32).reshape(-1, 4)
    back = window.to_picture(window.to_photo(given_boxes, SIZE), SIZE)
    assert np.allclose(back, given_boxes, atol=0.05 + 1e-5 * side)


@settings(deadline=None, max_examples=40)
@given(st.floats(-150, 250), st.floats(-150, 150), st.floats(60, 600), st.integers(0, 2**31))
def test_a_spot_is_where_the_window_says(x: float, y: float, side: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.zeros((200, 300, 3), np.uint8)
    cx, cy = int(rng.integers(30, 270)), int(rng.integers(30, 170))
    pixels[cy - 8 : cy + 8, cx - 8 : cx + 8] = 255
    window = Window(x, y, side)
    spot = window.to_picture(np.array([[cx - 8, cy - 8, cx + 8, cy + 8]], np.float32), 128)[0]
    picture = window.cut(pixels, 128)
    assert picture.shape == (128, 128, 3)
    if spot.min() < 1 or spot.max() > 127:
        return
    rows, columns = np.nonzero(picture[..., 0] > 130)
    seen = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert np.abs(np.array(seen) - spot).max() <= 1.5


def test_outside_of_the_photo_is_grey() -> None:
    picture = Window(-1000, -1000, 50).cut(photo(), SIZE)
    assert (picture == 114).all()


@given(st.floats(-50, 300), st.floats(-50, 200), st.floats(1, 300))
def test_windows_hold_the_whole_photo_and_every_landmark(x: float, y: float, size: float) -> None:
    hand = a_hand(x, y, size)
    whole, square = windows(300, 200, [hand])
    assert (whole.x, whole.y, whole.side) == (0, -50, 300)
    for px, py in hand.landmarks:
        assert square.x < px < square.x + square.side
        assert square.y < py < square.y + square.side


boxes_and_scores = st.lists(
    st.tuples(*[st.floats(0, 100)] * 2, *[st.floats(1, 60)] * 2, *[st.floats(0, 1)] * 2),
    max_size=25,
)


@given(boxes_and_scores)
def test_merge_keeps_one_box_per_tip_and_the_best_of_both_scores(
    rows: list[tuple[float, ...]],
) -> None:
    table = np.array(rows, np.float32).reshape(-1, 6)
    boxes = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], 1)
    kept, scores = merge(boxes, table[:, 4:])
    assert len(kept) <= len(boxes)
    if len(boxes):
        assert np.array_equal(scores.max(0), table[:, 4:].max(0))
    for i in range(len(kept)):
        for j in range(i):
            assert overlap(kept[i], kept[j]) <= OVERLAP + 1e-4


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(sides.clip(0).prod())
    return both / float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def test_pad_and_nail_of_one_tip_become_one_detection() -> None:
    rows = np.array(
        [
            [50, 50, 20, 20, 0.9, 0.8, 0.1],
            [51, 50, 20, 20, 0.9, 0.2, 0.6],
            [90, 90, 20, 20, 0.5, 0.0, 1.0],
            [10, 10, 20, 20, 0.04, 1.0, 1.0],
        ],
        np.float32,
    )
    boxes, scores = suppress(rows)
    assert np.allclose(boxes, [[40, 40, 60, 60], [80, 80, 100, 100]])
    assert np.allclose(scores, [[0.72, 0.54], [0.0, 0.5]])


def test_a_tip_cut_by_a_window_is_part_of_the_whole_tip() -> None:
    whole, part, other = [40, 40, 80, 100], [40, 40, 80, 60], [82, 40, 110, 70]
    boxes = np.array([whole, part, other], np.float32)
    kept, scores = merge(boxes, np.array([[0.6, 0], [0.5, 0], [0.4, 0]], np.float32))
    assert kept.tolist() == [whole, other]
    assert scores[:, 0] == pytest.approx([0.6, 0.4])


def test_no_boxes() -> None:
    boxes, scores = suppress(np.zeros((12, 7), np.float32))
    assert boxes.shape == (0, 4)
    assert scores.shape == (0, 2)


def test_engines_agree(files: dict[str, bytes]) -> None:
    onnx, torch = OnnxEngine(files["onnx"], threads=1), TorchEngine(files["pt"])
    cuts = [window.cut(photo(), SIZE) for window in windows(300, 200, [a_hand(40, 30, 120)])]
    a, b = onnx.answer(np.stack(cuts)), torch.answer(np.stack(cuts))
    assert a.shape == b.shape == (2, 3 * (8 * 8 + 4 * 4 + 2 * 2), 7)
    assert np.abs(a[..., :4] - b[..., :4]).max() < 1
    assert np.abs(a[..., 4:] - b[..., 4:]).max() < 0.01
    assert a[..., 4].max() > 0.5


def test_detections_are_inside_the_photo_and_above_the_floor(files: dict[str, bytes]) -> None:
    found = OnnxEngine(files["onnx"]).detect(photo(), [a_hand(200, 100, 150)])
    assert found
    for detection in found:
        x0, y0, x1, y1 = detection.box
        assert 0 <= x0 < x1 <= 300
        assert 0 <= y0 < y1 <= 200
        assert max(detection.confidence, detection.nail_confidence) >= FLOOR
        assert max(detection.confidence, detection.nail_confidence) <= 1


class Scripted(Engine):
    """Says for each window what a script says, box in the photo and scores, and counts the looks.

    Args:
        script: From the window to what is seen in it.
    """

    def __init__(self, script: Callable[[Window], list[tuple[Box, float, float]]]) -> None:
        super().__init__(b"", 64)
        self._script = script
        self.looks: list[Sequence[Window]] = []

    def _look(self, pixels: np.ndarray, squares: Sequence[Window]) -> list[tuple[Any, Any]]:  # noqa: ARG002
        self.looks.append(squares)
        seen = [self._script(square) for square in squares]
        return [
            (
                np.array([box for box, *_ in found], np.float32).reshape(-1, 4),
                np.array([scores for _, *scores in found], np.float32).reshape(-1, 2),
            )
            for found in seen
        ]

    def answer(self, pictures: np.ndarray) -> np.ndarray:
        raise NotImplementedError


COIN, TIP = (10.0, 10.0, 40.0, 40.0), (100.0, 60.0, 140.0, 120.0)


def doubtful(square: Window) -> list[tuple[Box, float, float]]:
    """In the whole photo a coin looks more like a finger tip than a tip does; from near not."""
    if square.side == 300:
        return [(COIN, 0.9, 0.0), (TIP, 0.6, 0.1)]
    near_tip = square.x < 100 < 140 < square.x + square.side
    return [((102.0, 60.0, 141.0, 121.0), 0.9, 0.05)] if near_tip else [(COIN, 0.3, 0.0)]


def test_without_a_hand_finds_are_looked_at_again() -> None:
    engine = Scripted(doubtful)
    found = engine.detect(photo(), ())
    assert [detection.box for detection in found] == [TIP]
    assert 0.5 < found[0].confidence < 0.9
    assert found[0].confidence / found[0].nail_confidence == pytest.approx(18, rel=1e-4)
    whole, closer = engine.looks
    assert len(whole) == 1
    for square, box in zip(closer, (COIN, TIP), strict=True):
        longer = max(box[2] - box[0], box[3] - box[1])
        assert square.side == pytest.approx(LONE_CONTEXT * longer)
        assert square.x + square.side / 2 == pytest.approx((box[0] + box[2]) / 2)
        assert square.y + square.side / 2 == pytest.approx((box[1] + box[3]) / 2)


def test_beside_a_hand_one_look_is_enough() -> None:
    engine = Scripted(lambda square: doubtful(square) if square.side == 300 else [])
    found = engine.detect(photo(), [a_hand(200, 100, 90)])
    assert [(detection.box, detection.confidence) for detection in found] == [
        (COIN, pytest.approx(0.9)),
        (TIP, pytest.approx(0.6)),
    ]
    assert len(engine.looks) == 1


def test_a_second_look_elsewhere_says_nothing() -> None:
    aside = (COIN[0] + 20, COIN[1] + 20, COIN[2] + 20, COIN[3] + 20)
    engine = Scripted(lambda square: [(COIN if square.side == 300 else aside, 0.9, 0.0)])
    assert engine.detect(photo(), ()) == ()


def test_a_surer_second_look_makes_a_surer_find() -> None:
    def confidence(again: float) -> float:
        engine = Scripted(lambda square: [(TIP, 0.5 if square.side == 300 else again, 0.0)])
        return max((found.confidence for found in engine.detect(photo(), ())), default=0.0)

    sure = [confidence(again) for again in (0.2, 0.6, 0.8, 0.9, 0.97, 1.0)]
    assert sure[0] == 0 and sure == sorted(sure)
    assert sure[2] < 0.25 < sure[3] and sure[-1] <= 1


def test_a_crowd_of_finds_costs_a_bounded_second_look() -> None:
    crowd = [((8.0 * i, 0.0, 8.0 * i + 6, 6.0), 0.3 + 0.005 * i, 0.0) for i in range(36)]
    engine = Scripted(lambda square: crowd if square.side == 300 else [])
    assert engine.detect(photo(), ()) == ()
    assert len(engine.looks[1]) == LONE_FINDS
    assert engine.looks[1][0].x + engine.looks[1][0].side / 2 == pytest.approx(8 * 35 + 3)


@pytest.mark.parametrize("kind", ["onnx", "pt"])
def test_threads_share_an_engine(
    files: dict[str, bytes],
    kind: str,
    every_find_stands: None,  # noqa: ARG001
) -> None:
    engine = OnnxEngine(files["onnx"]) if kind == "onnx" else TorchEngine(files["pt"])
    photos = [photo(100 + 10 * i, 90) for i in range(6)]
    alone = [engine.detect(pixels, ()) for pixels in photos]
    assert all(alone)
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda pixels: engine.detect(pixels, ()), photos))
    assert together == alone


def test_load_detector(folder: Path, files: dict[str, bytes]) -> None:
    onnx, torch = load_detector("onnx", folder), load_detector("torch", folder)
    assert isinstance(onnx, OnnxEngine)
    assert isinstance(torch, TorchEngine)
    assert load_detector("auto", folder) is not None
    assert onnx.version == hashlib.sha256(files["onnx"]).hexdigest()[:12]


def test_no_weights_listed(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"models": []}', "utf-8")
    assert load_detector("auto", tmp_path) is None


def test_altered_weights_are_refused(folder: Path) -> None:
    with (folder / f"{ONNX_MODEL}.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ModelAlteredError):
        load_detector("onnx", folder)


def test_missing_weights_are_told(folder: Path) -> None:
    (folder / f"{ONNX_MODEL}.onnx").unlink()
    with pytest.raises(ModelMissingError):
        load_detector("onnx", folder)
