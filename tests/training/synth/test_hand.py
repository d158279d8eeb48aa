"""The model bends towards its palm, and its pads lie flat without much stretching."""

import numpy as np
import pytest

from training.synth.flatten import flatten
from training.synth.hand import FINGERS, Build, Hand, normals, rotation


def _edges(faces: np.ndarray) -> np.ndarray:
    return np.vstack([faces[:, [i, (i + 1) % 3]] for i in range(3)])


def test_split_vertices_are_joined(doll: Hand) -> None:
    assert len(np.unique(doll.rest.round(4), axis=0)) == len(doll.rest)
    assert len(doll.rest) < len(doll.split_uv)
    np.testing.assert_array_equal(doll.welded[doll.split_faces], doll.faces)


def test_normals_look_outwards(doll: Hand) -> None:
    middle = doll.pads["middle"].middle
    np.testing.assert_allclose(doll.normals[middle], (0, 0, -1), atol=0.05)


def test_no_angles_no_change(doll: Hand) -> None:
    vertices, _ = doll.pose({})
    np.testing.assert_allclose(vertices, doll.rest, atol=1e-9)


def test_a_bent_finger_goes_towards_the_palm(doll: Hand) -> None:
    vertices, _ = doll.pose({doll.bone("index", 1): (90, 0, 0)})
    tip = doll.last_segment("index")
    assert vertices[tip, 2].min() < -60
    others = ~np.isin(doll.weights.argmax(1), [doll.bone("index", joint) for joint in (1, 2, 3)])
    np.testing.assert_allclose(vertices[others], doll.rest[others], atol=1e-9)


def test_builds_change_length_and_girth(doll: Hand) -> None:
    vertices, bones = doll.pose({}, {"ring": Build(length=1.2, girth=0.5)})
    ring = np.isin(doll.weights.argmax(1), [doll.bone("ring", joint) for joint in (1, 2, 3)])
    before, after = np.ptp(doll.rest[ring], axis=0), np.ptp(vertices[ring], axis=0)
    np.testing.assert_allclose(after / before, (1.2, 0.5, 0.5), rtol=0.02)
    np.testing.assert_allclose(vertices[~ring], doll.rest[~ring], atol=1e-9)
    assert doll.axis("ring", bones)[-1, 0] < doll.axis("ring", doll.bind)[-1, 0]


@pytest.mark.parametrize("finger", FINGERS)
def test_pads_lie_flat_tip_up(doll: Hand, finger: str) -> None:
    pad = doll.pads[finger]
    at = int(np.searchsorted(pad.vertices, pad.middle))
    np.testing.assert_allclose(pad.places[at], 0, atol=1e-9)
    towards_tip = doll.rest[pad.middle, 0] - doll.rest[pad.vertices, 0]
    assert np.corrcoef(towards_tip, pad.places[:, 1])[0, 1] > 0.95
    # Seen from the palm with the tip up, the little finger is at the left.
    assert np.corrcoef(-doll.rest[pad.vertices, 1], pad.places[:, 0])[0, 1] > 0.8
    inside = np.isin(doll.faces, pad.vertices).all(1)
    ends = np.searchsorted(pad.vertices, _edges(doll.faces[inside]))
    flat = np.linalg.norm(pad.places[ends[:, 0]] - pad.places[ends[:, 1]], axis=1)
    real = doll.rest[pad.vertices[ends[:, 0]]] - doll.rest[pad.vertices[ends[:, 1]]]
    stretch = flat / np.linalg.norm(real, axis=1)
    assert 0.9 < np.median(stretch) < 1.1


def test_a_rolled_sheet_is_unrolled() -> None:
    angles, along = np.meshgrid(np.linspace(0, np.pi, 13), np.linspace(0, 4, 9))
    rolled = np.column_stack((np.cos(angles.ravel()), np.sin(angles.ravel()), along.ravel()))
    corners = np.arange(13 * 9).reshape(9, 13)
    a, b = corners[:-1, :-1].ravel(), corners[:-1, 1:].ravel()
    c, d = corners[1:, :-1].ravel(), corners[1:, 1:].ravel()
    faces = np.vstack((np.column_stack((a, b, c)), np.column_stack((b, d, c))))
    flat = flatten(rolled, faces, rolled[:, [0, 2]])
    ends = _edges(faces)
    before = np.linalg.norm(rolled[ends[:, 0]] - rolled[ends[:, 1]], axis=1)
    after = np.linalg.norm(flat[ends[:, 0]] - flat[ends[:, 1]], axis=1)
    np.testing.assert_allclose(after, before, rtol=0.01)
    assert np.linalg.norm(flat[0] - flat[12]) == pytest.approx(np.pi, rel=0.01)


@pytest.mark.parametrize(("yaw", "expected"), [(0, 1), (90, 0), (180, -1)])
def test_facing(doll: Hand, yaw: float, expected: float) -> None:
    palm_up = doll.rest @ (rotation("x", yaw) @ rotation("x", 180)).T - (0, 0, 5000)
    assert doll.facing(palm_up, "middle") == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_rotations_are_right_handed(axis: str) -> None:
    turn = rotation(axis, 90)
    fixed = "xyz".index(axis)
    np.testing.assert_allclose(turn[fixed, fixed], 1)
    np.testing.assert_allclose(
        turn @ np.eye(3)[(fixed + 1) % 3], np.eye(3)[(fixed + 2) % 3], atol=1e-12
    )


def test_normals_of_a_flat_square() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    np.testing.assert_allclose(normals(square, np.array([[0, 1, 2], [0, 2, 3]]))[:, 2], 1)
