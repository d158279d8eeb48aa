"""The operator's question whether all is well."""

import json
import shutil
from pathlib import Path

import pytest

from tests.mail.post_office import post_office
from vov_core import models
from vov_core.cli import main
from vov_core.models import WEIGHTS
from vov_core.texts import Language, text


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("VOV_DATA_DIR", str(tmp_path / "data"))


def health(capsys: pytest.CaptureFixture[str], status: int) -> dict[str, dict]:
    assert main(["health", "--json"]) == status
    found: dict[str, dict] = json.loads(capsys.readouterr().out)
    return found


def states(found: dict[str, dict]) -> dict[str, str]:
    return {part: facts["state"] for part, facts in found.items()}


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    found = health(capsys, 0)
    assert states(found) == {"models": "ok", "store": "ok", "database": "ok", "mail": "off"}
    assert "hand_landmarker" in found["models"]["note"]
    assert (found["store"]["note"], found["database"]["note"]) == ("local", "SQLite")
    assert all(facts["ms"] >= 0 for facts in found.values())
    assert main(["health"]) == 0
    words = capsys.readouterr().out
    assert len(words.splitlines()) == 4
    assert f"{text(Language.ENGLISH, 'health.part_models')}: ok" in words


def test_one_that_fails_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    monkeypatch.setenv("VOV_DATABASE_URL", "mariadb://vov:the-password@127.0.0.1:1/vov")
    found = health(capsys, 1)
    assert states(found) == {"models": "ok", "store": "failed", "database": "failed", "mail": "off"}
    assert found["store"]["error"] == "store_unavailable"
    assert found["database"]["error"] == "database_unavailable"
    assert main(["health"]) == 1
    told = capsys.readouterr()
    assert "the-password" not in told.out + told.err + json.dumps(found)
    assert "Traceback" not in told.err


@pytest.mark.parametrize("harm", ["alter", "remove"])
def test_models_that_are_not_the_measured_ones(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    harm: str,
) -> None:
    weights = Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))
    monkeypatch.setattr(models, "WEIGHTS", weights)
    file = weights / "hand_landmarker.task"
    file.write_bytes(file.read_bytes()[:-1]) if harm == "alter" else file.unlink()
    found = health(capsys, 1)["models"]
    assert found["state"] == "failed"
    assert found["error"] == {"alter": "model_altered", "remove": "model_missing"}[harm]
    assert found["facts"] == {"file": file.name}


def test_the_mail_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOV_MAIL_FROM", "vov@example.org")
    monkeypatch.setenv("VOV_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("VOV_SMTP_SECURITY", "none")
    with post_office() as office:
        monkeypatch.setenv("VOV_SMTP_PORT", str(office.port))
        assert health(capsys, 0)["mail"]["state"] == "ok"
        assert not office.letters, "nothing was sent"
    found = health(capsys, 1)["mail"]
    assert (found["error"], found["facts"]) == ("mail_server", {"reason": "server"})


def test_a_wrong_setting_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOV_STORE", "attic")
    assert main(["health"]) == 1
    assert "store" in capsys.readouterr().err
