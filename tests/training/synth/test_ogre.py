"""LibHand's files are read as they were written."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.synth.doll import MILLIMETRES, bone_names
from training.synth.ogre import read_mesh, read_skeleton


def test_bones_keep_names_parents_and_places(doll_folder: Path) -> None:
    skeleton = read_skeleton(doll_folder / "hand.skeleton")
    assert list(skeleton.names) == bone_names()
    assert skeleton.parents[0] == -1
    assert skeleton.parents[bone_names().index("finger3joint1")] == 2
    assert skeleton.parents[bone_names().index("finger3joint3")] == bone_names().index(
        "finger3joint2"
    )
    np.testing.assert_allclose(skeleton.positions[0] * MILLIMETRES, (90, 0, 0), atol=1e-4)
    np.testing.assert_allclose(skeleton.turns[0][:, 1], (-1, 0, 0), atol=1e-6)


def test_mesh_keeps_vertices_faces_and_weights(doll_folder: Path) -> None:
    mesh = read_mesh(doll_folder / "hand.mesh")
    vertices = len(mesh.positions)
    assert mesh.uv.shape == (vertices, 2)
    assert mesh.uv.min() > 0
    assert mesh.uv.max() < 1
    assert mesh.faces["skin"].max() == vertices - 1
    np.testing.assert_allclose(mesh.weights.sum(1), 1)
    tip = mesh.positions[:, 0].argmin()
    assert mesh.weights[tip, bone_names().index("finger3joint3")] == 1


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no Ogre file\n")
    with pytest.raises(ValueError, match="Ogre"):
        read_skeleton(tmp_path / "a")
