"""The whole way with a tiny network: labels, views, training, resuming, export, detection."""

import csv
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training import CLASSES
from training.build import build
from training.export import ExportError, Parity, export, list_in_manifest
from training.labels import read
from training.train import ANCHORS, Plan, Trainer, save_weights
from vov_core.detector import load_detector
from vov_core.yolov5_compat import detection_model

TINY = Plan(model="yolov5n", minutes=0.02, sizes=(64,), shares=(1.0,), batch=4, epoch=8)


@pytest.fixture(scope="module")
def views(own_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("views")
    count = build([own_set], out)
    train = {"train/whole": 4, "train/hand": 4, "train/tip": 5}
    assert count == Counter({**train, "dev/whole": 2, "dev/hand": 2, "dev/tip": 3})
    return out


@pytest.fixture(scope="module")
def run(views: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    trainer = Trainer(views, out, TINY)
    trainer.run()
    assert trainer.progress >= 1
    return out


def test_views_keep_classes(views: Path) -> None:
    photos = read(views)
    assert {shape.number for photo in photos for shape in photo.shapes} == {0, 1, 2}
    assert {photo.path.name.split("_")[0] for photo in photos} == {"whole", "hand", "tip"}


def test_larger_tips_of_hands_are_shown_as_close_ups(views: Path) -> None:
    tips = [photo for photo in read(views) if photo.path.stem.startswith("tip")]
    assert tips
    for tip in tips:
        height, width = cv2.imread(str(tip.path)).shape[:2]
        known = [shape.points.mean(0) / (width, height) for shape in tip.shapes if shape.number < 2]
        assert any(np.abs(middle - 0.5).max() < 0.05 for middle in known)


def test_some_layers_stay_as_they_are(views: Path, tmp_path: Path) -> None:
    trainer = Trainer(views, tmp_path, replace(TINY, fixed=10))
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.run()
    changed = {
        int(name.split(".")[1])
        for name, value in trainer.model.named_parameters()
        if not torch.equal(value, before[name])
    }
    assert changed and min(changed) >= 10


def test_photos_without_hands_become_empty_views(own_set: Path, tmp_path: Path) -> None:
    backgrounds = tmp_path / "backgrounds"
    backgrounds.mkdir()
    cv2.imwrite(str(backgrounds / "wall.png"), np.full((300, 900, 3), 90, np.uint8))
    assert build([own_set], tmp_path / "views", backgrounds)["train/empty"] == 1
    empty = [photo for photo in read(tmp_path / "views") if photo.path.stem.startswith("empty")]
    assert [(photo.split, photo.shapes) for photo in empty] == [("train", ())]
    assert cv2.imread(str(empty[0].path)).shape == (171, 512, 3)


def test_a_run_leaves_curves_and_weights(run: Path) -> None:
    rows = list(csv.DictReader((run / "results.csv").open(encoding="utf-8")))
    assert rows
    assert float(rows[0]["box"]) > 0
    content = torch.load(run / "best.pt", weights_only=True)
    assert content["classes"] == ["fingerprint", "nail"]
    assert content["size"] == 64


def test_a_stopped_run_goes_on(views: Path, run: Path) -> None:
    trainer = Trainer(views, run, TINY)
    before = {n: v.clone() for n, v in trainer.model.state_dict().items() if "conv.weight" in n}
    trainer._resume()
    assert trainer.epoch >= 1
    assert trainer.progress > 0
    after = trainer.model.state_dict()
    assert any(not torch.equal(value, after[name]) for name, value in before.items())


def test_workers_choose_looks(views: Path, tmp_path: Path) -> None:
    trainer = Trainer(views, tmp_path, TINY, workers=2)
    batches = list(islice(trainer._batches(64, spread=1), 6))
    assert {len(batch.unclear) for batch in batches} == {TINY.batch}
    assert {batch.unclear.shape[1] for batch in batches} <= {32, 64, 96}
    first = [batch.matrices for batch in batches[:2]]
    assert first[0].shape != first[1].shape or not torch.equal(first[0], first[1])


def test_averaged_weights_follow(views: Path, tmp_path: Path) -> None:
    trainer = Trainer(views, tmp_path, TINY)
    name = "model.0.conv.weight"
    with torch.no_grad():
        trainer.model.state_dict()[name].add_(1.0)
    before = trainer.average.module.state_dict()[name].clone()
    for _ in range(3):
        trainer.average.update_parameters(trainer.model)
    gone = (trainer.average.module.state_dict()[name] - before).mean()
    assert 0.5 < float(gone) <= 1


def test_unclear_areas_cost_nothing(views: Path, tmp_path: Path) -> None:
    trainer = Trainer(views, tmp_path, TINY)
    unclear = torch.zeros(2, 64, 64, dtype=torch.bool)
    unclear[0, :32] = True
    answers = [torch.zeros(2, 3, s, s, 7, requires_grad=True) for s in (8, 4, 2)]
    silent = trainer._silence(answers, unclear)
    sum(answer[..., 4].sum() for answer in silent).backward()
    gradient = answers[0].grad
    assert gradient is not None
    assert gradient[0, :, :4, :, 4].abs().sum() == 0
    assert (gradient[0, :, 4:, :, 4] == 1).all()
    assert (gradient[1, ..., 4] == 1).all()
    assert (silent[0][0, :, :4, :, 4] < -10).all()
    assert (silent[0][0, :, :4, :, :4] == 0).all()


def test_photos_without_hands_that_look_like_fingers_are_remembered(
    own_set: Path, tmp_path: Path
) -> None:
    backgrounds = tmp_path / "backgrounds"
    backgrounds.mkdir()
    cv2.imwrite(str(backgrounds / "wall.png"), np.full((100, 100, 3), 90, np.uint8))
    build([own_set], tmp_path / "views", backgrounds)
    trainer = Trainer(tmp_path / "views", tmp_path / "run", TINY)
    wall = int(np.flatnonzero(trainer.looker.empty)[0])
    trainer.looker._ends = np.cumsum(np.eye(len(trainer.looker.scenes))[wall])
    looks = trainer.looker.batch(8, 64, np.random.default_rng(0))
    answers = [torch.full((8, 3, s, s, 7), -9.0) for s in (8, 4, 2)]
    answers[1][:, 1, 2, 2, 4:6] = 2.0
    trainer._suspect(looks, answers)
    fooled = 1 / (1 + np.exp(-2.0))
    assert float(trainer.suspicion[wall]) == pytest.approx(fooled**2, abs=1e-4)
    assert not np.delete(trainer.suspicion.numpy(), wall).any()
    trainer._suspect(looks, [torch.full_like(answer, -9.0) for answer in answers])
    assert 0 < float(trainer.suspicion[wall]) < fooled**2


def test_export_agrees_and_loads(tmp_path: Path, own_set: Path) -> None:
    # Not the run above: after a second of training its statistics are next to nothing, and divided
    # by them the rounding of one processor or another grows to any size.
    pictures = sorted((own_set / "images").glob("*.png"))
    weights = tmp_path / "best.pt"
    save_weights(_talkative(pictures), weights, 64, {})
    found = export(weights, tmp_path, None, pictures)
    assert isinstance(found, Parity)
    assert found.compared > 100
    list_in_manifest(tmp_path, {"licence": "AGPL-3.0-or-later", "origin": "test"})
    list_in_manifest(tmp_path, {"licence": "AGPL-3.0-or-later", "origin": "test"})
    for kind in ("onnx", "torch"):
        detector = load_detector(kind, tmp_path)  # type: ignore[arg-type]
        assert detector is not None
        assert detector.size == 64
        detector.detect(np.zeros((50, 70, 3), np.uint8), ())


def test_export_refuses_weights_that_halving_ruins(tmp_path: Path, own_set: Path) -> None:
    pictures = sorted((own_set / "images").glob("*.png"))
    model = _talkative(pictures)
    with torch.no_grad():
        for norm in model.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):
                norm.running_var *= 1e-3  # what training must not leave behind
    weights = tmp_path / "best.pt"
    save_weights(model, weights, 64, {})
    with pytest.raises(ExportError):
        export(weights, tmp_path / "out", None, pictures)
    assert not (tmp_path / "out").exists()


def _talkative(pictures: list[Path]) -> torch.nn.Module:
    """An untrained network with the pictures' own statistics that sees something everywhere."""
    torch.manual_seed(0)
    model = detection_model("yolov5n", classes=CLASSES, anchors=ANCHORS)
    shown = [cv2.resize(cv2.imread(str(path)), (64, 64)) for path in pictures]
    batch = torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2).float() / 255
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.momentum = None
    with torch.no_grad():
        model.train()(batch)
        for layer in model.model[-1].m:
            layer.bias.view(3, -1)[:, 4:] = 0.5
    return model.eval()


@pytest.mark.parametrize(("progress", "size"), [(0.0, 128), (0.44, 128), (0.46, 192), (1.0, 256)])
def test_pictures_grow(progress: float, size: int) -> None:
    assert Plan().size(progress) == size


def test_the_learning_rate_warms_up_and_falls() -> None:
    plan = Plan(rate=1.0)
    rates = [plan.learning_rate(i / 100) for i in range(101)]
    assert rates[0] < 0.1
    assert max(rates) == pytest.approx(1, abs=0.02)
    assert rates[-1] == pytest.approx(0.01)
    assert all(a >= b for a, b in pairwise(rates[3:]))
