"""No finger passes through another."""

import numpy as np
import pytest

from training.synth.hand import Hand
from training.synth.poses import POSES, clearance, random_pose


def test_spread_fingers_are_clear_of_each_other(doll: Hand) -> None:
    assert clearance(doll, doll.bind) > 1


def test_a_finger_through_another_is_noticed(doll: Hand) -> None:
    _, bones = doll.pose({doll.bone("index", 1): (0, -35, 0)})
    assert clearance(doll, bones) < 0.3


def test_random_poses_are_clear_and_repeatable(doll: Hand) -> None:
    names = set()
    for seed in range(12):
        name, vertices = random_pose(doll, {}, np.random.default_rng(seed))
        again, same = random_pose(doll, {}, np.random.default_rng(seed))
        assert name == again
        np.testing.assert_array_equal(vertices, same)
        names.add(name)
    assert len(names) > 2
    assert names <= POSES.keys()


def test_hopeless_hands_are_given_up(doll: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.synth.poses.clearance", lambda *_: 0.0)
    monkeypatch.setattr("training.synth.poses._TRIES", 3)
    with pytest.raises(RuntimeError, match="passes through"):
        random_pose(doll, {}, np.random.default_rng(0))
