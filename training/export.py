"""Turns trained weights into what the app loads: ``python -m training.export RUN/best.pt``.

Writes ``NAME.onnx`` and ``NAME.pt`` (both half-precision storage, computed in single precision),
proves that they agree, and adds them to the manifest of the folder.
"""

import argparse
import hashlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training import CLASSES
from vov_core.detector import (
    FLOOR,
    ONNX_MODEL,
    PT_MODEL,
    Engine,
    OnnxEngine,
    TorchEngine,
    windows,
)
from vov_core.models import MANIFEST
from vov_core.yolov5_compat import restored_model

LARGEST_FILE = 45_000_000
"""Bytes that a weights file may have, for the repository's sake."""
BOX_TOLERANCE = 1.0
"""Pixels that the engines' boxes may differ."""
SCORE_TOLERANCE = 0.01
"""What the engines' scores may differ."""

_OPSET = 17
_WORTH_HALVING = 64  # values; smaller tensors (shapes, scales) stay as they are


class ExportError(Exception):
    """The exported files are too large, or do not agree with the trained weights."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest differences between two engines' answers on the same pictures.

    Attributes:
        boxes: Pixels.
        scores: 0..1.
        compared: Number of boxes compared.
    """

    boxes: float
    scores: float
    compared: int


def to_onnx(content: Mapping[str, Any], size: int) -> bytes:
    """The network as an ONNX file with a dynamic number of pictures.

    Args:
        content: What ``training.train`` wrote.
        size: Side of the pictures that it will take.
    """
    model = restored_model(content).fuse().eval()
    model.model[-1].export = True  # yolov5's switch: rows only, without the layers' raw answers
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The older exporter needs no further package, and yolov5 was written for it.
        warnings.simplefilter("ignore")
        _trace(model, size, file)
    network = onnx.load_from_string(file.getvalue())
    halve(network)
    onnx.checker.check_model(network)
    return network.SerializeToString()


def _trace(model: Any, size: int, file: io.BytesIO) -> None:
    import torch

    torch.onnx.export(
        model,
        (torch.zeros(2, 3, size, size),),
        file,  # type: ignore[arg-type]
        input_names=["pictures"],
        output_names=["rows"],
        dynamic_axes={"pictures": {0: "n"}, "rows": {0: "n"}},
        opset_version=_OPSET,
        dynamo=False,
    )


def halve(network: onnx.ModelProto) -> None:
    """Stores a network's weights in half precision; a cast in front of each use restores them.

    ONNX Runtime folds the casts when it loads the file, so the network computes in single
    precision, as fast and (but for the rounding) as exact as before.
    """
    graph, casts = network.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < _WORTH_HALVING:
            continue
        name = tensor.name
        stored = f"{name}_half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def parity(one: Engine, other: Engine, pictures: NDArray[np.uint8]) -> Parity:
    """Compares two engines' answers to the same pictures (N, S, S, 3), before suppression.

    All scores are compared, and the boxes of all rows that could be reported, as far as they lie in
    the picture: beyond its border nothing is covered.
    """
    side = pictures.shape[1]
    a, b = one.answer(pictures), other.answer(pictures)
    score_a, score_b = a[..., 4:5] * a[..., 5:], b[..., 4:5] * b[..., 5:]
    shown = np.maximum(score_a, score_b).max(-1) >= FLOOR
    return Parity(
        float(np.abs(_edges(a[shown], side) - _edges(b[shown], side)).max(initial=0)),
        float(np.abs(score_a - score_b).max(initial=0)),
        int(shown.sum()),
    )


def _edges(rows: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Boxes x0, y0, x1, y1 of rows (centre, size), cut at the picture's border."""
    middle, half = rows[:, :2], rows[:, 2:4] / 2
    return np.concatenate([middle - half, middle + half], axis=1).clip(0, side)


def export(weights: Path, out: Path, size: int | None, pictures: Sequence[Path]) -> Parity:
    """Writes both files and proves that they agree on the pictures.

    Raises:
        ExportError: If they don't, or are too large.
    """
    import torch

    content = torch.load(weights, map_location="cpu", weights_only=True)
    content["size"] = size or content["size"]
    buffer = io.BytesIO()
    torch.save(content, buffer)
    files = {"pt": buffer.getvalue(), "onnx": to_onnx(content, content["size"])}
    for kind, data in files.items():
        if len(data) > LARGEST_FILE:
            raise ExportError(f"{kind}: {len(data)} bytes, at most {LARGEST_FILE}")
    shown = np.stack([_whole(path, content["size"]) for path in pictures])
    found = parity(OnnxEngine(files["onnx"]), TorchEngine(files["pt"]), shown)
    if not (found.boxes <= BOX_TOLERANCE and found.scores <= SCORE_TOLERANCE):  # or not a number
        raise ExportError(f"the engines disagree: {found}")
    out.mkdir(parents=True, exist_ok=True)
    for kind, data in files.items():
        (out / f"{ONNX_MODEL}.{kind}").write_bytes(data)
    return found


def list_in_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Adds both files to the folder's manifest, or replaces their entries."""
    path = folder / MANIFEST
    content = json.loads(path.read_text("utf-8")) if path.is_file() else {"models": []}
    names = {ONNX_MODEL: f"{ONNX_MODEL}.onnx", PT_MODEL: f"{ONNX_MODEL}.pt"}
    content["models"] = [entry for entry in content["models"] if entry["name"] not in names]
    for name, file in names.items():
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        content["models"].append({"name": name, "file": file, "sha256": digest, **facts})
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _whole(path: Path, size: int) -> NDArray[np.uint8]:
    pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return windows(pixels.shape[1], pixels.shape[0], ())[0].cut(pixels, size)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("weights", type=Path, help="best.pt of a run")
    parser.add_argument("--out", type=Path, default=Path("weights"))
    parser.add_argument("--size", type=int, help="input size; the last training size if not given")
    parser.add_argument("--pictures", type=Path, default=Path("samples"), help="for the proof")
    parser.add_argument("--scores", type=Path, help="what training.evaluate wrote (--json)")
    parser.add_argument("--origin", default="training/, see weights/README.md")
    options = parser.parse_args()
    pictures = sorted(options.pictures.glob("*.jpg"))
    print(export(options.weights, options.out, options.size, pictures))
    scores = json.loads(options.scores.read_text("utf-8")) if options.scores else {}
    facts = {
        "licence": "AGPL-3.0-or-later",
        "origin": options.origin,
        "classes": list(CLASSES),
        "scores": scores,
    }
    list_in_manifest(options.out, facts)


if __name__ == "__main__":
    main()
