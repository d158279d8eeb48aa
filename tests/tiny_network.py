"""Weights that can be made in a second: a tiny untrained network that reports boxes freely."""

import hashlib
import io
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from vov_core.detector import ONNX_MODEL, PT_MODEL

SIZE = 64


@lru_cache
def tiny_network(seed: int = 1) -> dict[str, bytes]:
    """Both kinds of file: ``pt`` and ``onnx``."""
    import torch

    from training import CLASSES
    from training.export import to_onnx
    from vov_core.yolov5_compat import detection_model

    torch.manual_seed(seed)
    model = detection_model("yolov5n", classes=CLASSES)
    with torch.no_grad():
        for layer in model.model[-1].m:
            layer.bias.view(3, -1)[:, 4:] = 1.0
            layer.weight *= 20
    content = {
        "weights": {name: value.half() for name, value in model.state_dict().items()},
        "description": model.yaml,
        "classes": list(CLASSES),
        "size": SIZE,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return {"pt": buffer.getvalue(), "onnx": to_onnx(content, SIZE)}


def write_weights(folder: Path, files: dict[str, bytes], **facts: Any) -> Path:
    """A folder of weights as ``training.export`` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, kind in ((ONNX_MODEL, "onnx"), (PT_MODEL, "pt")):
        if kind in files:
            file = f"{ONNX_MODEL}.{kind}"
            (folder / file).write_bytes(files[kind])
            digest = hashlib.sha256(files[kind]).hexdigest()
            named = {"name": name, "file": file, "sha256": digest, "licence": "-", "origin": "test"}
            entries.append({**named, "classes": ["fingerprint", "nail"], **facts})
    (folder / "manifest.json").write_text(json.dumps({"models": entries}), "utf-8")
    return folder
