"""The command writes a set that training reads. Blender is replaced: it is no part of the tests."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from training.build import build
from training.labels import read
from training.synth.__main__ import main
from training.synth.hand import Hand
from training.synth.looks import Look
from training.synth.shots import Shot
from training.synth.tips import seen_tips


class _FlatLight:
    """Shows the hand grey on black."""

    def __init__(self, hand: Hand, *_: Any) -> None:
        self.hand, self.shots = hand, 0
        _FlatLight.last = self

    last: "_FlatLight"

    def render(self, shot: Shot, look: Look, samples: int) -> Any:
        assert samples == 16
        assert len(look.lamps) == 3
        self.shots += 1
        _, shows_hand = seen_tips(self.hand, shot.vertices, shot.camera)
        return shows_hand[..., None].repeat(3, 2).astype(np.float32) * 0.2 + 0.001


@pytest.fixture
def command(doll_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("training.synth.scene")
    module.Scene = _FlatLight  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "training.synth.scene", module)

    def run(*more: str) -> Path:
        out = tmp_path / "out"
        words = ["synth", "--libhand", str(doll_folder), "--out", str(out), *more]
        monkeypatch.setattr(sys, "argv", words)
        main()
        return out

    return run


def test_the_set_can_be_read_and_built(command: Any, tmp_path: Path) -> None:
    out = command("--n", "6", "--seed", "3")
    photos = read(out)
    assert [photo.path.name for photo in photos] == [f"hand_{i:06d}.jpg" for i in range(3, 9)]
    letters = {shape.letter for photo in photos for shape in photo.shapes}
    assert "P" in letters
    assert letters <= {"P", "S", "N", "X"}
    for photo in photos:
        pixels = cv2.imread(str(photo.path))
        height, width = pixels.shape[:2]
        for shape in photo.shapes:
            assert (shape.points >= 0).all()
            assert (shape.points <= (width, height)).all()
            if shape.letter in "PN":  # where the label is, is hand: left hands are mirrored too
                x, y = shape.points.mean(0).astype(int)
                assert pixels[y, x].mean() > 40
    content = json.loads((out / "annotations.json").read_text("utf-8"))
    assert all("LibHand" in image["licence"] for image in content["images"])
    assert build([out], tmp_path / "views")["train/whole"] == 6


def test_a_second_run_adds_what_is_missing(command: Any) -> None:
    command("--n", "2", "--seed", "1")
    out = command("--n", "3", "--seed", "1")
    assert _FlatLight.last.shots == 1
    assert len(read(out)) == 3
    assert not list(out.glob("*.part"))


def test_photos_of_a_folder_are_backgrounds(command: Any, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "notes.txt").write_text("no picture", "utf-8")
    cv2.imwrite(str(folder / "a.jpg"), np.full((30, 30, 3), 128, np.uint8))
    assert len(read(command("--n", "2", "--backgrounds", str(folder)))) == 2
