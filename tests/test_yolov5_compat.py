"""yolov5 works beside the current torch, torchvision and numpy, and leaves no traces."""

import json
import os
import subprocess
import sys

import pytest

PROBE = """
import json, os, socket, sys

def refuse(*_, **__):
    raise AssertionError("yolov5's import went to the network")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
import cv2, numpy as np
before = dict(os.environ)
threads, options = cv2.getNumThreads(), np.get_printoptions()
from vov_core import yolov5_compat
light = [m for m in ("torch", "yolov5", "ultralytics") if m in sys.modules]
model = yolov5_compat.detection_model("yolov5n", classes=("fingerprint", "nail"))
from yolov5.utils.metrics import compute_ap
print(json.dumps({
    "light": light,
    "environment": dict(os.environ) == before,
    "threads": cv2.getNumThreads() == threads,
    "options": np.get_printoptions() == options,
    "classes": model.names,
    "ap": compute_ap([0.5, 1.0], [1.0, 1.0])[0],
    "home": sorted(os.listdir(os.environ["HOME"])),
}))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a fresh process sees."""
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "HOME": str(home), "MPLCONFIGDIR": str(home / "mpl")}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 1, done.stdout
    return dict(json.loads(done.stdout))


def test_nothing_heavy_is_imported_early(probe: dict[str, object]) -> None:
    assert probe["light"] == []


def test_process_wide_settings_are_left_alone(probe: dict[str, object]) -> None:
    assert probe["environment"]
    assert probe["threads"]
    assert probe["options"]


def test_nothing_is_written_into_the_home_folder(probe: dict[str, object]) -> None:
    assert set(probe["home"]) <= {"mpl"}  # type: ignore[call-overload]


def test_average_precision_works_without_trapz(probe: dict[str, object]) -> None:
    assert probe["ap"] == pytest.approx(0.995, abs=0.01)


def test_model_has_our_classes_and_anchors() -> None:
    from vov_core.yolov5_compat import detection_model, restored_model

    anchors = [[8, 8, 16, 16, 24, 24], [32, 32, 48, 48, 64, 64], [80, 80, 96, 96, 128, 128]]
    model = detection_model("yolov5n", classes=("fingerprint", "nail"), anchors=anchors)
    head = model.model[-1]
    assert model.names == ["fingerprint", "nail"]
    assert (head.anchors * head.stride.view(-1, 1, 1)).flatten().tolist() == pytest.approx(
        [value for layer in anchors for value in layer]
    )
    weights = {name: value.half() for name, value in model.state_dict().items()}
    content = {"weights": weights, "description": model.yaml, "classes": model.names}
    again = restored_model(content)
    assert {n: v.half().tolist() for n, v in again.state_dict().items() if "bias" in n} == {
        n: v.tolist() for n, v in weights.items() if "bias" in n
    }
