"""The script that makes ``weights/hand_landmarker.task``; the wheel itself is not fetched here."""

import hashlib
import importlib.util
import json
import struct
import zipfile
from pathlib import Path

import pytest

from vov_core.models import WEIGHTS, model

SCRIPT = Path(__file__).parents[1] / "scripts" / "build_hand_landmarker.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("build_hand_landmarker", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wheel(script, tmp_path: Path, monkeypatch) -> Path:
    """A wheel with the committed bundle's own models: the build must give the same bytes back."""
    path = tmp_path / "some.whl"
    with zipfile.ZipFile(WEIGHTS / script.BUNDLE) as bundle, zipfile.ZipFile(path, "w") as made:
        for name, member in script.MEMBERS.items():
            made.writestr(member, bundle.read(name))
    monkeypatch.setattr(script, "WHEEL_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_builds_the_committed_bytes(script, wheel: Path, tmp_path: Path):
    target = tmp_path / script.BUNDLE
    assert script.build(wheel, target) == model("hand_landmarker").sha256
    assert target.read_bytes() == (WEIGHTS / script.BUNDLE).read_bytes()


def test_refuses_any_other_wheel(script, wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel, "a") as changed:
        changed.writestr("more", b"")
    with pytest.raises(SystemExit):
        script.build(wheel, tmp_path / script.BUNDLE)
    assert not (tmp_path / script.BUNDLE).exists()


def test_members_are_stored_and_aligned(script):
    path = WEIGHTS / script.BUNDLE
    data = path.read_bytes()
    with zipfile.ZipFile(path) as bundle:
        members = bundle.infolist()
        assert bundle.testzip() is None
    assert [member.filename for member in members] == list(script.MEMBERS)
    for member in members:
        assert member.compress_type == zipfile.ZIP_STORED
        name, extra = struct.unpack_from("<HH", data, member.header_offset + 26)
        start = member.header_offset + 30 + name + extra
        assert start % 16 == 0
        assert data[start + 4 : start + 8] == b"TFL3"


def test_other_models_stay_in_the_manifest(script, tmp_path: Path):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"models": [{"name": "other"}, {"name": "hand_landmarker"}]}))
    script.enter(manifest, "00")
    models = json.loads(manifest.read_text())["models"]
    assert [entry["name"] for entry in models] == ["hand_landmarker", "other"]
    assert models[0]["sha256"] == "00"
