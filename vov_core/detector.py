"""The custom YOLOv5m that finds finger tips and tells pads from nails.

One batched call per photo: a square around each hand plus the whole photo, all resampled to the
size the network was trained for. Where no hand is seen, a second call looks at the finds once
more. Two engines give the same answer: ONNX Runtime on a CPU, PyTorch (through the yolov5 package)
on a GPU.
"""

import hashlib
import io
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Detection, Hand
from vov_core.models import WEIGHTS, manifest, model_bytes
from vov_core.scoring import iou

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]

ONNX_MODEL = "fingerprint_yolov5m"
PT_MODEL = "fingerprint_yolov5m_pt"
"""Names of the same weights in the manifest, one per engine."""
EngineName = Literal["onnx", "torch"]
ENGINES: Mapping[EngineName, str] = {"onnx": ONNX_MODEL, "torch": PT_MODEL}

FLOOR = 0.05
"""Scores below this are not reported."""
OVERLAP = 0.5
"""Boxes with a higher intersection over union are one finger tip."""
HAND_CONTEXT = 1.5
"""Side of a hand's square, relative to the longer side of its landmarks' box."""
GREY = 114
"""What lies outside of the photo looks like this to the network."""

LONE_CONTEXT = 3.4
"""Side of the square in which a find without a hand is looked at again, relative to the find."""
LONE_ODDS = 0.02
"""Odds that such a find is a finger tip, relative to the square of its second score's: measured on
901 pictures without hands and 360 close-ups, so that the default confidence lets one false find in
about 50 pictures through."""
LONE_FINDS = 24
"""So many of them are looked at, the best first; the others are dropped."""
SAME_AGAIN = 0.4
"""Boxes of the two looks with a higher intersection over union are the same."""

_CONTAINED = 0.8  # of two views' boxes, the one that lies this much inside the other is its part
_SMALLEST_SIDE = 8.0  # photo pixels; a hand smaller than this has no finger tips to see


class Detector(Protocol):
    """What the finder needs of a fingerprint detector."""

    @property
    def version(self) -> str:
        """First 12 hex digits of the weights' SHA-256."""

    def detect(self, pixels: Pixels, hands: Sequence[Hand]) -> tuple[Detection, ...]:
        """Finds finger tips in a photo (RGB, uint8, (H, W, 3)), best first."""


class Overheard:
    """A detector that remembers its answers: the finder keeps only what it makes of them.

    Attributes:
        found: What it said, photo by photo.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.version = detector.version
        self.found: list[tuple[Detection, ...]] = []

    def detect(self, pixels: Pixels, hands: Sequence[Hand]) -> tuple[Detection, ...]:
        """As :meth:`Detector.detect`."""
        self.found.append(self._detector.detect(pixels, hands))
        return self.found[-1]


@dataclass(frozen=True, slots=True)
class Window:
    """A square of the photo that the network looks at; may reach over the border.

    Attributes:
        x: Left side, photo pixels.
        y: Upper side.
        side: Length of its sides.
    """

    x: float
    y: float
    side: float

    def cut(self, pixels: Pixels, size: int) -> Pixels:
        """The window as a picture of ``size`` x ``size`` pixels."""
        height, width = pixels.shape[:2]
        margin = 2 + int(2 * self.side / size)  # neighbours that the resampling looks at
        x0, y0 = max(0, int(self.x) - margin), max(0, int(self.y) - margin)
        x1 = min(width, int(self.x + self.side) + margin + 1)
        y1 = min(height, int(self.y + self.side) + margin + 1)
        scale = size / self.side
        shift = [-(self.x - x0) * scale, -(self.y - y0) * scale]
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)
        if x0 >= x1 or y0 >= y1:
            return np.full((size, size, 3), GREY, np.uint8)
        return resample(pixels[y0:y1, x0:x1], matrix, (size, size))

    def to_photo(self, boxes: Array, size: int) -> Array:
        """Moves boxes (N, 4) from the window's picture into the photo."""
        corner = np.array([self.x, self.y, self.x, self.y], np.float32)
        return (boxes * np.float32(self.side / size) + corner).astype(np.float32)

    def to_picture(self, boxes: Array, size: int) -> Array:
        """The reverse of :meth:`to_photo`."""
        corner = np.array([self.x, self.y, self.x, self.y], np.float32)
        return ((boxes - corner) * np.float32(size / self.side)).astype(np.float32)


def windows(width: int, height: int, hands: Sequence[Hand]) -> tuple[Window, ...]:
    """Where the network looks: the whole photo first, then one square per hand."""
    side = float(max(width, height))
    squares = [Window((width - side) / 2, (height - side) / 2, side)]
    for hand in hands:
        points = np.array(hand.landmarks, np.float64)
        low, high = points.min(0), points.max(0)
        side = max(_SMALLEST_SIDE, float((high - low).max()) * HAND_CONTEXT)
        x, y = ((low + high - side) / 2).tolist()
        squares.append(Window(x, y, side))
    return tuple(squares)


def resample(pixels: Pixels, matrix: NDArray[Any], size: tuple[int, int]) -> Pixels:
    """Resamples a picture by a 2 x 3 matrix without aliasing.

    Args:
        pixels: uint8 (H, W, 3).
        matrix: From the picture's pixels to the result's; the first pixel's centre is (0.5, 0.5).
        size: Width and height of the result.
    """
    matrix = np.asarray(matrix, np.float64)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    while scale < 0.5 and min(pixels.shape[:2]) > 1:
        height, width = pixels.shape[:2]
        half = width // 2, height // 2
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = matrix @ np.diag([width / half[0], height / half[1], 1.0])
        scale *= 2
    # OpenCV puts the first pixel's centre at (0, 0).
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    result = cv2.warpAffine(
        pixels, centred, size, flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY)
    )
    return np.asarray(result, np.uint8)


def suppress(rows: Array) -> tuple[Array, Array]:
    """Keeps one box per finger tip out of the network's raw answer for one picture.

    Boxes of both classes compete, since a tip shows its pad or its nail: the surviving box carries
    the best score of either class among the boxes that it stands for.

    Args:
        rows: (N, 7) centre x, centre y, width, height, objectness, fingerprint, nail.

    Returns:
        Boxes (K, 4) as x0, y0, x1, y1 and scores (K, 2) for fingerprint and nail; best first.
    """
    scores = rows[:, 4:5] * rows[:, 5:7]
    sure = scores.max(1) >= FLOOR
    half = rows[sure, 2:4] / 2
    boxes = np.concatenate([rows[sure, :2] - half, rows[sure, :2] + half], 1)
    return merge(boxes, scores[sure], contained=1.0)


def merge(boxes: Array, scores: Array, *, contained: float = _CONTAINED) -> tuple[Array, Array]:
    """Greedy non-maximum suppression over both classes; see :func:`suppress`.

    Args:
        boxes: (N, 4) x0, y0, x1, y1.
        scores: (N, 2) fingerprint and nail.
        contained: Boxes also are one tip where more than this part of the smaller lies in the
            larger: a tip that a window's border cuts is a part of the same tip in another window.

    Returns:
        The surviving boxes and scores, the best first.
    """
    order = np.argsort(-scores.max(1), kind="stable")
    boxes, scores = boxes[order], scores[order]
    area = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1)
    alive = np.ones(len(boxes), bool)
    kept, best = [], []
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        low = np.maximum(boxes[i, :2], boxes[:, :2])
        high = np.minimum(boxes[i, 2:], boxes[:, 2:])
        both = (high - low).clip(0).prod(1)
        near = both > OVERLAP * (area[i] + area - both)
        part = both > contained * np.minimum(area[i], area)
        same = alive & (near | part)
        same[i] = True
        alive &= ~same
        kept.append(boxes[i])
        best.append(scores[same].max(0))
    return np.array(kept, np.float32).reshape(-1, 4), np.array(best, np.float32).reshape(-1, 2)


class Engine(ABC):
    """What both engines share: windows in, detections out.

    Attributes:
        version: First 12 hex digits of the weights' SHA-256.
        size: Side of the pictures that the network takes.
    """

    def __init__(self, data: bytes, size: int) -> None:
        self.version = hashlib.sha256(data).hexdigest()[:12]
        self.size = size

    @abstractmethod
    def answer(self, pictures: NDArray[np.uint8]) -> Array:
        """The network's raw answer.

        Args:
            pictures: RGB, uint8, (N, S, S, 3).

        Returns:
            (N, M, 7): centre x, centre y, width, height in pixels; objectness; fingerprint; nail.
        """

    def detect(self, pixels: Pixels, hands: Sequence[Hand]) -> tuple[Detection, ...]:
        """Finds finger tips in a photo.

        Args:
            pixels: RGB, uint8, (H, W, 3).
            hands: Hands found by the landmarker; each gets a closer look.

        Returns:
            One detection per finger tip, best first, in pixels of the photo.
        """
        height, width = pixels.shape[:2]
        seen = self._look(pixels, windows(width, height, hands))
        merged, scores = merge(*(np.concatenate(parts) for parts in zip(*seen, strict=True)))
        if not hands and len(merged):
            merged, scores = self._look_again(pixels, merged[:LONE_FINDS])
        inside = merged.clip(0, [width, height, width, height])
        return tuple(
            Detection((x0, y0, x1, y1), pad, nail)
            for (x0, y0, x1, y1), (pad, nail) in zip(inside.tolist(), scores.tolist(), strict=True)
            if x1 > x0 and y1 > y0
        )

    def _look(self, pixels: Pixels, squares: Sequence[Window]) -> list[tuple[Array, Array]]:
        """Boxes (K, 4) in the photo and scores (K, 2) found in each square."""
        rows = self.answer(np.stack([square.cut(pixels, self.size) for square in squares]))
        seen = [suppress(row) for row in rows]
        return [
            (square.to_photo(boxes, self.size), scores)
            for square, (boxes, scores) in zip(squares, seen, strict=True)
        ]

    def _look_again(self, pixels: Pixels, boxes: Array) -> tuple[Array, Array]:
        """Looks at finds that no hand speaks for once more, each in a square of its own.

        A finger tip looks like one at any size; a coin, a knee or a curtain's fold seldom does. The
        second look's scores count, and where they say nothing the find is dropped.
        """
        seen = self._look(pixels, [_around(*box) for box in boxes.tolist()])
        chances = np.stack([_same_tip(box, *s) for box, s in zip(boxes, seen, strict=True)])
        chances /= np.maximum(1, chances.sum(1, keepdims=True))
        total = chances.sum(1, keepdims=True)
        chances *= LONE_ODDS * total / (LONE_ODDS * total**2 + (1 - total) ** 2)
        order = np.argsort(-chances.max(1), kind="stable")
        kept = order[chances[order].max(1) >= FLOOR]
        return boxes[kept], chances[kept]


def _around(x0: float, y0: float, x1: float, y1: float) -> Window:
    side = max(x1 - x0, y1 - y0) * LONE_CONTEXT
    return Window((x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side)


def _same_tip(box: Array, boxes: Array, scores: Array) -> Array:
    """The best scores (2,) of boxes (N, 4) that are the same finger tip; zeros if none is."""
    same = scores[iou(box[None], boxes)[0] > SAME_AGAIN]
    return same.max(0) if len(same) else np.zeros(2, np.float32)


class OnnxEngine(Engine):
    """ONNX Runtime on the CPU. May be called from several threads at once.

    Args:
        data: The ``.onnx`` file.
        threads: Threads per call; 0 takes all cores.
    """

    def __init__(self, data: bytes, threads: int = 0) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Idle threads of the pool must not burn the cores that the masks need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0]
        super().__init__(data, int(self._input.shape[2]))

    def answer(self, pictures: NDArray[np.uint8]) -> Array:
        """See :meth:`Engine.answer`."""
        batch = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        rows: Array = self._session.run(None, {self._input.name: batch})[0]
        return rows


class TorchEngine(Engine):
    """PyTorch through the yolov5 package, on a GPU where there is one.

    Attributes:
        network: The ``yolov5.models.yolo.DetectionModel``.

    Args:
        data: The ``.pt`` file written by ``training.export``.
        device: ``cuda`` or ``cpu``.
    """

    def __init__(self, data: bytes, device: str = "cpu") -> None:
        import torch

        from vov_core.yolov5_compat import restored_model

        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        self._torch, self._device = torch, device
        self.network = restored_model(content).fuse().eval().to(device)
        self._lock = threading.Lock()  # yolov5 keeps its grids in the model between calls
        super().__init__(data, int(content["size"]))

    def answer(self, pictures: NDArray[np.uint8]) -> Array:
        """See :meth:`Engine.answer`."""
        torch = self._torch
        batch = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2).float() / 255
        with self._lock, torch.inference_mode():
            rows: Array = self.network(batch)[0].float().cpu().numpy()
        return rows


def load_detector(
    engine: Literal["auto", "onnx", "torch"] = "auto", folder: Path = WEIGHTS, threads: int = 0
) -> Engine | None:
    """The detector with the weights that the manifest lists, or None where it lists none.

    Args:
        engine: ``auto`` takes PyTorch where CUDA can be used, ONNX Runtime elsewhere.
        folder: Folder of weights with its manifest.
        threads: Of ONNX Runtime; 0 takes all cores.

    Raises:
        ModelMissingError: A listed file is not there.
        ModelAlteredError: A file's SHA-256 is not the manifest's.
    """
    listed = {model.name for model in manifest(folder)}
    if engine == "auto":
        engine = "torch" if PT_MODEL in listed and _has_cuda() else "onnx"
    name = PT_MODEL if engine == "torch" else ONNX_MODEL
    if name not in listed:
        return None
    data = model_bytes(name, folder)
    if engine == "onnx":
        return OnnxEngine(data, threads)
    return TorchEngine(data, "cuda" if _has_cuda() else "cpu")


def _has_cuda() -> bool:
    # Asking torch costs seconds of import, so only ask where there is a driver at all.
    if shutil.which("nvidia-smi") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())
