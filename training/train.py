"""Trains the detector: ``python -m training.train --data VIEWS --out RUN --minutes 100``.

The schedule is a share of a time budget, not a number of epochs, so it ends with a decayed
learning rate on a laptop and on a GPU alike: pictures grow from stage to stage, the learning rate
warms up and falls along a cosine. A run that was stopped goes on where it was.
"""

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from math import cos, exp, pi
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training import CLASSES
from training.augment import Batch, Labels, Looker, Scene, plain
from training.build import Picture
from training.labels import LabelledPhoto, read
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
# The detector's crop of a hand out of a hand's view; a close-up as a photo of one finger.
_SCORED_ZOOM = {"hand": 2.2 / 1.5, "close": 1.5}
_SETTLING = 192  # pictures from which batch statistics are measured
_SILENT = -20.0  # objectness before the sigmoid that costs nothing where nothing is said
_STEEPEST = 0.6  # length at which a step's gradient is cut
_MEMORY = (0.998, 300)  # how slowly averaged weights follow, and the steps until it is reached
_SCORED_AT_ONCE = 32  # pictures
_RELIEF = 0.7  # what is left of a photo's suspicion when a look at it shows no finger any more


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
        spread: A batch's pictures are up to this many times 32 pixels smaller or larger.
        rate: Highest learning rate.
        decay: How strongly AdamW pulls weights towards 0.
        freeze: Part of the budget after which batch statistics stay as they are. A feature that is
            rare has tiny statistics: batches hide it, and a single photo that has it then lights
            up the whole network. Training on under fixed statistics cures that.
        fixed: How many of the network's first layers stay as they are; to train on from weights
            where there is no GPU. yolov5's backbone has 10.
        seed: Of all chance.
    """

    model: str = "yolov5m"
    width: float | None = None
    minutes: float = 100
    sizes: tuple[int, ...] = (128, 192, 256)
    shares: tuple[float, ...] = (0.45, 0.35, 0.2)
    batch: int = 16
    epoch: int = 1600
    spread: int = 0
    rate: float = 1.5e-3
    decay: float = 0.01
    freeze: float = 0.6
    fixed: int = 0
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

    split: str
    scene: Scene
    pixels: Picture


def load(photo: LabelledPhoto) -> Loaded:
    """Decodes a view; its kind is the first part of the file's name."""
    pixels = cv2.imread(str(photo.path))
    height, width = pixels.shape[:2]
    kind = photo.path.stem.split("_")[0]
    return Loaded(photo.split, Scene(kind, width, height, photo.shapes), pixels)


class Trainer:
    """One run in one folder: ``last.pt``, ``best.pt``, ``results.csv``, ``plan.json``."""

    def __init__(
        self,
        data: Path,
        out: Path,
        plan: Plan,
        device: str = "cpu",
        start: Path | None = None,
        workers: int = 0,
    ) -> None:
        prepare()
        import torch
        from yolov5.utils.loss import ComputeLoss
        from yolov5.utils.torch_utils import smart_optimizer

        from training.develop import Darkroom

        torch.manual_seed(plan.seed)
        torch.backends.cudnn.benchmark = True  # few sizes come again and again
        self.torch, self.out, self.plan = torch, out, plan
        self.device, self.workers = device, workers
        with ThreadPoolExecutor() as pool:
            loaded = list(pool.map(load, read(data)))
        train = [view for view in loaded if view.split == "train"]
        self.looker = Looker([view.scene for view in train])
        self.darkroom = Darkroom([view.pixels for view in train], device, plan.seed)
        self.dev = [view for view in loaded if view.split == "dev"]
        model = detection_model(plan.model, classes=CLASSES, anchors=ANCHORS, width=plan.width)
        if start is not None:
            model.load_state_dict(torch.load(start, weights_only=True)["weights"])
        model.hyp = LOSS
        model.model[: plan.fixed].requires_grad_(False)
        for norm in self._norms(model):
            norm.momentum = 0.1  # yolov5's 0.03 lags behind in short runs
        self.model = model.to(device, memory_format=torch.channels_last)
        self.loss = ComputeLoss(self.model)
        # Objectness aims at the mean of 1 and the box's fit: from scratch the fit starts near 0.
        self.loss.gr = 0.5
        self.optimizer = smart_optimizer(self.model, "AdamW", plan.rate, 0.9, plan.decay)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.model, multi_avg_fn=self._follow, use_buffers=True
        )
        self.elapsed, self.epoch, self.best, self.frozen = 0.0, 0, -1.0, False
        self.suspicion = torch.zeros(len(train), device=device)
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
        size = self.plan.size(self.progress)
        if self.progress >= self.plan.freeze and not self.frozen:
            self._freeze(size)
        self.model.train()
        if self.frozen:
            for norm in self._norms(self.model):
                norm.eval()
        total, done = 0, 0
        self.looker.doubt(self.suspicion.cpu().numpy())
        steps = max(1, self.plan.epoch // self.plan.batch)
        for batch in islice(self._batches(size, self.plan.spread), steps):
            total += self._step(batch)
            done += 1
            self.elapsed = time.monotonic() - self._clock
            if self.progress >= 1 or self.plan.size(self.progress) != size:
                break
        return [size, *(total / done).tolist()]  # type: ignore[attr-defined]

    def _batches(self, size: int, spread: int = 0) -> Iterator[Batch]:
        """Endless looks, their size each time within the spread around ``size``."""
        loader = self.torch.utils.data.DataLoader(
            _looks(self.looker, self.plan, (size, spread), self.epoch),
            batch_size=None,
            num_workers=self.workers,
            collate_fn=_as_it_is,
            prefetch_factor=4 if self.workers else None,
            pin_memory=self.device == "cuda",
        )
        yield from loader

    def _follow(self, averaged: Any, current: Any, steps: Any) -> None:
        """Moves the averaged weights towards the current ones, faster in the beginning."""
        slowest, ramp = _MEMORY
        part = 1 - slowest * (1 - exp(-(int(steps) + 1) / ramp))
        if averaged[0].is_floating_point():
            self.torch._foreach_lerp_(averaged, current, part)
        else:
            self.torch._foreach_copy_(averaged, current)

    def _step(self, batch: Batch) -> Any:
        """One step of the optimizer; returns the box, objectness and class losses."""
        torch = self.torch
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate(self.progress)
        pictures = self.darkroom.develop(batch)
        unclear, truth = (
            torch.as_tensor(part).to(self.device, non_blocking=True)
            for part in (batch.unclear, batch.targets)
        )
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            answers = self.model(pictures)
        answers = [answer.float() for answer in answers]
        self._suspect(batch, answers)
        answers = self._silence(answers, unclear)
        loss, parts = self.loss(answers, truth)
        self.optimizer.zero_grad(set_to_none=True)
        (loss / len(pictures)).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _STEEPEST)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        return parts

    def _suspect(self, batch: Batch, answers: Sequence[Any]) -> None:
        """Remembers how sure the network is of a finger in photos that show none."""
        views, count = np.asarray(batch.views), len(batch.unclear)
        layers = np.bincount(np.asarray(batch.slots), minlength=count)
        seen = np.flatnonzero((layers == 1) & self.looker.empty[views[:count]])
        pictures, chosen = (self.torch.as_tensor(a).to(self.device) for a in (seen, views[seen]))
        with self.torch.no_grad():
            scores = [
                a[pictures, ..., 4].sigmoid() * a[pictures, ..., 5].sigmoid() for a in answers
            ]
            sure = self.torch.stack([score.flatten(1).amax(1) for score in scores]).amax(0)
            self.suspicion[chosen] = self.torch.maximum(self.suspicion[chosen] * _RELIEF, sure)

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
        model = self.average.module.train()
        for norm in self._norms(model):
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all that follows
        with self.torch.no_grad():
            for batch in islice(self._batches(size), -(-pictures // self.plan.batch)):
                model(self.darkroom.develop(batch))
        return model.eval()

    def _freeze(self, size: int) -> None:
        """Goes on from the averaged weights with their batch statistics, which stay from now on."""
        settled = self._settle(size, 2 * _SETTLING)
        self.model.load_state_dict(settled.state_dict())
        self.frozen, self.best = True, -1.0

    def score(self, size: int) -> dict[str, float]:
        """AP and recall of the averaged weights on the dev views at this picture size."""
        looks = []
        model = self.average.module.eval() if self.frozen else self._settle(size)
        for pictures, labels in self._shown(size):
            with self.torch.inference_mode():
                rows = model(pictures.to(self.device).float() / 255)[0].float().cpu().numpy()
            looks += [looked(size, *pair) for pair in zip(labels, rows, strict=True)]
        aps = [average_precision(looks, threshold) for threshold in (0.5, 0.75)]
        precision, recall = precision_recall(looks, 0.25)
        return {"AP50": aps[0], "AP75": aps[1], "recall": recall, "precision": precision}

    @cache  # noqa: B019 - a trainer lives as long as its process
    def _shown(self, size: int) -> list[tuple[Any, list[Labels]]]:
        """The dev views as batches of pictures with their labels."""
        # Small pictures of whole photos show no fingers, and tips are those of the hands once more.
        views = [view for view in self.dev if view.scene.kind in ("hand", "close")]
        shown = [
            plain(v.pixels, v.scene.shapes, _SCORED_ZOOM.get(v.scene.kind, 1.0), size)
            for v in views
        ]
        result = []
        for start in range(0, len(shown), _SCORED_AT_ONCE):
            part = shown[start : start + _SCORED_AT_ONCE]
            pictures = self.torch.from_numpy(np.stack([pixels for pixels, _ in part]))
            result.append((pictures.permute(0, 3, 1, 2), [labels for _, labels in part]))
        return result

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
            save_weights(self.average.module, self.out / "best.pt", size, row)
        self._checkpoint()
        self.elapsed = time.monotonic() - self._clock

    def _checkpoint(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "elapsed": self.elapsed,
            "epoch": self.epoch,
            "best": self.best,
            "frozen": self.frozen,
            "suspicion": self.suspicion,
        }
        part = self.out / "last.part"
        self.torch.save(state, part)
        part.replace(self.out / "last.pt")

    def _resume(self) -> None:
        state = self.torch.load(
            self.out / "last.pt", map_location=self.device, weights_only=True, mmap=True
        )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.elapsed, self.epoch, self.best = state["elapsed"], state["epoch"], state["best"]
        self.frozen, self.suspicion = state["frozen"], state["suspicion"]


def _looks(looker: Looker, plan: Plan, sizes: tuple[int, int], epoch: int) -> Any:
    """An endless data set of batches, one stream of chance per worker."""
    import torch
    from torch.utils.data import IterableDataset, get_worker_info

    class Looks(IterableDataset[Batch]):
        def __iter__(self) -> Iterator[Batch]:
            cv2.setNumThreads(0)  # a forked process has none of OpenCV's threads
            worker = get_worker_info()
            rng = np.random.default_rng([plan.seed, epoch, worker.id if worker else 0])
            middle, spread = sizes
            while True:
                size = middle + 32 * int(rng.integers(-spread, spread + 1))
                batch = looker.batch(plan.batch, size, rng)
                yield Batch(*(torch.from_numpy(part) for part in batch))

    return Looks()


def _as_it_is(batch: Batch) -> Batch:
    return batch


def looked(size: int, labels: Labels, rows: Any) -> Looked:
    """Compares the network's raw answer for one picture with its labels."""
    boxes, scores = suppress(rows)
    truth = labels.targets[labels.targets[:, 0] == 0, 1:] * size
    pads = np.concatenate([truth[:, :2] - truth[:, 2:] / 2, truth[:, :2] + truth[:, 2:] / 2], 1)
    return Looked(boxes, scores[:, 0], pads, labels.vague)


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
    parser.add_argument("--spread", type=int, default=plan.spread, help="of sizes, times 32")
    parser.add_argument("--decay", type=float, default=plan.decay, help="of weights")
    parser.add_argument("--rate", type=float, default=plan.rate, help="highest learning rate")
    parser.add_argument("--freeze", type=float, default=plan.freeze)
    parser.add_argument("--fixed", type=int, default=plan.fixed, help="layers that stay")
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--workers", type=int, default=0, help="processes that choose looks")
    given = vars(parser.parse_args())
    data, out = given.pop("data"), given.pop("out")
    device, start, workers = (given.pop(name) for name in ("device", "start", "workers"))
    plan = Plan(**{**given, "sizes": tuple(given["sizes"]), "shares": tuple(given["shares"])})
    Trainer(data, out, plan, device, start, workers).run()


if __name__ == "__main__":
    main()
