"""Trains the detector: ``python -m training.train --data VIEWS --out RUN --minutes 100``.

The schedule is a share of a time budget, not a number of epochs, so it ends with a decayed
learning rate on a laptop and on a GPU alike: pictures grow from stage to stage, the learning rate
warms up and falls along a cosine. A run that was stopped goes on where it was.
"""

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training import CLASSES
from training.augment import Sample, look, paste, plain
from training.build import Picture
from training.labels import LabelledPhoto, Shape, read
from vov_core.detector import suppress
from vov_core.scoring import Looked, average_precision, precision_recall
from vov_core.yolov5_compat import detection_model, prepare

# Pixels at the training sizes: tips on hand crops (10-40) and close-ups (60-200).
ANCHORS = (
    (9, 11, 14, 14, 21, 19),
    (26, 33, 40, 40, 56, 52),
    (80, 92, 130, 130, 190, 200),
)
# Weights of the loss. Pad against nail is the question that counts, so the class weighs more than
# in yolov5's setting for 80 classes.
LOSS = {
    "box": 0.1,
    "cls": 0.1,
    "obj": 0.2,
    "cls_pw": 1.0,
    "obj_pw": 1.0,
    "anchor_t": 4.0,
    "fl_gamma": 0.0,
    "label_smoothing": 0.02,
}
# How often each kind of view is looked at. Hands get less than their number would give them: there
# the landmarks help, while all that is found elsewhere rests on the detector alone.
SHARES = {"hand": 0.4, "whole": 0.26, "close": 0.14, "empty": 0.2}
_PASTING = 0.3  # part of the empty views that get pads of a close-up
# The detector's crop of a hand out of a hand's view; a close-up as a photo of one finger.
_SCORED_ZOOM = {"hand": 2.2 / 1.5, "close": 1.5}
_SETTLING = 192  # pictures from which batch statistics are measured
_SILENT = -20.0  # objectness before the sigmoid that costs nothing where nothing is said


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides how a run goes; kept with its checkpoint.

    Attributes:
        model: yolov5's description, ``yolov5m``.
        width: Channels relative to yolov5l's, if not the description's own; see training.grow.
        minutes: Time budget of the whole run, over all its resumptions.
        sizes: Picture sizes, one per stage, multiples of 32.
        shares: Share of the budget per stage.
        batch: Pictures per step.
        epoch: Pictures per epoch (an epoch ends with scores and a checkpoint).
        rate: Highest learning rate.
        freeze: Part of the budget after which batch statistics stay as they are. A feature that is
            rare has tiny statistics: batches hide it, and a single photo that has it then lights
            up the whole network. Training on under fixed statistics cures that.
        seed: Of all chance.
    """

    model: str = "yolov5m"
    width: float | None = None
    minutes: float = 100
    sizes: tuple[int, ...] = (128, 192, 256)
    shares: tuple[float, ...] = (0.45, 0.35, 0.2)
    batch: int = 16
    epoch: int = 1600
    rate: float = 1.5e-3
    freeze: float = 0.6
    seed: int = 0

    def size(self, progress: float) -> int:
        """Picture size at this part (0..1) of the budget."""
        end = 0.0
        for size, share in zip(self.sizes, self.shares, strict=True):
            end += share
            if progress < end:
                return size
        return self.sizes[-1]

    def learning_rate(self, progress: float) -> float:
        """Linear warm-up over 3 % of the budget, then a cosine down to 1 % of the highest."""
        warm = min(1.0, (progress + 1e-3) / 0.03)
        return self.rate * warm * (0.01 + 0.99 * (1 + cos(pi * min(1.0, progress))) / 2)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A view in memory."""

    kind: str
    pixels: Picture
    shapes: tuple[Shape, ...]


def load(photo: LabelledPhoto) -> Loaded:
    """Decodes a view; its kind is the first part of the file's name."""
    return Loaded(photo.path.stem.split("_")[0], cv2.imread(str(photo.path)), photo.shapes)


class Trainer:
    """One run in one folder: ``last.pt``, ``best.pt``, ``results.csv``, ``plan.json``."""

    def __init__(
        self, data: Path, out: Path, plan: Plan, device: str = "cpu", start: Path | None = None
    ) -> None:
        prepare()
        import torch
        from yolov5.utils.loss import ComputeLoss
        from yolov5.utils.torch_utils import ModelEMA, smart_optimizer

        torch.manual_seed(plan.seed)
        self.torch, self.out, self.plan, self.device = torch, out, plan, device
        self.rng = np.random.default_rng(plan.seed)
        photos = read(data)
        self.train = [load(photo) for photo in photos if photo.split == "train"]
        self.close = [view for view in self.train if view.kind == "close"]
        self.dev = [load(photo) for photo in photos if photo.split == "dev"]
        model = detection_model(plan.model, classes=CLASSES, anchors=ANCHORS, width=plan.width)
        if start is not None:
            model.load_state_dict(torch.load(start, weights_only=True)["weights"])
        model.hyp = LOSS
        for norm in self._norms(model):
            norm.momentum = 0.1  # yolov5's 0.03 lags behind in short runs
        self.model = model.to(device, memory_format=torch.channels_last)
        self.loss = ComputeLoss(self.model)
        # Objectness aims at the mean of 1 and the box's fit: from scratch the fit starts near 0.
        self.loss.gr = 0.5
        self.optimizer = smart_optimizer(self.model, "AdamW", plan.rate, 0.9, 0.01)
        self.ema = ModelEMA(self.model, decay=0.9985, tau=300)
        self.elapsed, self.epoch, self.best, self.frozen = 0.0, 0, -1.0, False
        kinds = Counter(view.kind for view in self.train)
        chances = np.array([SHARES.get(v.kind, 0.5) / kinds[v.kind] for v in self.train])
        self.chances = chances / chances.sum()
        out.mkdir(parents=True, exist_ok=True)
        (out / "plan.json").write_text(json.dumps(asdict(plan), indent=1), "utf-8")

    @property
    def progress(self) -> float:
        """The part of the budget that is used up, 0..1."""
        return self.elapsed / (60 * self.plan.minutes)

    def run(self) -> None:
        """Trains until the budget is used up; goes on from ``last.pt`` if there is one."""
        if (self.out / "last.pt").is_file():
            self._resume()
        self._clock = time.monotonic() - self.elapsed
        while self.progress < 1:
            losses = self._one_epoch()
            self.epoch += 1
            self._keep(losses)

    def _one_epoch(self) -> list[float]:
        """Trains on one epoch's pictures; returns their size and the mean losses."""
        self.rng = np.random.default_rng([self.plan.seed, self.epoch])
        size = self.plan.size(self.progress)
        total, done = np.zeros(3), 0
        if self.progress >= self.plan.freeze and not self.frozen:
            self._freeze(size)
        self.model.train()
        if self.frozen:
            for norm in self._norms(self.model):
                norm.eval()
        for batch in self._batches(size, max(1, self.plan.epoch // self.plan.batch)):
            total += self._step(batch)
            done += 1
            self.elapsed = time.monotonic() - self._clock
            if self.progress >= 1 or self.plan.size(self.progress) != size:
                break
        return [size, *(total / done).tolist()]

    def _batches(self, size: int, steps: int) -> Iterator[list[Sample]]:
        """Prepares the next batch while the network works on this one."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self._batch, size)
            for _ in range(steps):
                ready, coming = coming.result(), pool.submit(self._batch, size)
                yield ready

    def _batch(self, size: int) -> list[Sample]:
        picked = self.rng.choice(len(self.train), self.plan.batch, p=self.chances)
        return [self._look(self.train[i], size) for i in picked]

    def _look(self, view: Loaded, size: int) -> Sample:
        pixels, shapes = view.pixels, view.shapes
        if view.kind == "empty" and self.close and self.rng.random() < _PASTING:
            donor = self.close[int(self.rng.integers(len(self.close)))]
            pixels, shapes = paste(pixels, donor.pixels, donor.shapes, self.rng)
        return look(pixels, shapes, view.kind, size, self.rng)

    def _step(self, batch: Sequence[Sample]) -> Any:
        """One step of the optimizer; returns the box, objectness and class losses."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate(self.progress)
        targets = [np.insert(sample.targets, 0, i, 1) for i, sample in enumerate(batch)]
        unclear = self.torch.from_numpy(np.stack([sample.unclear for sample in batch]))
        answers = self._silence(self.model(self._input(batch)), unclear.to(self.device))
        truth = self.torch.from_numpy(np.concatenate(targets)).to(self.device)
        loss, parts = self.loss(answers, truth)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.ema.update(self.model)
        return parts.cpu().numpy()

    def _input(self, batch: Sequence[Sample]) -> Any:
        pixels = self.torch.from_numpy(np.stack([sample.pixels for sample in batch]))
        # A permuted (N, H, W, 3) already is channels-last, which is what CPUs convolve fastest.
        return pixels.to(self.device).permute(0, 3, 1, 2).float() / 255

    def _silence(self, answers: Sequence[Any], unclear: Any) -> list[Any]:
        """Takes the objectness of unclear areas out of the loss.

        A constant, very low answer there costs nothing and sends nothing back.
        """
        result = []
        size = unclear.shape[1]
        for answer in answers:
            step = size // answer.shape[2]
            mask = unclear[:, step // 2 :: step, step // 2 :: step][:, None, :, :, None]
            place = self.torch.arange(answer.shape[4], device=answer.device) == 4
            result.append(self.torch.where(mask & place, _SILENT, answer))
        return result

    def _norms(self, model: Any) -> list[Any]:
        return [m for m in model.modules() if isinstance(m, self.torch.nn.BatchNorm2d)]

    def _settle(self, size: int, pictures: int = _SETTLING) -> Any:
        """Measures the averaged weights' batch statistics anew and returns the settled network.

        The mean of many steps' weights has none of these steps' statistics, and while weights move
        fast the difference drowns what the network has learned.
        """
        model = self.ema.ema.train()
        for norm in self._norms(model):
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all that follows
        with self.torch.no_grad():
            for batch in self._batches(size, max(1, pictures // self.plan.batch)):
                model(self._input(batch))
        return model.eval()

    def _freeze(self, size: int) -> None:
        """Goes on from the averaged weights with their batch statistics, which stay from now on."""
        settled = self._settle(size, 2 * _SETTLING)
        self.model.load_state_dict(settled.state_dict())
        self.frozen, self.best = True, -1.0

    def score(self, size: int) -> dict[str, float]:
        """AP and recall of the averaged weights on the dev views at this picture size."""
        looks = []
        model = self.ema.ema.eval() if self.frozen else self._settle(size)
        # Small pictures of whole photos show no fingers; hands and close-ups are what counts here.
        shown = [view for view in self.dev if view.kind != "whole"]
        for start in range(0, len(shown), self.plan.batch):
            part = [
                plain(v.pixels, v.shapes, _SCORED_ZOOM.get(v.kind, 1.0), size)
                for v in shown[start : start + self.plan.batch]
            ]
            with self.torch.inference_mode():
                rows = model(self._input(part))[0].float().cpu().numpy()
            looks += [looked(sample, answer) for sample, answer in zip(part, rows, strict=True)]
        aps = [average_precision(looks, threshold) for threshold in (0.5, 0.75)]
        return {
            "AP50": aps[0],
            "AP75": aps[1],
            "recall": precision_recall(looks, 0.25)[1],
            "precision": precision_recall(looks, 0.25)[0],
        }

    def _keep(self, losses: Sequence[float]) -> None:
        """Writes scores, the checkpoint and, if they are the best so far, the weights."""
        size = int(losses[0])
        scores = self.score(size)
        row = {
            "epoch": self.epoch,
            "size": size,
            "minutes": round(self.elapsed / 60, 1),
            "rate": self.plan.learning_rate(self.progress),
            **dict(zip(("box", "objectness", "class"), losses[1:], strict=True)),
            **scores,
        }
        print(" ".join(f"{k}={v:.4g}" for k, v in row.items()), flush=True)
        results = self.out / "results.csv"
        new = not results.is_file()
        with results.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)
        # The last stages see the most detail: a tie goes to the later weights.
        if scores["AP50"] >= self.best:
            self.best = scores["AP50"]
            save_weights(self.ema.ema, self.out / "best.pt", size, row)
        self._checkpoint()
        self.elapsed = time.monotonic() - self._clock

    def _checkpoint(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema.ema.state_dict(),
            "updates": self.ema.updates,
            "optimizer": self.optimizer.state_dict(),
            "elapsed": self.elapsed,
            "epoch": self.epoch,
            "best": self.best,
            "frozen": self.frozen,
        }
        part = self.out / "last.part"
        self.torch.save(state, part)
        part.replace(self.out / "last.pt")

    def _resume(self) -> None:
        state = self.torch.load(
            self.out / "last.pt", map_location=self.device, weights_only=True, mmap=True
        )
        self.model.load_state_dict(state["model"])
        self.ema.ema.load_state_dict(state["ema"])
        self.ema.updates = state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.elapsed, self.epoch, self.best = state["elapsed"], state["epoch"], state["best"]
        self.frozen = state["frozen"]


def looked(sample: Sample, rows: Any) -> Looked:
    """Compares the network's raw answer for one picture with its labels."""
    size = sample.pixels.shape[0]
    boxes, scores = suppress(rows)
    truth = sample.targets[sample.targets[:, 0] == 0, 1:] * size
    pads = np.concatenate([truth[:, :2] - truth[:, 2:] / 2, truth[:, :2] + truth[:, 2:] / 2], 1)
    return Looked(boxes, scores[:, 0], pads, sample.vague)


def save_weights(model: Any, path: Path, size: int, scores: dict[str, Any]) -> None:
    """Writes weights in half precision with all that is needed to build the network again."""
    import torch

    content = {
        "weights": {name: value.half() for name, value in model.state_dict().items()},
        "description": model.yaml,
        "classes": list(CLASSES),
        "size": size,
        "scores": scores,
    }
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def main() -> None:
    """Command line."""
    plan = Plan()
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="views made by training.build")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--model", default=plan.model)
    parser.add_argument("--width", type=float, help="channels, if not the model's own")
    parser.add_argument("--start", type=Path, help="weights to start from, see training.grow")
    parser.add_argument("--minutes", type=float, default=plan.minutes, help="time budget")
    parser.add_argument("--sizes", type=int, nargs="+", default=plan.sizes)
    parser.add_argument("--shares", type=float, nargs="+", default=plan.shares)
    parser.add_argument("--batch", type=int, default=plan.batch)
    parser.add_argument("--epoch", type=int, default=plan.epoch, help="pictures per epoch")
    parser.add_argument("--rate", type=float, default=plan.rate, help="highest learning rate")
    parser.add_argument("--freeze", type=float, default=plan.freeze)
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    given = vars(parser.parse_args())
    data, out = given.pop("data"), given.pop("out")
    device, start = given.pop("device"), given.pop("start")
    plan = Plan(**{**given, "sizes": tuple(given["sizes"]), "shares": tuple(given["shares"])})
    Trainer(data, out, plan, device, start).run()


if __name__ == "__main__":
    main()
