"""What VOV checks before it starts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vov_core.models import MANIFEST, WEIGHTS

ROOT = Path(__file__).parents[1]
START = (
    "import sys; from pathlib import Path; import vov_core.models as models;"
    "models.WEIGHTS = Path(sys.argv.pop()); import serve;"
    "serve.main()"
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def start(weights: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", START, str(weights)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(weights), **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_an_altered_model_is_refused_at_start(weights: Path) -> None:
    entry = json.loads((weights / MANIFEST).read_text())["models"][0]
    file = weights / entry["file"]
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    done = start(weights)
    assert done.returncode == 1
    assert entry["file"] in done.stderr and "altered" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_listed_model_that_is_gone_is_refused_at_start(weights: Path) -> None:
    listed = json.loads((weights / MANIFEST).read_text())
    listed["models"].append(listed["models"][0] | {"name": "another", "file": "another.onnx"})
    (weights / MANIFEST).write_text(json.dumps(listed))
    done = start(weights)
    assert done.returncode == 1 and "another.onnx" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_models_are_refused_at_start(weights: Path) -> None:
    for file in weights.iterdir():
        file.unlink()
    done = start(weights)
    assert done.returncode == 1 and MANIFEST in done.stderr and "Traceback" not in done.stderr


def test_a_wrong_setting_is_refused_without_its_value(weights: Path) -> None:
    done = start(weights, VOV_DATABASE_URL="oracle://vov:the-password@host/vov")
    assert done.returncode == 1 and "database_url" in done.stderr
    assert "the-password" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
