import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.hand_shapes import mirrored, open_hand
from vov_core.findings import Handedness
from vov_core.hands import MediaPipeHands, Sighting, View, merge, views
from vov_core.models import model_bytes

WHOLE = ("00105", "00107", "00116", "00118", "00119", "00120", "00121", "00124", "00128", "00204")
TIPS = {"thumb": 4, "index": 8, "middle": 12, "ring": 16, "little": 20}


@pytest.fixture(scope="module")
def hands() -> MediaPipeHands:
    return MediaPipeHands(model_bytes("hand_landmarker"), "test")


@pytest.fixture(scope="module")
def pixels(sample):
    return lambda number: np.array(Image.open(BytesIO(sample(number))).convert("RGB"))


@pytest.mark.parametrize("number", WHOLE)
def test_finds_the_one_hand_of_a_sample_and_whose_it_is(hands, pixels, truth, number: str):
    (hand,) = hands.find(pixels(number))
    facts = truth(number)
    assert hand.handedness == facts["handedness"]
    x0, y0, x1, y1 = facts["hand_bbox_xyxy"]
    assert x0 < np.mean([x for x, _ in hand.landmarks]) < x1
    assert y0 < np.mean([y for _, y in hand.landmarks]) < y1
    assert len(hand.landmarks) == len(hand.depths) == 21
    assert 0 <= hand.score <= 1


@pytest.mark.parametrize("number", ["00105", "00119"])
def test_tips_lie_on_the_pads(hands, pixels, truth, number: str):
    (hand,) = hands.find(pixels(number))
    for pad in truth(number)["pads"]:
        x0, y0, x1, y1 = pad["pad_bbox_xyxy"]
        at = np.array(hand.landmarks[TIPS[pad["finger"]]])
        centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        assert np.linalg.norm(at - centre) < 0.75 * np.hypot(x1 - x0, y1 - y0), pad["finger"]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_finds_turned_hands_at_the_turned_place(hands, pixels, quarters: int):
    upright = pixels("00119")
    turned = np.ascontiguousarray(np.rot90(upright, quarters))
    (first,), (second,) = hands.find(upright), hands.find(turned)
    points = np.array(second.landmarks)
    for quarter in range(quarters):  # turn back, one quarter at a time
        height = turned.shape[quarter % 2]
        points = np.stack([height - points[:, 1], points[:, 0]], axis=1)
    size = np.ptp(np.array(first.landmarks), axis=0).max()
    assert np.abs(points - np.array(first.landmarks)).mean() < 0.05 * size
    assert first.handedness is second.handedness


def test_a_mirrored_photo_swaps_left_and_right(hands, pixels):
    photo = pixels("00119")
    (hand,) = hands.find(photo)
    (twin,) = hands.find(photo[:, ::-1])
    assert {hand.handedness, twin.handedness} == set(Handedness)


def test_finds_a_hand_that_the_frame_cuts(hands, pixels, truth):
    photo = pixels("00119")
    x0, y0, x1, y1 = truth("00119")["hand_bbox_xyxy"]
    cut = photo[y0 + (y1 - y0) // 5 : y1, x0:x1]
    (hand,) = hands.find(cut)
    assert min(y for _, y in hand.landmarks) < 0


def test_finds_six_small_hands_in_a_large_photo(hands, pixels, truth):
    rng = np.random.default_rng(7)
    photo = np.full((3000, 4000, 3), (176, 168, 150), dtype=np.uint8)
    photo += rng.integers(0, 12, photo.shape, dtype=np.uint8)
    places = [(200, 150), (1900, 240), (3500, 90), (330, 2500), (2050, 1700), (3450, 2350)]
    numbers = ["00105", "00118", "00119", "00119", "00105", "00118"]
    for (left, top), number in zip(places, numbers, strict=True):
        x0, y0, x1, y1 = truth(number)["hand_bbox_xyxy"]
        patch = Image.fromarray(pixels(number)[y0:y1, x0:x1]).resize((260, 340))
        photo[top : top + 340, left : left + 260] = np.array(patch)
    found = hands.find(photo)
    assert len(found) == 6
    for left, top in places:
        inside = [
            hand
            for hand in found
            if left < np.mean([x for x, _ in hand.landmarks]) < left + 260
            and top < np.mean([y for _, y in hand.landmarks]) < top + 340
        ]
        assert len(inside) == 1


def test_finds_nothing_in_a_picture_of_nothing(hands):
    rng = np.random.default_rng(1)
    assert hands.find(np.full((700, 1100, 3), 128, dtype=np.uint8)) == ()
    assert hands.find(rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)) == ()


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 4000, 3), (2000, 16, 3)])
def test_odd_shapes_are_looked_at(hands, shape):
    assert hands.find(np.zeros(shape, dtype=np.uint8)) == ()


def test_threads_share_one_finder(hands, pixels):
    photos = [pixels(number) for number in ("00105", "00107", "00119", "00120")] * 2
    alone = [hands.find(photo) for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(hands.find, photos)) == alone


def test_views_are_looked_at_side_by_side_and_by_one_landmarker_each(monkeypatch):
    together = threading.Barrier(2)

    class Landmarker:
        def __init__(self, _: bytes) -> None:
            self._lock = threading.Lock()

        def detect(self, _: object) -> SimpleNamespace:
            assert self._lock.acquire(blocking=False), "a landmarker is not thread safe"
            together.wait(30)
            self._lock.release()
            return SimpleNamespace(hand_landmarks=[], handedness=[])

        def close(self) -> None:
            pass

    monkeypatch.setattr("vov_core.hands._landmarker", Landmarker)
    finder = MediaPipeHands(b"", "", at_once=2)
    photo = np.zeros((64, 64, 3), np.uint8)
    assert finder.find(photo) == ()  # Two views: they must meet at the barrier.
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(finder.find, [photo] * 8)) == [()] * 8
    finder.close()


def test_more_landmarkers_find_the_same(hands, pixels):
    alone = MediaPipeHands(model_bytes("hand_landmarker"), "", at_once=1)
    for number in ("00105", "00119"):
        assert alone.find(pixels(number)) == hands.find(pixels(number))


def test_a_closed_finder_fails_and_does_not_wait():
    finder = MediaPipeHands(model_bytes("hand_landmarker"), "")
    finder.close()
    with pytest.raises(RuntimeError):
        finder.find(np.zeros((64, 64, 3), np.uint8))


def test_the_interpreter_ends_quietly():
    code = (
        "from vov_core.hands import MediaPipeHands; from vov_core.models import model_bytes\n"
        "kept = MediaPipeHands(model_bytes('hand_landmarker'), '')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "unaligned" not in done.stderr


def test_closing_twice_is_fine():
    finder = MediaPipeHands(model_bytes("hand_landmarker"), "")
    finder.close()
    finder.close()


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_views_are_few_square_and_show_every_part(height: int, width: int):
    photo = np.full((height, width, 3), 200, dtype=np.uint8)
    seen = np.zeros((height, width), dtype=int)
    shown = list(views(photo))
    assert len(shown) <= 11
    for view in shown:
        assert view.pixels.shape[0] == view.pixels.shape[1]
        x0, y0 = max(round(view.left), 0), max(round(view.top), 0)
        x1, y1 = round(view.left + view.side), round(view.top + view.side)
        seen[y0:y1, x0:x1] += 1
    slack = -(-max(height, width) // 1024)
    core = seen[: max(height - slack, 1), : max(width - slack, 1)]
    assert core.min() >= (3 if max(height, width) >= 900 else 2)


@given(st.integers(0, 2900), st.integers(0, 1900))
@settings(max_examples=30, deadline=None)
def test_a_views_points_are_where_the_photo_has_them(x: int, y: int):
    photo = np.zeros((2000, 3000, 3), dtype=np.uint8)
    photo[y : y + 40, x : x + 40] = 255
    for view in views(photo):
        rows, columns = np.nonzero(view.pixels[..., 0] > 127)
        if len(rows):
            points = np.stack([columns, rows], axis=1) + 0.5
            there = view.to_photo(points)
            assert (there >= (x - view.scale, y - view.scale)).all()
            assert (there <= (x + 40 + view.scale, y + 40 + view.scale)).all()


def view(side: int = 1000, scale: float = 1.0, tile: bool = False) -> View:
    return View(np.zeros((side, side, 3), dtype=np.uint8), 0.0, 0.0, scale, tile=tile)


def test_of_like_sightings_the_one_with_more_pixels_stays():
    far = Sighting(open_hand(500, 800, 100), view(scale=4.0), cut=False)
    near = Sighting(open_hand(503, 799, 101), view(tile=True), cut=False)
    cut = Sighting(open_hand(506, 800, 104), view(tile=True), cut=True)
    assert merge([far, near, cut]) == (near.hand,)
    assert merge([far, cut]) == (far.hand,)


def test_hands_apart_all_stay_largest_first():
    sightings = [
        Sighting(open_hand(x, 800, size), view(), cut=False)
        for x, size in ((200, 80), (500, 120), (900, 100))
    ]
    assert [hand.landmarks[0][0] for hand in merge(sightings)] == [500, 900, 200]


def test_two_hands_palm_on_palm_stay_two():
    one = open_hand(500, 800, 200)
    other = mirrored(open_hand(540, 900, 200, turn=2.2), 540)
    assert len(merge([Sighting(hand, view(), cut=False) for hand in (one, other)])) == 2


def test_a_tile_does_not_take_a_fold_of_a_large_hand_for_a_hand():
    large = Sighting(open_hand(500, 800, 300), view(), cut=False)
    fold = Sighting(open_hand(520, 600, 60), view(side=450, tile=True), cut=False)
    assert merge([large, fold]) == (large.hand,)
    held = Sighting(open_hand(520, 600, 90), view(), cut=False)
    assert merge([large, held]) == (large.hand, held.hand)


def test_poor_looks_at_a_hand_that_was_seen_better_are_dropped():
    near = Sighting(open_hand(500, 800, 200), view(), cut=False)
    tiny = Sighting(open_hand(500, 500, 200, turn=3.1), view(scale=4.0), cut=False)
    cut = Sighting(open_hand(500, 500, 150, turn=3.1), view(tile=True), cut=True)
    assert merge([tiny, near, cut]) == (near.hand,)
    assert merge([tiny]) == (tiny.hand,)
    assert merge([cut]) == (cut.hand,)
