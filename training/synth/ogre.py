"""Reads the Ogre files of LibHand's model: mesh (1.41) and skeleton (1.10), as far as needed."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = 0x1000
_BONE, _BONE_PARENT, _ANIMATION = 0x2000, 0x3000, 0x4000
_CHUNK = 6  # bytes of a chunk's own number and length
_MEANING = {1: "positions", 7: "uv"}
_FLOATS = {"positions": 3, "uv": 2}


class _Part(IntEnum):
    """Numbers of a mesh file's chunks."""

    MESH = 0x3000
    SUBMESH = 0x4000
    GEOMETRY = 0x5000
    DECLARATION = 0x5100
    ELEMENT = 0x5110
    BUFFER = 0x5200
    ASSIGNMENT = 0x7000


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Bones in their bind pose, relative to their parents.

    Attributes:
        names: One per bone.
        parents: Number of each bone's parent, -1 for the root.
        positions: (bones, 3).
        turns: (bones, 3, 3).
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    positions: NDArray[np.float64]
    turns: NDArray[np.float64]


@dataclass(slots=True)
class Mesh:
    """A skinned mesh.

    Attributes:
        positions: (vertices, 3).
        uv: (vertices, 2), v downwards as in the file.
        faces: Triangles (faces, 3) per material.
        weights: (vertices, bones), each row sums up to one.
    """

    positions: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    uv: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    faces: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))


def read_skeleton(path: Path) -> Skeleton:
    """Reads a ``.skeleton`` file."""
    content = path.read_bytes()
    at = _after_header(content)
    bones: dict[int, tuple[str, tuple[float, ...]]] = {}
    parents: dict[int, int] = {}
    while at + _CHUNK <= len(content):
        kind, length = struct.unpack_from("<HI", content, at)
        if kind == _ANIMATION:
            break
        inside = at + _CHUNK
        if kind == _BONE:
            name, inside = _text(content, inside)
            number, *values = struct.unpack_from("<H7f", content, inside)
            bones[number] = (name, tuple(values))
            at = inside + 30  # the length that the file states for bones is wrong
            continue
        if kind == _BONE_PARENT:
            child, parent = struct.unpack_from("<HH", content, inside)
            parents[child] = parent
        at += length
    ordered = [bones[number] for number in range(len(bones))]
    table = np.array([value for _, value in ordered])
    return Skeleton(
        tuple(name for name, _ in ordered),
        tuple(parents.get(number, -1) for number in range(len(bones))),
        table[:, :3],
        np.array([_matrix(quaternion) for quaternion in table[:, 3:]]),
    )


def read_mesh(path: Path) -> Mesh:
    """Reads a ``.mesh`` file with shared geometry."""
    content = path.read_bytes()
    return _MeshReader(content).mesh()


class _MeshReader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.vertices = 0
        self.elements: list[tuple[int, ...]] = []
        self.buffers: dict[int, tuple[int, int]] = {}
        self.assignments: list[tuple[int, int, float]] = []
        self.result = Mesh()

    def mesh(self) -> Mesh:
        self._read(_after_header(self.content), len(self.content))
        for source, _, meaning, offset, number in self.elements:
            if number == 0 and meaning in _MEANING:
                setattr(self.result, _MEANING[meaning], self._column(source, meaning, offset))
        table = np.array(self.assignments)
        weights = np.zeros((self.vertices, int(table[:, 1].max()) + 1))
        weights[table[:, 0].astype(int), table[:, 1].astype(int)] = table[:, 2]
        self.result.weights = weights / weights.sum(1, keepdims=True)
        return self.result

    def _read(self, start: int, end: int) -> None:
        for kind, inside, stop in self._chunks(start, end):
            match kind:
                case _Part.MESH:  # the mesh; the length that the file states for it is wrong
                    self._read(inside + 1, len(self.content))
                    return
                case _Part.GEOMETRY:
                    (self.vertices,) = struct.unpack_from("<I", self.content, inside)
                    self._read(inside + 4, stop)
                case _Part.DECLARATION:
                    self._read(inside, stop)
                case _Part.ELEMENT:
                    self.elements.append(struct.unpack_from("<5H", self.content, inside))
                case _Part.BUFFER:
                    source, size = struct.unpack_from("<2H", self.content, inside)
                    self.buffers[source] = (size, inside + 4 + _CHUNK)
                case _Part.SUBMESH:
                    self._faces(inside)
                case _Part.ASSIGNMENT:
                    self.assignments.append(struct.unpack_from("<IHf", self.content, inside))

    def _chunks(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        while at + _CHUNK <= end:
            kind, length = struct.unpack_from("<HI", self.content, at)
            yield kind, at + _CHUNK, at + length
            at += length

    def _faces(self, at: int) -> None:
        material, at = _text(self.content, at)
        _, count, wide = struct.unpack_from("<?I?", self.content, at)
        numbers = np.frombuffer(self.content, "<u4" if wide else "<u2", count, at + 6)
        self.result.faces[material] = numbers.reshape(-1, 3).astype(np.int64)

    def _column(self, source: int, meaning: int, offset: int) -> NDArray[np.float64]:
        size, start = self.buffers[source]
        raw = np.frombuffer(self.content, np.uint8, size * self.vertices, start)
        width = 4 * _FLOATS[_MEANING[meaning]]
        part = np.ascontiguousarray(raw.reshape(self.vertices, size)[:, offset : offset + width])
        return part.view("<f4").astype(np.float64)


def _after_header(content: bytes) -> int:
    if struct.unpack_from("<H", content)[0] != _HEADER:
        raise ValueError("not an Ogre file")
    return _text(content, 2)[1]


def _text(content: bytes, at: int) -> tuple[str, int]:
    end = content.index(b"\n", at)
    return content[at:end].decode("latin1"), end + 1


def _matrix(quaternion: Any) -> NDArray[np.float64]:
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
