"""Labels say what the camera sees."""

import numpy as np
import pytest

from training.synth.hand import FINGERS, Hand, Numbers, rotation
from training.synth.tips import Camera, Tip, seen_tips

_CAMERA = Camera(400, 300, 50)
_PALM = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])


def _seen_from(
    hand: Hand, turn: Numbers, shift: tuple[float, float, float] = (0, 0, -500)
) -> Numbers:
    return hand.rest @ (turn @ _PALM).T + shift


def _letters(tips: list[Tip]) -> dict[str, str]:
    return {tip.finger: tip.letter for tip in tips}


def test_projection() -> None:
    places = _CAMERA.project(np.array([[0.0, 0, -100], [36, 0, -50], [0, 18, -50]]))
    np.testing.assert_allclose(places, [[200, 150], [600, 150], [200, -50]])


@pytest.mark.parametrize(("yaw", "letter"), [(0, "P"), (180, "N")])
def test_palm_and_back(doll: Hand, yaw: float, letter: str) -> None:
    tips, shows_hand = seen_tips(doll, _seen_from(doll, rotation("y", yaw)), _CAMERA)
    assert _letters(tips) == dict.fromkeys(FINGERS, letter)
    assert 0.05 < shows_hand.mean() < 0.6


def test_from_the_side_fingers_hide_each_other(doll: Hand) -> None:
    vertices = _seen_from(doll, rotation("y", 90), (0, 0, -2000))
    letters = _letters(seen_tips(doll, vertices, Camera(400, 300, 200))[0])
    assert letters["little"] == "S"  # the thumb is at the other side
    assert letters["ring"] == "S"  # longer than the little finger
    assert letters["index"] == "X"  # behind the ring finger, which reaches further


def test_outlines_surround_the_last_segment(doll: Hand) -> None:
    vertices = _seen_from(doll, np.eye(3))
    places = _CAMERA.project(vertices)
    for tip in seen_tips(doll, vertices, _CAMERA)[0]:
        own = places[doll.last_segment(tip.finger)]
        np.testing.assert_allclose(tip.outline.min(0), own.min(0), atol=0.6)
        np.testing.assert_allclose(tip.outline.max(0), own.max(0), atol=0.6)


def test_the_picture_shows_the_hand_where_it_is(doll: Hand) -> None:
    vertices = _seen_from(doll, np.eye(3))
    _, shows_hand = seen_tips(doll, vertices, _CAMERA)
    rows, columns = np.nonzero(shows_hand)
    places = _CAMERA.project(vertices)
    np.testing.assert_allclose((columns.min(), rows.min()), places.min(0), atol=2)
    np.testing.assert_allclose(columns.max() + 1, places[:, 0].max(), atol=2)


def test_tips_outside_have_no_label_and_cut_ones_are_hidden(doll: Hand) -> None:
    inside = {tip.finger: tip for tip in seen_tips(doll, _seen_from(doll, np.eye(3)), _CAMERA)[0]}
    middle = inside["middle"].outline
    # Three quarters of the middle finger's tip are above the picture.
    up = 0.25 * middle[:, 1].min() + 0.75 * middle[:, 1].max()
    higher = _seen_from(doll, np.eye(3), (0, up * 500 / (50 / 36 * 400), -500))
    tips = {tip.finger: tip for tip in seen_tips(doll, higher, _CAMERA)[0]}
    assert tips["middle"].letter == "X"
    assert tips["middle"].outline.min() >= 0
    assert tips["thumb"].letter == "P"
    gone = _seen_from(doll, np.eye(3), (0, 200, -500))
    assert "middle" not in _letters(seen_tips(doll, gone, _CAMERA)[0])


def test_mirroring_and_annotation() -> None:
    tip = Tip("index", "P", np.array([[10, 20], [30, 20], [30, 50]], np.float32))
    note = tip.mirrored(100).annotation()
    assert note["label"] == "P"
    assert note["box"] == [70, 20, 90, 50]
    assert sorted(note["polygon"]) == [[70, 20], [70, 50], [90, 20]]
