"""The command line keeps its contract."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vov_core.cli import main
from vov_core.database import Database
from vov_core.people import People
from vov_core.settings import Settings

SAMPLES = Path(__file__).parents[1] / "samples"
HAND = str(SAMPLES / "hand_00119.jpg")


def test_find_prints_one_json_object_per_photo(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", HAND, str(SAMPLES / "hand_00105.jpg"), "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    found = json.loads(lines[0])
    assert {"file", "width", "height", "hands", "regions", "ms"} <= found.keys()
    assert (found["width"], found["height"], found["hands"]) == (960, 720, 1)
    assert {"decode", "hands"} <= found["ms"].keys()
    tips = [r for r in found["regions"] if r["finger"]]
    assert {r["finger"] for r in tips} == {"thumb", "index", "middle", "ring", "little"}
    assert all(r["masked"] for r in tips)
    for region in found["regions"]:
        x0, y0, x1, y1 = region["box"]
        assert x0 < x1 and y0 < y1 and len(region["polygon"]) >= 3
        assert region["masked"] in {True, False}
        assert region["kind"] in {"fingerprint", "nail", "unknown"}
        assert region["source"] in {"landmarks", "detector", "both"}
        assert region["confidence"] is None or 0 <= region["confidence"] <= 1


def test_find_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", HAND]) == 0
    assert "thumb" in capsys.readouterr().out


def test_protect_writes_masked_files_beside_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["protect", HAND, "-o", str(tmp_path), "--style", "solid"]) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["hand_00119_protected (2).jpg", "hand_00119_protected.jpg"]
    written = np.asarray(Image.open(tmp_path / names[1]).convert("RGB")).astype(int)
    original = np.asarray(Image.open(HAND).convert("RGB")).astype(int)
    assert written.shape == original.shape
    assert 0.002 < (np.abs(written - original).max(axis=2) > 60).mean() < 0.2
    assert names[1] in capsys.readouterr().out


def test_a_bad_file_is_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "words.jpg"
    bad.write_text("no photo")
    assert main(["find", str(bad), str(tmp_path / "gone.jpg"), HAND, "--json"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and "words.jpg" in err and "gone.jpg" in err


def test_a_huge_file_is_refused_unread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(3 * 1024**3)
    assert main(["find", str(huge)]) == 1
    assert "30 MB" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--confidence", "2"], ["--mode", "brave"]])
def test_wrong_options_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["find", HAND, *wrong])
    assert stopped.value.code == 2


def test_other_formats(tmp_path: Path) -> None:
    assert main(["protect", HAND, "-o", str(tmp_path), "--format", "webp"]) == 0
    written = next(tmp_path.iterdir())
    assert Image.open(io.BytesIO(written.read_bytes())).format == "WEBP"


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vov_core", "find", HAND, "--json"],
        capture_output=True,
        text=True,
        cwd=SAMPLES.parent,
        timeout=120,
    )
    assert done.returncode == 0 and json.loads(done.stdout)["hands"] == 1
    assert "Traceback" not in done.stderr


def test_account_prints_a_link_for_admins_and_accounts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOV_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VOV_PUBLIC_URL", "https://vov.example.org")
    assert main(["account", "boss"]) == 1
    assert "boss" not in capsys.readouterr().out
    monkeypatch.setenv("VOV_ADMINS", "boss")
    assert main(["account", "Boss"]) == 0
    link = capsys.readouterr().out.split()[-1]
    address, _, token = link.partition("?reset=")
    assert address == "https://vov.example.org/account"
    people = People(Database(Settings.load().database_url), admins=["boss"])
    assert people.whose_link(token).is_admin


def test_account_tells_wrong_settings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[vov]\nauth = 'maybe'")
    assert main(["account", "boss"]) == 1
    assert "auth" in capsys.readouterr().err
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[vov")
    assert main(["account", "boss"]) == 1
