"""Tries 8-bit weights: ``python -m training.quantise weights/NAME.onnx --pictures DIR --out FILE``.

Static quantisation by ONNX Runtime, calibrated on looks at the given photos (training photos, never
those that scores come from). Whether the result is worth keeping is decided by
``training.evaluate`` and a stop-watch: it must lose less than 0.005 of average precision and be
faster.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from vov_core.detector import windows
from vov_core.hands import MediaPipeHands
from vov_core.models import model, model_bytes


class Looks(CalibrationDataReader):  # type: ignore[misc]
    """What the detector sees of some photos: each whole, and each of its hands."""

    def __init__(self, pictures: Sequence[Path], size: int, name: str) -> None:
        entry = model("hand_landmarker")
        self._hands = MediaPipeHands(model_bytes(entry.name), entry.version)
        self._looks = self._cut(pictures, size)
        self._name = name

    def _cut(self, pictures: Sequence[Path], size: int) -> Iterator[NDArray[np.float32]]:
        for path in pictures:
            pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            hands = self._hands.find(pixels)
            for window in windows(pixels.shape[1], pixels.shape[0], hands):
                cut = window.cut(pixels, size).transpose(2, 0, 1)[None]
                yield cut.astype(np.float32) / np.float32(255)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next look, or None when there are no more."""
        look = next(self._looks, None)
        return None if look is None else {self._name: look}


def quantise(weights: Path, pictures: Sequence[Path], out: Path) -> None:
    """Writes an 8-bit copy. The last layer's decoding stays in full precision.

    Args:
        weights: The ``.onnx`` file that ``training.export`` wrote.
        pictures: For calibration.
        out: Where the copy goes.
    """
    network = onnx.load(weights)
    source = network.graph.input[0]
    convolutions = [node.name for node in network.graph.node if node.op_type == "Conv"]
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(weights), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(out),
            Looks(pictures, source.type.tensor_type.shape.dim[2].dim_value, source.name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=convolutions,
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.quantise", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, help="photos to calibrate on")
    parser.add_argument("--number", type=int, default=60, help="of photos")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    pictures = sorted(options.pictures.glob("*.jpg"))
    step = max(1, len(pictures) // options.number)
    quantise(options.weights, pictures[::step], options.out)


if __name__ == "__main__":
    main()
