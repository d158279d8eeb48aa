"""A simple hand in the form of LibHand's files: a palm and five straight tubes."""

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np

MILLIMETRES = 45.0
# Place of the knuckle (x, y), length of the parts and radius, by LibHand's number of the finger.
FINGERS = {
    1: ((0, 33), (28, 16, 19), 6.5),
    2: ((-2, 11), (34, 22, 22), 7.5),
    3: ((-4, -11), (36, 25, 23), 8),
    4: ((-2, -33), (33, 21, 22), 8),
    5: ((45, -58), (30, 25, 26), 10),
}
_STEP = 2.0
_AROUND = 9  # columns of a half tube
_TURN = (0.0, 0.0, np.sin(np.pi / 4), np.cos(np.pi / 4))  # bones: x across, y towards the tips
_BONES = ["root", "carpals", "metacarpals"]


def write_doll(folder: Path, texture: int = 0) -> Path:
    """Writes mesh and skeleton, and a square texture if wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hand.skeleton").write_bytes(_skeleton())
    (folder / "hand.mesh").write_bytes(_mesh())
    if texture:
        noise = np.random.default_rng(0).integers(90, 200, (texture, texture, 3), np.uint8)
        cv2.imwrite(str(folder / "hand_texture.png"), noise)
    return folder


def bone_names() -> list[str]:
    return _BONES + [f"finger{finger}joint{joint}" for finger in FINGERS for joint in (1, 2, 3)]


def _chunk(kind: int, content: bytes) -> bytes:
    return struct.pack("<HI", kind, len(content) + 6) + content


def _header(text: str) -> bytes:
    return struct.pack("<H", 0x1000) + text.encode() + b"\n"


def _skeleton() -> bytes:
    result = _header("[Serializer_v1.10]")
    still, turned = (0.0, 0.0, 0.0, 1.0), _TURN
    places = [((90.0, 0.0, 0.0), turned), ((0.0, 5.0, 0.0), still), ((0.0, 5.0, 0.0), still)]
    for (x, y), lengths, _ in FINGERS.values():
        places.append(((float(y), 80.0 - x, 0.0), still))  # as the metacarpals see it
        places += [((0.0, float(length), 0.0), still) for length in lengths[:2]]
    for number, (name, (place, turn)) in enumerate(zip(bone_names(), places, strict=True)):
        values = np.array(place) / MILLIMETRES
        content = name.encode() + b"\n" + struct.pack("<H7f", number, *values, *turn)
        result += _chunk(0x2000, content)
    for number, name in enumerate(bone_names()[1:], 1):
        parent = 2 if name.endswith("joint1") else number - 1
        result += _chunk(0x3000, struct.pack("<HH", number, parent))
    return result


def _mesh() -> bytes:
    vertices: list[tuple[float, ...]] = []
    faces: list[tuple[int, int, int]] = []
    for finger, ((x, y), lengths, radius) in FINGERS.items():
        first = 3 + 3 * (finger - 1)
        joints = x - np.cumsum((0, *lengths[:2]))
        stations = np.arange(0, sum(lengths) + 0.1, _STEP)
        from_tip = sum(lengths) - stations
        round_ = np.clip(1 - from_tip / radius, 0, 1)
        radii = radius * np.sqrt(1 - round_**2)
        radii[-1] = 0
        bones = [first + int((at <= joints[1:]).sum()) for at in x - stations]
        _tube(x - stations, y, np.column_stack((radii, radii)), bones, finger, (vertices, faces))
    stations = np.arange(95, -1, -5.0)
    wide = np.tile((42.0, 14.0), (len(stations), 1))
    _tube(stations, 0, wide, [2] * len(stations), 0, (vertices, faces))
    return _written(np.array(vertices), np.array(faces))


def _tube(x: Any, y: float, radii: Any, bones: list[int], place: int, into: Any) -> None:
    """Two half tubes: the palmar one in the texture's upper half, the back in the lower."""
    vertices, faces = into
    for half in (0, 1):
        start = len(vertices)
        angles = np.linspace(0, np.pi, _AROUND) + (0 if half else np.pi)
        for i, at in enumerate(x):
            for j, angle in enumerate(angles):
                across, deep = np.round(radii[i] * (np.cos(angle), np.sin(angle)), 6)
                u = (place + 0.05 + 0.9 * j / (_AROUND - 1)) / 6
                v = 0.5 * half + 0.02 + 0.46 * i / (len(x) - 1)
                vertices.append((at, y + across, deep, u, v, bones[i]))
        for i in range(len(x) - 1):
            for j in range(_AROUND - 1):
                a = start + i * _AROUND + j
                b = a + _AROUND
                faces += [(a, b, a + 1), (b, b + 1, a + 1)]


def _written(vertices: Any, faces: Any) -> bytes:
    table = vertices[:, :5].astype("<f4")
    table[:, :3] /= MILLIMETRES
    elements = b"".join(
        _chunk(0x5110, struct.pack("<5H", 0, *element))
        for element in ((2, 1, 0, 0), (1, 7, 12, 0))  # type, meaning, offset, number
    )
    buffer = struct.pack("<2H", 0, 20) + _chunk(0x5210, table.tobytes())
    geometry = struct.pack("<I", len(table)) + _chunk(0x5100, elements) + _chunk(0x5200, buffer)
    numbers = faces.astype("<u4").tobytes()
    submesh = b"skin\n" + struct.pack("<?I?", True, faces.size, True) + numbers
    assignments = b"".join(
        _chunk(0x7000, struct.pack("<IHf", i, int(bone), 2.0))
        for i, bone in enumerate(vertices[:, 5])
    )
    parts = _chunk(0x5000, geometry) + _chunk(0x4000, submesh) + assignments
    wrong_length = struct.pack("<HI", 0x3000, 12)  # as LibHand's file has it
    return _header("[MeshSerializer_v1.41]") + wrong_length + b"\1" + parts
