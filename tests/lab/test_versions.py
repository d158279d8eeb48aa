"""Versions of the weights: what is offered, what is refused, and that the bytes decide."""

import json
from pathlib import Path

import pytest

from tests.tiny_network import tiny_network, write_weights
from vov_core.detector import ONNX_MODEL
from vov_core.errors import VersionAlteredError, VersionUnusableError
from vov_core.lab import versions


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "shipped", tiny_network(1))


@pytest.fixture
def candidates(tmp_path: Path) -> Path:
    folder = tmp_path / "candidates"
    write_weights(folder / "wider", tiny_network(2))
    write_weights(folder / "older", {"onnx": tiny_network(1)["onnx"]})
    return folder


def test_the_shipped_version_alone(shipped: Path, tmp_path: Path) -> None:
    for nowhere in (None, tmp_path / "none"):
        found, problems = versions(nowhere, shipped)
        assert [(one.name, one.engine) for one in found] == [("", "onnx"), ("", "torch")]
        assert not problems


def test_the_committed_weights_are_the_shipped_version() -> None:
    found, _ = versions(None)
    assert {one.name for one in found} == {""} and found[0].model.name == ONNX_MODEL


def test_candidates_come_after_the_shipped_version(shipped: Path, candidates: Path) -> None:
    (candidates / ".hidden").mkdir()
    (candidates / "notes.txt").write_text("no version")
    found, problems = versions(candidates, shipped)
    assert [(one.name, one.engine) for one in found] == [
        ("", "onnx"),
        ("", "torch"),
        ("older", "onnx"),
        ("wider", "onnx"),
        ("wider", "torch"),
    ]
    assert not problems
    assert found[0].load().version == found[2].load().version == found[2].model.version
    assert found[3].load().version == found[3].model.version != found[0].model.version
    assert found[4].load().version == found[4].model.version


def test_an_altered_candidate_is_never_loaded(shipped: Path, candidates: Path) -> None:
    file = candidates / "wider" / f"{ONNX_MODEL}.onnx"
    file.write_bytes(file.read_bytes() + b"\0")
    altered = next(v for v in versions(candidates, shipped)[0] if v.name == "wider")
    with pytest.raises(VersionAlteredError) as caught:
        altered.load()
    assert caught.value.details == {"name": "wider"}


@pytest.mark.parametrize("kind", ["onnx", "pt"])
def test_a_file_that_is_no_network(shipped: Path, tmp_path: Path, kind: str) -> None:
    write_weights(tmp_path / "c" / "odd", {kind: b"the hash is right, the file is nothing"})
    found, _ = versions(tmp_path / "c", shipped)
    with pytest.raises(VersionUnusableError) as caught:
        found[-1].load()
    assert caught.value.details == {"name": "odd"}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        "[]",
        '{"models": 5}',
        '{"models": []}',
        '{"models": [{"name": "x"}]}',
        json.dumps({"models": [{"name": ONNX_MODEL, "file": "gone.onnx", "sha256": "0"}]}),
    ],
)
def test_a_folder_without_a_usable_manifest_is_told(
    shipped: Path, candidates: Path, content: str | None
) -> None:
    (candidates / "bad").mkdir()
    if content is not None:
        (candidates / "bad" / "manifest.json").write_text(content)
    found, problems = versions(candidates, shipped)
    assert [problem.details for problem in problems] == [{"name": "bad"}]
    assert len(found) == 5, "the others are still there"


@pytest.mark.parametrize("classes", [["nail", "fingerprint"], ["fingerprint"], None])
def test_other_classes_are_refused(shipped: Path, tmp_path: Path, classes: object) -> None:
    write_weights(tmp_path / "c" / "swapped", tiny_network(1), classes=classes)
    found, problems = versions(tmp_path / "c", shipped)
    assert len(found) == 2 and len(problems) == 1
