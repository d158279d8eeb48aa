"""Makes a trained narrow network wider without changing its answers.

``python -m training.grow NARROW/best.pt --out START.pt`` triples the channels of a network that was
trained with a third of yolov5m's width: eight times cheaper to train, so that a machine without a
GPU has most of the learning behind it when the full network starts. Every channel is copied and
every weight that reads it is split between the copies in random shares; the sums stay the same, and
the unequal shares let the copies learn different things (Chen, Goodfellow, Shlens: Net2Net, 2016).
"""

import argparse
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Channels = NDArray[np.intp]
"""For every channel of the wide network the one of the narrow network that it copies."""

_SPREAD = (0.5, 1.5)  # of the shares that copies get, before they are made to sum up to one


def widen(content: Mapping[str, Any], factor: int, seed: int = 0) -> dict[str, Any]:
    """A network ``factor`` times as wide that gives the same answers.

    Args:
        content: What ``training.train`` wrote about the narrow network.
        factor: How many copies of each channel.
        seed: Of the random shares.

    Returns:
        The same about the wide network.

    Raises:
        ValueError: A width of the description is no multiple after rounding.
    """
    from vov_core.yolov5_compat import restored_model

    narrow = restored_model(content)
    description = deepcopy(dict(content["description"]))
    description["width_multiple"] *= factor
    weights = _Widening(narrow.state_dict(), factor, seed).network(narrow)
    wide = {name: value.half() for name, value in weights.items()}
    return {**content, "weights": wide, "description": description}


class _Widening:
    """Walks through a yolov5 network and writes the wide network's weights."""

    def __init__(self, weights: Mapping[str, Any], factor: int, seed: int) -> None:
        self.old, self.new = weights, dict(weights)
        self.factor, self.rng = factor, np.random.default_rng(seed)

    def network(self, model: Any) -> dict[str, Any]:
        outputs: list[Channels] = []
        for layer in model.model:
            sources = [layer.f] if isinstance(layer.f, int) else layer.f
            colours = np.arange(3, dtype=np.intp)
            inputs = [outputs[i] if outputs else colours for i in sources]
            outputs.append(self._layer(f"model.{layer.i}", layer, inputs))
        return self.new

    def _layer(self, name: str, layer: Any, inputs: list[Channels]) -> Channels:
        match type(layer).__name__:
            case "Conv":
                return self._conv(name, inputs[0])
            case "C3":
                return self._c3(name, layer, inputs[0])
            case "SPPF":
                pooled = self._conv(f"{name}.cv1", inputs[0])
                return self._conv(f"{name}.cv2", _side_by_side([pooled] * 4))
            case "Upsample":
                return inputs[0]
            case "Concat":
                return _side_by_side(inputs)
            case "Detect":
                for i, channels in enumerate(inputs):
                    self._read(f"{name}.m.{i}.weight", channels, copies=1)
                return inputs[0]
            case other:
                raise ValueError(f"{name}: {other} can't be widened")

    def _c3(self, name: str, layer: Any, channels: Channels) -> Channels:
        through, past = (self._conv(f"{name}.{part}", channels) for part in ("cv1", "cv2"))
        for i in range(len(layer.m)):
            inner = self._conv(f"{name}.m.{i}.cv1", through)
            through = self._conv(f"{name}.m.{i}.cv2", inner)
        return self._conv(f"{name}.cv3", _side_by_side([through, past]))

    def _conv(self, name: str, channels: Channels) -> Channels:
        copied = self._read(f"{name}.conv.weight", channels, self.factor)
        for part in ("weight", "bias", "running_mean", "running_var"):
            self.new[f"{name}.bn.{part}"] = self.old[f"{name}.bn.{part}"][copied]
        return copied

    def _read(self, name: str, channels: Channels, copies: int) -> Channels:
        """Writes a convolution's weights; returns the channels that its outputs copy."""
        import torch

        kernel = self.old[name]
        copied = np.tile(np.arange(kernel.shape[0], dtype=np.intp), copies)
        shares = self.rng.uniform(*_SPREAD, (len(copied), len(channels)))
        total = np.zeros((len(copied), kernel.shape[1]))
        for i, channel in enumerate(channels):
            total[:, channel] += shares[:, i]
        shares /= total[:, channels]
        split = torch.from_numpy(shares).float()[:, :, None, None]
        self.new[name] = kernel[copied][:, channels] * split
        return copied


def _side_by_side(parts: list[Channels]) -> Channels:
    """The channels of concatenated layers."""
    ends = np.cumsum([0, *(int(part.max()) + 1 for part in parts)])
    return np.concatenate([part + start for part, start in zip(parts, ends, strict=False)])


def main() -> None:
    """Command line."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m training.grow", description=__doc__)
    parser.add_argument("weights", type=Path, help="best.pt of a narrow run")
    parser.add_argument("--out", type=Path, required=True, help="where the wide weights go")
    parser.add_argument("--factor", type=int, default=3)
    options = parser.parse_args()
    content = torch.load(options.weights, map_location="cpu", weights_only=True)
    torch.save(widen(content, options.factor), options.out)


if __name__ == "__main__":
    main()
