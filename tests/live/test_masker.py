"""The live picture is covered from its first frame on, and follows the settings."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.live.clips import moved, pads, shifts, still
from vov_core.findings import Hand, Handedness
from vov_core.live import LiveMasker, VideoHands
from vov_core.live.masker import LONGEST, LOOKAHEAD, Pixels
from vov_core.live.video_hands import SEARCH_EVERY
from vov_core.masks import STYLES
from vov_core.pipeline import Look

SOLID = Look(style="solid", softness=0.0)
NO_HANDS: tuple[Hand, ...] = ()


class Scripted:
    """Finds what it is told to find, frame by frame."""

    def __init__(self, *answers: tuple[Hand, ...]) -> None:
        self.answers = list(answers)
        self.closed = False

    def find(self, pixels: Pixels, ms: int) -> tuple[Hand, ...]:  # noqa: ARG002
        return self.answers.pop(0) if self.answers else NO_HANDS

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def hands() -> Iterator[VideoHands]:
    opened = VideoHands()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def open_hand(hands: VideoHands) -> tuple[Pixels, tuple[Hand, ...]]:
    """A frame with a hand, and that hand."""
    from pathlib import Path

    data = (Path(__file__).parents[2] / "samples" / "hand_00300.jpg").read_bytes()
    frame = still(data)
    return frame, hands.find(frame, 0)


def black(pixels: Pixels) -> int:
    return int((pixels.max(axis=2) < 3).sum())


def test_every_pad_of_a_moving_hand_is_covered_in_every_frame(
    sample: Callable[[str], bytes], truth: Callable[[str], dict[str, Any]]
) -> None:
    picture, centres = still(sample("00300")), pads(truth("00300"))
    masker = LiveMasker(VideoHands(), SOLID)
    ways = shifts(24)
    given = [masker.add(moved(picture, way), n / 20) for n, way in enumerate(ways)]
    masker.close()
    assert given[:LOOKAHEAD] == [None] * LOOKAHEAD and all(given[LOOKAHEAD:])
    for way, frame in zip(ways, given[LOOKAHEAD:], strict=False):
        assert frame is not None and frame.covered >= 5
        for x, y in centres:
            assert frame.pixels[round(y + way[1]), round(x + way[0])].max() < 3


def test_what_appears_is_covered_in_the_frames_before(
    open_hand: tuple[Pixels, tuple[Hand, ...]],
) -> None:
    frame, found = open_hand
    masker = LiveMasker(Scripted(NO_HANDS, NO_HANDS, found), SOLID, lookahead=2)
    assert masker.add(frame, 0.0) is None and masker.add(frame, 0.05) is None
    first = masker.add(frame, 0.1)
    assert first is not None and first.seconds == 0.0 and first.covered == 5
    assert black(first.pixels) > 2000


def test_a_missed_frame_stays_covered(open_hand: tuple[Pixels, tuple[Hand, ...]]) -> None:
    frame, found = open_hand
    masker = LiveMasker(Scripted(found, NO_HANDS, NO_HANDS, found), SOLID, lookahead=0)
    amounts = []
    for n in range(4):
        given = masker.add(frame, n * 0.05)
        assert given is not None
        amounts.append(black(given.pixels))
    assert amounts[1] > amounts[0] > 2000 and amounts[2] > amounts[1]


def test_settings_count_from_the_next_frame_on(
    open_hand: tuple[Pixels, tuple[Hand, ...]],
) -> None:
    frame, found = open_hand
    masker = LiveMasker(Scripted(*[found] * 9), SOLID, lookahead=0)
    first = masker.add(frame, 0.0)
    masker.look = Look(style="solid", softness=0.0, coverage=2.0)
    wider = masker.add(frame, 0.05)
    masker.look = Look(style="sticker")
    other = masker.add(frame, 0.1)
    assert first is not None and wider is not None and other is not None
    assert black(wider.pixels) > 1.6 * black(first.pixels)
    assert (other.pixels != wider.pixels).any()


@pytest.mark.parametrize("style", [name for name, s in STYLES.items() if s.irreversible])
def test_no_pixel_depends_on_a_covered_one(
    style: str, open_hand: tuple[Pixels, tuple[Hand, ...]]
) -> None:
    frame, found = open_hand
    look = Look(style=style, seed=3)
    hidden = LiveMasker(Scripted(found), SOLID, lookahead=0).add(frame, 0.0)
    assert hidden is not None
    inside = hidden.pixels.max(axis=2) < 3
    other = frame.copy()
    other[inside] = np.random.default_rng(1).integers(0, 255, (int(inside.sum()), 3), np.uint8)
    one = LiveMasker(Scripted(found), look, lookahead=0).add(frame, 0.0)
    two = LiveMasker(Scripted(found), look, lookahead=0).add(other, 0.0)
    assert one is not None and two is not None and (one.pixels == two.pixels).all()


def test_a_large_frame_is_reduced_to_even_sides() -> None:
    masker = LiveMasker(Scripted(), SOLID, lookahead=0)
    given = masker.add(np.zeros((1081, 1921, 3), np.uint8), 0.0)
    assert given is not None and max(given.pixels.shape) <= LONGEST
    assert given.pixels.shape[0] % 2 == given.pixels.shape[1] % 2 == 0


def test_a_turned_camera_starts_anew() -> None:
    masker = LiveMasker(Scripted(), SOLID, lookahead=1)
    assert masker.add(np.zeros((480, 640, 3), np.uint8), 0.0) is None
    assert masker.add(np.zeros((640, 480, 3), np.uint8), 0.1) is None


def test_closing_forgets_and_frees() -> None:
    hands = Scripted()
    masker = LiveMasker(hands, SOLID)
    masker.add(np.zeros((480, 640, 3), np.uint8), 0.0)
    masker.close()
    assert hands.closed


def test_the_hand_is_where_it_is_in_any_shape_of_frame(
    hands: VideoHands, open_hand: tuple[Pixels, tuple[Hand, ...]]
) -> None:
    frame, (hand,) = open_hand
    tall = np.full((900, 640, 3), 128, np.uint8)
    tall[300:780] = frame
    for n in range(3):
        found = hands.find(tall, 10_000 + 50 * n)
    assert len(found) == 1 and found[0].handedness in Handedness
    apart = np.array(found[0].landmarks) - np.array(hand.landmarks) - (0, 300)
    assert np.abs(apart).mean() < 8


def test_new_hands_are_looked_for_every_other_frame_and_wherever_one_is_missing(
    open_hand: tuple[Pixels, tuple[Hand, ...]],
) -> None:
    frame, _ = open_hand
    two = np.full((480, 1280, 3), 128, np.uint8)
    two[:, :640] = frame
    hands, searched = VideoHands(), []
    search = hands._searching.detect_for_video

    class Counting:
        def detect_for_video(self, image: Any, ms: int) -> Any:
            searched.append(ms)
            return search(image, ms)

        def close(self) -> None: ...

    first, hands._searching = hands._searching, Counting()
    for n in range(6):
        assert len(hands.find(two, n)) == 1
    assert searched == [0, 2, 4]
    two[:, 640:] = frame[:, ::-1]
    seen = [len(hands.find(two, n)) for n in range(6, 10)]
    assert seen[SEARCH_EVERY:] == [2, 2], "the second hand is found when it is looked for"
    searched.clear()
    blank = np.full_like(two, 128)
    assert not any(hands.find(blank, n) for n in range(12, 16))
    assert len(searched) == 4, "without a hand every frame is searched"
    hands.close()
    first.close()
