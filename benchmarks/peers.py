"""Side by side: VOV's way, the earlier service's, full-frame YOLOv5m, landmarks alone, the limit.

``python -m benchmarks.peers`` measures all of them in one run on the rendered samples and rewrites
its part of ``benchmarks/RESULTS.md``; ``--dry`` prints only. Run it on a quiet machine. Without
detector weights in ``weights/`` a freshly initialised YOLOv5m takes their place: it is as fast, and
what it finds means nothing, so coverages that hang on it are left out.

- *Earlier service*: a 40 x 40 window at each landmark tip, ten calls per photo at 640 pixels with
  test-time augmentation (three sizes, mirrored). Where there are fewer than ten tips, windows take
  turns, so that every photo costs what a photo with two hands did.
- *Full frame*: one call with the whole photo at 640 pixels.
- *Landmarks alone*: one look of MediaPipe at the whole photo, its tips covered.
- *Limit*: the network's arithmetic for VOV's looks at the measured rate of matrix products, and
  OpenCV's JPEG decoder and encoder. The hand models are not in it, so it is too low rather than too
  high.
"""

import argparse
import io
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from types import MappingProxyType
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage import pads_of
from benchmarks.results import put_section
from training import CLASSES
from training.export import to_onnx
from vov_core.detector import PT_MODEL, OnnxEngine, Window, suppress, windows
from vov_core.finder import HAND_MODEL, Finder, place_tips
from vov_core.findings import Box, Hand, Region, Source
from vov_core.geometry import box_polygon
from vov_core.hands import MediaPipeHands, views
from vov_core.images import OutputFormat, read_photo
from vov_core.masks import make_style
from vov_core.masks.regions import inside, scale_region
from vov_core.models import is_available, model, model_bytes
from vov_core.pipeline import DEFAULT_COVERAGE, DEFAULT_QUALITY, Look, Masked, timed, write
from vov_core.select import Edits, Rules, select
from vov_core.yolov5_compat import detection_model, prepare, restored_model

SAMPLES = Path(__file__).parents[1] / "samples"
SIZE, OLD_SIZE, OLD_CALLS, OLD_WINDOW = 256, 640, 10, 40.0
SURE = 0.25
"""Confidence from which the peers cover a find."""
TIPS = (4, 8, 12, 16, 20)
LOOK = Look(style="solid")
"""The cheapest mask for everybody, so that finding is compared and not drawing."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Networks:
    """The models that the ways are made of.

    Attributes:
        torch: The network in PyTorch, as the earlier service ran it.
        onnx: The same in ONNX Runtime, as VOV runs it on a CPU.
        hands: MediaPipe.
        trained: Whether the weights are the trained ones.
    """

    torch: Any
    onnx: OnnxEngine
    hands: MediaPipeHands
    trained: bool


def networks() -> Networks:
    """Loads everything; a fresh network where no trained one is listed."""
    prepare()
    import torch

    trained = is_available(PT_MODEL)
    if trained:
        content = torch.load(io.BytesIO(model_bytes(PT_MODEL)), "cpu", weights_only=True)
    else:
        torch.manual_seed(1)
        fresh = detection_model("yolov5m", classes=CLASSES)
        weights = {name: value.half() for name, value in fresh.state_dict().items()}
        content = {"weights": weights, "description": fresh.yaml, "classes": list(CLASSES)}
    size = int(content.get("size", SIZE))
    hands = MediaPipeHands(model_bytes(HAND_MODEL), model(HAND_MODEL).version)
    network = restored_model(content).fuse().eval()
    return Networks(network, OnnxEngine(to_onnx(content, size)), hands, trained)


class Found(NamedTuple):
    """What one way covers on a photo.

    Attributes:
        regions: To be covered.
        looks: Squares that the network looked at.
        ms: Milliseconds per stage, where a way tells.
    """

    regions: Sequence[Region]
    looks: int
    ms: Mapping[str, float] = MappingProxyType({})


def ours(nets: Networks, pixels: Pixels) -> Found:
    """VOV's way: what safe mode covers."""
    found = Finder(nets.hands, nets.onnx).find("", pixels)
    covered = select(found, Rules(), Edits()).masked
    regions = [scale_region(region, DEFAULT_COVERAGE) for region in covered]
    return Found(regions, 1 + len(found.hands), found.ms)


def first_look(nets: Networks, pixels: Pixels) -> list[Hand]:
    """What MediaPipe sees in one look at the whole photo."""
    height, width = pixels.shape[:2]
    view = next(iter(views(pixels)))
    return [sighting.hand for sighting in nets.hands.look(view, width, height)]


def landmarks(nets: Networks, pixels: Pixels) -> Found:
    """MediaPipe alone."""
    tips, _ = place_tips(first_look(nets, pixels), pixels.shape[1], pixels.shape[0])
    return Found([scale_region(tip, DEFAULT_COVERAGE) for tip in tips], 0)


def earlier(nets: Networks, pixels: Pixels) -> Found:
    """The earlier service's way: windows at tips, ten augmented calls."""
    points = [hand.landmarks[tip] for hand in first_look(nets, pixels) for tip in TIPS]
    squares = [Window(x - OLD_WINDOW / 2, y - OLD_WINDOW / 2, OLD_WINDOW) for x, y in points]
    squares = squares or list(windows(pixels.shape[1], pixels.shape[0], ())[:1])
    boxes: list[Box] = []
    for number, square in enumerate(islice(cycle(squares), OLD_CALLS)):
        found = asked(nets, square, pixels, augment=True)
        if number < len(squares):
            boxes += found
    return Found([as_region(box) for box in boxes], OLD_CALLS)


def full_frame(nets: Networks, pixels: Pixels) -> Found:
    """One call with the whole photo."""
    square = windows(pixels.shape[1], pixels.shape[0], ())[0]
    return Found([as_region(box) for box in asked(nets, square, pixels, augment=False)], 1)


def asked(nets: Networks, square: Window, pixels: Pixels, *, augment: bool) -> list[Box]:
    """The boxes of one call at 640 pixels, in the photo."""
    import torch

    picture = torch.from_numpy(square.cut(pixels, OLD_SIZE)).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        rows = nets.torch(picture, augment=augment)[0][0].numpy()
    found, scores = suppress(rows)
    sure = found[scores[:, 0] >= SURE]
    return [tuple(box) for box in square.to_photo(sure, OLD_SIZE).tolist()]


def as_region(box: Box) -> Region:
    """A box as something that can be covered."""
    width = max(1.0, min(box[2] - box[0], box[3] - box[1]))
    return Region("d", box_polygon(box), width, Source.DETECTOR)


WAYS: dict[str, Callable[[Networks, Pixels], Found]] = {
    "VOV": ours,
    "earlier service": earlier,
    "YOLOv5m, full frame, 640 px": full_frame,
    "MediaPipe landmarks alone": landmarks,
}
UNTRAINED = {"earlier service", "YOLOv5m, full frame, 640 px"}
"""Ways whose coverage means nothing without trained weights."""


@dataclass
class Measured:
    """Milliseconds and shares of covered pads of one way; its stages where it tells them."""

    find: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    hands: list[float] = field(default_factory=list)
    network: list[float] = field(default_factory=list)


def measure(nets: Networks, files: Sequence[Path], rounds: int) -> dict[str, Measured]:
    """Every way on every photo, one after the other, so that what else runs hits all alike."""
    found = {name: Measured() for name in WAYS}
    style = make_style(LOOK.style, softness=LOOK.softness)
    for file in files:
        data = file.read_bytes()
        photo = read_photo(data)
        pads = pads_of(json.loads(file.with_suffix(".json").read_text("utf-8")), photo.pixels.shape)
        for name, way in WAYS.items():
            mine, times, totals, stages = found[name], [], [], []
            for _ in range(rounds):
                start = perf_counter()
                photo = read_photo(data)
                seen, ms = timed(partial(way, nets, photo.pixels))
                covered = style.apply(photo.pixels, seen.regions)
                write(photo, Masked(covered, tuple(seen.regions), 0), LOOK, OutputFormat.JPEG)
                totals.append((perf_counter() - start) * 1000)
                times.append(ms)
                stages.append(seen.ms)
            mine.find.append(median(times))
            mine.total.append(median(totals))
            mine.looks.append(seen.looks)
            mine.hands.append(median(stage.get("hands", 0) for stage in stages))
            mine.network.append(median(stage.get("detector", 0) for stage in stages))
            area = inside(list(seen.regions), photo.pixels.shape)
            mine.shares += [float(area[pad].mean()) for pad in pads]
        print(file.name, {n: round(m.total[-1]) for n, m in found.items()}, flush=True)
    return found


def flops_per_look(network: Any, size: int) -> float:
    """Arithmetic of the network's convolutions for one square: a product and a sum are two."""
    import torch

    total = [0.0]

    def count(layer: Any, _: Any, output: Any) -> None:
        weights = layer.weight
        total[0] += 2.0 * weights[0].numel() * output.numel() / output.shape[0]

    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.inference_mode():
        network(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return total[0]


def gemm_flops() -> float:
    """Floating-point operations per second of this machine's matrix products, at their best."""
    import torch

    side = 1536
    a, b = torch.rand(side, side), torch.rand(side, side)
    times = [timed(lambda: a @ b)[1] for _ in range(8)]
    return 2 * side**3 / (min(times) / 1000)


def jpeg_ms(files: Sequence[Path]) -> float:
    """Mean over the photos of OpenCV's best time to decode one and to encode it again."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, DEFAULT_QUALITY]
    best = []
    for file in files:
        data = np.frombuffer(file.read_bytes(), np.uint8)
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
        decode = min(timed(lambda d=data: cv2.imdecode(d, 1))[1] for _ in range(3))  # type: ignore[misc]
        write_it = partial(cv2.imencode, ".jpg", pixels, quality)
        best.append(decode + min(timed(write_it)[1] for _ in range(3)))
    return mean(best)


def told(nets: Networks, found: dict[str, Measured], files: Sequence[Path]) -> str:
    """The section for RESULTS.md."""
    mine, old = found["VOV"], found["earlier service"]
    flops, rate = flops_per_look(nets.torch, nets.onnx.size), gemm_flops()
    looks = mean(mine.looks)
    arithmetic, jpeg = looks * flops / rate * 1000, jpeg_ms(files)
    rows = [
        "| way | calls or squares | find, ms | bytes to covered bytes, ms | pads covered >= 95 % |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, each in found.items():
        known = nets.trained or name not in UNTRAINED
        share = f"{np.mean(np.array(each.shares) >= 0.95):.1%}" if known else "-"
        rows.append(
            f"| {name} | {mean(each.looks):.1f} | {mean(each.find):.0f} "
            f"| **{mean(each.total):.0f}** | {share} |"
        )
    rows.append(f"| limit | {looks:.1f} | {arithmetic:.0f} | **{arithmetic + jpeg:.0f}** | |")
    kind = "the trained weights" if nets.trained else "freshly initialised weights (speed only)"
    return f"""
`python -m benchmarks.peers` with {kind}, on the {len(files)} rendered samples
({len(mine.shares)} pads), {os.cpu_count()} cores, {platform.machine()}, load
{os.getloadavg()[0]:.1f} on them meanwhile; means over the photos of each one's median.

{chr(10).join(rows)}

VOV is **{mean(old.total) / mean(mine.total):.1f} times** as fast as the earlier service's way
(finding alone: {mean(old.find) / mean(mine.find):.1f} times) and takes
**{mean(mine.total) / (arithmetic + jpeg):.1f} times** the limit: {looks:.1f} squares of
{nets.onnx.size} x {nets.onnx.size} pixels x {flops / 1e9:.1f} GFLOP at {rate / 1e9:.0f} GFLOP/s
of matrix products = {arithmetic:.0f} ms, and {jpeg:.1f} ms for JPEG. One of the earlier service's
calls takes {mean(old.find) / OLD_CALLS:.0f} ms.

{where_time_goes(mine, found["MediaPipe landmarks alone"], arithmetic, jpeg)}
"""


def where_time_goes(mine: Measured, landmarks: Measured, arithmetic: float, jpeg: float) -> str:
    """VOV's stages beside the limit's, and what that leaves of the aim of 1.5 times the limit."""
    total, hands, network = mean(mine.total), mean(mine.hands), mean(mine.network)
    limit, one_look = arithmetic + jpeg, mean(landmarks.find)
    rows = (
        ("finding hands", hands, "not in it"),
        ("the detector", network, f"{arithmetic:.0f}"),
        ("the rest: JPEG both ways, mask, check", total - hands - network, f"{jpeg:.0f}"),
    )
    table = "\n".join(f"| {name} | {ms:.0f} | {bound} |" for name, ms, bound in rows)
    return f"""| VOV's stage | ms | of it in the limit, ms |
|---|---:|---:|
{table}

With everything else at its limit, VOV's hand finding alone leads to
{(limit + hands) / limit:.1f} times the limit, a single look of MediaPipe at the photo to
{(limit + one_look) / limit:.1f} times, and the detector as ONNX Runtime runs it, without any
hands, to {(network + jpeg) / limit:.1f} times: what is above 1.5 there can't be reached with these
models on this machine, whatever the rest of VOV does."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=100, help="at most")
    parser.add_argument("--dry", action="store_true", help="print, keep nothing")
    wanted = parser.parse_args()
    files = sorted(SAMPLES.glob("*.jpg"))[: wanted.photos]
    nets = networks()
    measure(nets, files[:1], 1)  # Warms everything up.
    section = told(nets, measure(nets, files, wanted.rounds), files)
    print(section)
    if not wanted.dry:
        put_section("Side by side", section)


if __name__ == "__main__":
    main()
