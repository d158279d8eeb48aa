"""Hands are in the frame, close-ups show a pad, and everything else is around them."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from training.synth.hand import Hand
from training.synth.looks import looking_from, random_look, sleeve
from training.synth.shots import Shot, random_build, random_shot
from training.synth.tips import seen_tips


def _shots(hand: Hand, close: float) -> Iterator[Shot]:
    for seed in range(100):
        yield random_shot(hand, np.random.default_rng(seed), close, identities=5)


def test_whole_hands_are_in_the_frame(doll: Hand) -> None:
    for shot in islice(_shots(doll, 0), 20):
        camera = shot.camera
        assert sorted((camera.width, camera.height)) == sorted(
            (max(camera.width, camera.height), max(camera.width, camera.height) * 3 // 4)
        )
        fingers = camera.project(shot.vertices[doll.weights.argmax(1) > 2])
        inside = ((fingers > 0) & (fingers < (camera.width, camera.height))).all(1)
        assert inside.mean() > 0.7
        assert (shot.vertices[:, 2] < 0).all()


def test_close_ups_show_their_target(doll: Hand) -> None:
    close_ups = [shot for shot in islice(_shots(doll, 1), 30) if shot.target]
    assert len(close_ups) > 10
    found = 0
    for shot in close_ups:
        letters = {t.finger: t.letter for t in seen_tips(doll, shot.vertices, shot.camera)[0]}
        found += letters.get(shot.target or "") == "P"
        middle = shot.vertices[doll.pads[shot.target or ""].middle]
        assert -middle[2] == pytest.approx(shot.focus)
    assert found >= 0.8 * len(close_ups)


def test_shots_are_repeatable_and_differ(doll: Hand) -> None:
    first, again = (next(_shots(doll, 0.5)) for _ in range(2))
    np.testing.assert_array_equal(first.vertices, again.vertices)
    shots = list(islice(_shots(doll, 0.5), 20))
    assert {shot.left for shot in shots} == {False, True}
    assert len({shot.identity for shot in shots}) > 2


def test_an_identity_has_one_build() -> None:
    assert random_build(3) == random_build(3)
    assert random_build(3) != random_build(4)


def test_looks_put_the_backdrop_behind_and_lamps_facing_the_hand(doll: Hand) -> None:
    for seed, shot in enumerate(islice(_shots(doll, 0.3), 10)):
        look = random_look(shot, [], np.random.default_rng(seed))
        assert look.backdrop_corners[:, 2].mean() < shot.vertices[:, 2].min()
        for lamp in look.lamps:
            towards_hand = np.array([0, 0, shot.shift[2]]) - lamp.matrix[:3, 3]
            towards_hand /= np.linalg.norm(towards_hand)
            np.testing.assert_allclose(-lamp.matrix[:3, 2], towards_hand, atol=1e-9)


@pytest.mark.parametrize("away", [(0, 0, 1.0), (0, 2.0, 0), (1.0, -3, 2)])
def test_looking_from_is_a_turn(away: tuple[float, float, float]) -> None:
    turn = looking_from(np.array(away))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turn[:, 2] * np.linalg.norm(away), away, atol=1e-12)


def test_the_sleeve_goes_around_the_wrist(doll: Hand) -> None:
    vertices, faces = sleeve(doll)
    assert max(map(max, faces)) == len(vertices) - 1
    wrist = doll.rest[(doll.rest[:, 0] > 80) & (doll.rest[:, 0] < 95)]
    hem = vertices[vertices[:, 0] == 100]
    assert (hem[:, 1:].max(0) > wrist[:, 1:].max(0)).all()
    assert (hem[:, 1:].min(0) < wrist[:, 1:].min(0)).all()


def test_no_close_up_with_an_arm_at_the_camera(doll: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    # Close-ups are taken from less than half a metre away.
    monkeypatch.setattr("training.synth.shots._NEAREST", 500.0)
    for shot in islice(_shots(doll, 1), 10):
        assert shot.target is None
        assert np.ptp(shot.camera.project(shot.vertices), axis=0).max() < 3 * shot.camera.width
