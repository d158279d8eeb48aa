"""What an operator does on the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from tests.suites.archive import save
from vov_core.archive import Archive, Owner, open_archive
from vov_core.cli import main
from vov_core.database import Photo
from vov_core.settings import Settings


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("VOV_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(tmp_path)
    return open_archive(Settings(data_dir=tmp_path / "data"))


def test_purge(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    owner = Owner.new_guest()
    save(archive, owner)
    with archive.database.writing() as session:
        session.execute(update(Photo).values(created_at=datetime.now(UTC) - timedelta(days=31)))
    save(archive, owner)
    assert main(["purge", "--dry-run"]) == 0
    assert "1 photos" in capsys.readouterr().out and archive.totals(owner).photos == 2
    assert main(["purge"]) == 0
    assert "1 photos" in capsys.readouterr().out and archive.totals(owner).photos == 1
    with archive.database.writing() as session:
        session.execute(text("UPDATE jobs SET ran_at = ran_at - 864000000000"))
    assert main(["purge"]) == 1, "the clock jumped by ten days"
    assert main(["purge"]) == 0


def test_the_secrets_file_is_read(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = Owner.new_guest()
    save(archive, owner)
    with archive.database.writing() as session:
        session.execute(update(Photo).values(created_at=datetime.now(UTC) - timedelta(days=8)))
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text("[vov]\nguest_days = 7\n")
    assert main(["purge", "--dry-run"]) == 0
    assert "1 photos" in capsys.readouterr().out


def test_audit_verify(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    save(archive, owner := Owner.new_guest())
    assert main(["audit", "verify"]) == 0
    first = capsys.readouterr().out
    assert "2 entries" in first
    assert main(["audit", "verify"]) == 0
    assert capsys.readouterr().out == first
    with archive.database.writing() as session:
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit SET what = 'deleted' WHERE seq = 2"))
    assert main(["audit", "verify"]) == 1
    told = capsys.readouterr().out
    assert f"{owner.key[0]}:2" in told and "TRIGGER" in told and owner.key not in told


def test_a_wrong_setting_is_told(
    archive: Archive, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archive
    monkeypatch.setenv("VOV_GUEST_DAYS", "-1")
    assert main(["purge"]) == 1
    assert "guest_days" in capsys.readouterr().err
