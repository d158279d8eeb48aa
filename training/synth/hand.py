"""LibHand's mesh in millimetres: poses, shapes, and where its finger pads are.

Hand coordinates: fingers towards -x, the palm looks towards -z, the thumb is at -y. The bones of a
finger have x across, y along and -z palmar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.synth.flatten import flatten
from training.synth.ogre import read_mesh, read_skeleton

Numbers = NDArray[np.float64]
Faces = NDArray[np.int64]

FINGERS = ("thumb", "index", "middle", "ring", "little")
_NUMBERS = {"thumb": 5, "index": 4, "middle": 3, "ring": 2, "little": 1}  # LibHand's
_MILLIMETRES = 45.0  # per unit of the model
_PAD_BEHIND_TIP = 11.0
_PAD_REACH = 19.0


@dataclass(frozen=True, slots=True)
class Pad:
    """Where a finger's print goes.

    Attributes:
        vertices: Numbers of the vertices that carry it.
        places: (n, 2), millimetres on the flat print; the middle is 0, 0 and the tip is up.
        middle: The vertex in the middle.
    """

    vertices: NDArray[np.int64]
    places: Numbers
    middle: int


@dataclass(frozen=True, slots=True)
class Build:
    """How a finger differs from the model's: length and girth, relative."""

    length: float = 1.0
    girth: float = 1.0


class Hand:
    """The model of a right hand.

    Attributes:
        rest: Vertices in the bind pose.
        faces: Triangles.
        weights: How much each bone moves each vertex.
        bind: Matrices (4, 4) of the bones in the bind pose.
        uv: Place of each triangle's corners in the texture, v upwards: (faces, 3, 2).
        normals: Outward, in the bind pose.
        pads: By finger.
    """

    def __init__(self, folder: Path) -> None:
        mesh = read_mesh(folder / "hand.mesh")
        skeleton = read_skeleton(folder / "hand.skeleton")
        self.names, self._parents = skeleton.names, skeleton.parents
        self.numbers = {name: i for i, name in enumerate(self.names)}
        self._local = np.tile(np.eye(4), (len(self.names), 1, 1))
        self._local[:, :3, :3] = skeleton.turns
        self._local[:, :3, 3] = skeleton.positions * _MILLIMETRES
        self.bind = self._placed(self._local)
        self._weld(mesh.positions, mesh.uv, mesh.weights, mesh.faces["skin"])
        self.normals = normals(self.rest, self.faces)
        self._radii = {finger: self._radius(finger) for finger in FINGERS}
        self.pads = {finger: self._pad(finger) for finger in FINGERS}

    def _weld(self, positions: Numbers, uv: Numbers, weights: Numbers, faces: Faces) -> None:
        """Joins the vertices that the file splits where the texture has a seam."""
        key = np.round(positions, 5)
        _, first, joined = np.unique(key, axis=0, return_index=True, return_inverse=True)
        joined = joined.reshape(-1)
        whole = joined[faces]
        a, b, c = whole.T
        kept = (a != b) & (b != c) & (a != c)
        used, self.faces = np.unique(whole[kept], return_inverse=True)
        self.faces = self.faces.reshape(-1, 3)
        self.rest = positions[first][used] * _MILLIMETRES
        self.weights = weights[first][used]
        self.split_faces = faces[kept]
        self.split_uv = uv * (1, -1) + (0, 1)
        self.uv = self.split_uv[self.split_faces]
        # Vertices of the file that no face uses belong to no welded vertex.
        at = np.full(len(first), -1)
        at[used] = np.arange(len(used))
        self.welded = np.full(len(positions), -1)
        self.welded[self.split_faces] = at[joined[self.split_faces]]

    def _placed(self, local: Numbers) -> Numbers:
        result = np.empty_like(local)
        for i, parent in enumerate(self._parents):
            result[i] = local[i] if parent < 0 else result[parent] @ local[i]
        return result

    def bone(self, finger: str, joint: int) -> int:
        """Number of a finger's bone; joint 3 is the last segment."""
        return self.numbers[f"finger{_NUMBERS[finger]}joint{joint}"]

    def last_segment(self, finger: str) -> NDArray[np.bool_]:
        """Which vertices belong to a finger's last segment."""
        return np.asarray(self.weights[:, self.bone(finger, 3)] > 0.5)

    def radius(self, finger: str) -> float:
        """Half of a finger's width, at its last segment."""
        return self._radii[finger]

    def pose(
        self,
        angles: Mapping[int, tuple[float, float, float]],
        build: Mapping[str, Build] | None = None,
    ) -> tuple[Numbers, Numbers]:
        """Bends the hand.

        Args:
            angles: Per bone: bend (towards the palm), side, twist; degrees from the bind pose.
            build: How the fingers differ from the model's.

        Returns:
            Vertices and the bones' matrices.
        """
        local = self._local.copy()
        for number, (bend, side, twist) in angles.items():
            turn = rotation("x", -bend) @ rotation("z", side) @ rotation("y", twist)
            local[number, :3, :3] = local[number, :3, :3] @ turn
        scales = np.tile(np.eye(4), (len(self.names), 1, 1))
        for finger, of in (build or {}).items():
            for joint in (1, 2, 3):
                number = self.bone(finger, joint)
                scales[number, :3, :3] = np.diag((of.girth, of.length, of.girth))
                if joint > 1:
                    local[number, 1, 3] *= of.length
        bones = self._placed(local)
        moves = bones @ scales @ np.linalg.inv(self.bind)
        blended = np.einsum("vb,bij->vij", self.weights, moves)
        return np.einsum("vij,vj->vi", blended[:, :3, :3], self.rest) + blended[:, :3, 3], bones

    def axis(self, finger: str, bones: Numbers) -> Numbers:
        """Four points along a posed finger, from knuckle to tip."""
        heads = [bones[self.bone(finger, joint), :3, 3] for joint in (1, 2, 3)]
        last = bones[self.bone(finger, 3)]
        reach = max(self._tip(finger) - self.radius(finger), 1.0)
        return np.array([*heads, last[:3, 3] + last[:3, 1] * reach])

    def facing(self, vertices: Numbers, finger: str) -> float:
        """Where a pad looks: 1 at the camera (at the origin), 0 past it, -1 away from it."""
        middle = self.pads[finger].middle
        touching = self.faces[(self.faces == middle).any(1)]
        outward = _cross(vertices, touching).sum(0)
        place = vertices[middle]
        return float(-outward @ place / (np.linalg.norm(outward) * np.linalg.norm(place) + 1e-12))

    def palmar(self, finger: str) -> Numbers:
        """Where the palmar side of a last segment looks in the bind pose."""
        return np.asarray(-self.bind[self.bone(finger, 3), :3, 2])

    def _along(self, finger: str) -> Numbers:
        bone = self.bind[self.bone(finger, 3)]
        return np.asarray((self.rest - bone[:3, 3]) @ bone[:3, :3])

    def _tip(self, finger: str) -> float:
        return float(self._along(finger)[self.last_segment(finger), 1].max())

    def _radius(self, finger: str) -> float:
        across = self._along(finger)[self.last_segment(finger), 0]
        return float(across.max() - across.min()) / 2

    def _pad(self, finger: str) -> Pad:
        from scipy import sparse
        from scipy.sparse.csgraph import dijkstra

        along, tip = self._along(finger), self._tip(finger)
        middle_ones = np.flatnonzero(
            self.last_segment(finger)
            & (np.abs(along[:, 1] - (tip - _PAD_BEHIND_TIP)) < 1.5)
            & (np.abs(along[:, 0]) < 2.5)
        )
        middle = int(middle_ones[np.argmin(along[middle_ones, 2])])
        edges = self.edges()
        lengths = np.linalg.norm(self.rest[edges[:, 0]] - self.rest[edges[:, 1]], axis=1)
        table = sparse.coo_matrix((lengths, edges.T), (len(self.rest),) * 2).tocsr()
        ways = dijkstra(table.maximum(table.T), indices=middle, limit=_PAD_REACH + 1)
        # What looks backwards is the nail's side.
        kept = (ways < _PAD_REACH) & (self.normals @ self.palmar(finger) > -0.55)
        vertices, faces = self._piece(kept, middle)
        start = self._polar(vertices, middle, ways[vertices])
        flat = flatten(self.rest[vertices], faces, start)
        at = int(np.searchsorted(vertices, middle))
        flat -= flat[at]
        # Turned so that the middle lies as it did in the first guess: the tip is up.
        near = ways[vertices] < 6
        left, _, right = np.linalg.svd(flat[near].T @ start[near])
        return Pad(vertices, flat @ (left @ right), middle)

    def edges(self) -> Faces:
        """Both ends of every triangle's sides."""
        return np.vstack([self.faces[:, [i, (i + 1) % 3]] for i in range(3)])

    def _piece(self, kept: NDArray[np.bool_], middle: int) -> tuple[NDArray[np.int64], Faces]:
        """Vertices and renumbered faces of the connected piece around a vertex."""
        from scipy import sparse
        from scipy.sparse.csgraph import connected_components

        faces = self.faces[kept[self.faces].all(1)]
        ends = np.vstack((faces[:, :2], faces[:, 1:]))
        size = len(self.rest)
        links = sparse.coo_matrix((np.ones(len(ends)), ends.T), (size, size))
        _, pieces = connected_components(links, directed=False)
        faces = faces[pieces[faces[:, 0]] == pieces[middle]]
        vertices, renumbered = np.unique(faces, return_inverse=True)
        return vertices, renumbered.reshape(-1, 3)

    def _polar(self, vertices: NDArray[np.int64], middle: int, ways: Numbers) -> Numbers:
        """A first guess of the flat pad: directions as seen from above, true distances."""
        up = self.normals[middle]
        finger = self.names[int(self.weights[middle].argmax())]
        along = self.bind[self.numbers[finger], :3, 1]
        along = along - up * (along @ up)
        along /= np.linalg.norm(along)
        away = self.rest[vertices] - self.rest[middle]
        flat = np.column_stack((away @ np.cross(along, up), away @ along))
        lengths = np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9
        return np.asarray(flat / lengths * ways[:, None])


def rotation(axis: str, degrees: float) -> Numbers:
    """A right-handed turn around an axis: x, y or z."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    result = np.eye(3)
    result[i, i] = result[j, j] = cos
    result[j, i], result[i, j] = sin, -sin
    return result


def normals(vertices: Numbers, faces: Faces) -> Numbers:
    """Outward unit normals of all vertices."""
    sums = np.zeros_like(vertices)
    of_faces = _cross(vertices, faces)
    for k in range(3):
        np.add.at(sums, faces[:, k], of_faces)
    return np.asarray(sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-12))


def _cross(vertices: Numbers, faces: Faces) -> Numbers:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.cross(b - a, c - a))
