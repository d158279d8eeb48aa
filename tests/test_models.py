import hashlib
import json
from pathlib import Path

import pytest

from vov_core.errors import ModelAlteredError, ModelMissingError
from vov_core.models import is_available, manifest, model, model_bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"weights")
    named = {"licence": "MIT", "origin": "here", "classes": ["pad"]}
    sha256 = hashlib.sha256(b"weights").hexdigest()
    models = [
        {"name": "a", "file": "a.bin", "sha256": sha256, **named},
        {"name": "gone", "file": "gone.bin", "sha256": sha256, **named},
    ]
    (tmp_path / "manifest.json").write_text(json.dumps({"models": models}))
    return tmp_path


@pytest.mark.parametrize("entry", manifest(), ids=lambda entry: entry.name)
def test_committed_weights_are_what_the_manifest_says(entry):
    assert model_bytes(entry.name)
    assert entry.licence
    assert entry.origin


def test_reads_an_entry(folder: Path):
    entry = model("a", folder)
    assert entry.version == entry.sha256[:12]
    assert entry.facts == {"classes": ["pad"]}
    assert model_bytes("a", folder) == b"weights"


@pytest.mark.parametrize("read", [model_bytes])
def test_an_altered_file_is_refused(folder: Path, read):
    read("a", folder)
    (folder / "a.bin").write_bytes(b"weightz")
    with pytest.raises(ModelAlteredError) as caught:
        read("a", folder)
    assert caught.value.details == {"file": "a.bin"}


@pytest.mark.parametrize("read", [model_bytes])
@pytest.mark.parametrize("name", ["gone", "unknown"])
def test_a_missing_model_is_told(folder: Path, read, name: str):
    with pytest.raises(ModelMissingError):
        read(name, folder)


def test_a_missing_manifest_is_told(tmp_path: Path):
    with pytest.raises(ModelMissingError) as caught:
        manifest(tmp_path)
    assert caught.value.details == {"file": "manifest.json"}


def test_tells_which_models_are_there(folder: Path):
    there = {name: is_available(name, folder) for name in ("a", "gone", "unknown")}
    assert there == {"a": True, "gone": False, "unknown": False}
