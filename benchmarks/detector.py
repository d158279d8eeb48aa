"""Speed of the fingerprint detector against the earlier service's way of asking its own.

``python -m benchmarks.detector`` measures and rewrites its part of ``benchmarks/RESULTS.md``. The
earlier service asked its network ten times per photo, each time at 640 pixels with test-time
augmentation (three sizes, mirrored): the same is done here with our weights.
"""

import argparse
import platform
import statistics
from collections.abc import Callable
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from benchmarks.results import put_section
from benchmarks.scenes import scene
from vov_core.detector import ONNX_MODEL, PT_MODEL, OnnxEngine, TorchEngine
from vov_core.finder import open_finder
from vov_core.models import is_available, model_bytes
from vov_core.pipeline import timed
from vov_core.yolov5_compat import prepare

_OLD_CALLS = 10
_OLD_SIZE = 640
_ROUNDS = 7
_OLD_ROUNDS = 2


def median_ms(call: Callable[[], object], rounds: int) -> float:
    """Median milliseconds of a call; one more goes first to warm up."""
    call()
    return statistics.median(timed(call)[1] for _ in range(rounds))


def earlier_way(engine: TorchEngine, pixels: NDArray[np.uint8]) -> None:
    """Ten calls at 640 pixels with test-time augmentation."""
    prepare()
    import cv2
    import torch

    small = cv2.resize(pixels, (_OLD_SIZE, _OLD_SIZE), interpolation=cv2.INTER_AREA)
    batch = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        for _ in range(_OLD_CALLS):
            engine.network(batch, augment=True)


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if not is_available(ONNX_MODEL):
        raise SystemExit("no detector weights are listed in weights/manifest.json")
    onnx, torch = OnnxEngine(model_bytes(ONNX_MODEL)), TorchEngine(model_bytes(PT_MODEL))
    rows = []
    for hands in (0, 1, 2, 6):
        pixels = scene(2, hands)
        found = open_finder().find("", pixels).hands
        times = [
            median_ms(lambda e=engine, p=pixels, f=found: e.detect(p, f), _ROUNDS)  # type: ignore[misc]
            for engine in (onnx, torch)
        ]
        rows.append(f"| {hands} | {1 + len(found)} | {times[0]:.0f} | {times[1]:.0f} |")
        if hands == 2:
            ours, pixels_of_two = times[0], pixels
    old = median_ms(lambda: earlier_way(torch, pixels_of_two), _OLD_ROUNDS)
    body = f"""
`python -m benchmarks.detector`: one photo of 2 MP at {onnx.size} x {onnx.size} pixels per look,
the whole photo and one look per hand in one call; median of {_ROUNDS}, {cpu_count()} cores,
{platform.machine()}.

| hands | looks | ONNX Runtime, ms | PyTorch, ms |
|---:|---:|---:|---:|
{chr(10).join(rows)}

The earlier service's way ({_OLD_CALLS} calls at {_OLD_SIZE} pixels with test-time augmentation)
takes {old / 1000:.1f} s with the same weights: {old / ours:.0f} times as long as one photo with
two hands.
"""
    put_section("The fingerprint detector", body)
    print(body)


if __name__ == "__main__":
    main()
