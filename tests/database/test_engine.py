"""SQLite, and what does not need a server; MariaDB is in ``tests/services``."""

import sqlite3
import ssl
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

import pytest
from sqlalchemy import text

from tests.suites.database import DatabaseSuite
from tests.suites.local import place
from tests.suites.places import Place
from vov_core.database import Database, engine
from vov_core.database.models import UtcTime, to_microseconds
from vov_core.errors import DatabaseUnavailableError, SettingsError

__all__ = ["place"]


class TestSqlite(DatabaseSuite):
    """The shared suite."""


def test_the_files_are_for_this_user_only(place: Place) -> None:
    database = place.database()
    database.migrate()
    with database.writing() as session:
        session.execute(text("UPDATE identity SET archive_id = archive_id"))
        files = list(place.settings.data_dir.iterdir())
        assert {S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len(files) == 3
    assert S_IMODE(place.settings.data_dir.stat().st_mode) == 0o700


def test_opening_it_twice_drops_no_locks(place: Place) -> None:
    """Else another process that closes it takes the log away, and the file ends up corrupt."""
    first = place.database()
    first.migrate()
    first.check()
    place.database().migrate()
    file = place.settings.data_dir / "vov.sqlite"
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]).close()"
    statement = "UPDATE identity SET archive_id = archive_id"
    subprocess.run([sys.executable, "-c", script, str(file), statement], check=True)
    assert file.with_name("vov.sqlite-wal").exists()
    first.check()


def test_connections_are_set_up(place: Place) -> None:
    database = place.database()
    database.migrate()
    with database.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 15_000


def test_a_reader_does_not_wait_for_a_writer(place: Place) -> None:
    database = place.database()
    database.migrate()
    before = database.archive_id
    with database.writing() as writer:
        writer.execute(text("UPDATE identity SET archive_id = 'new'"))
        assert place.database().archive_id == before
    assert place.database().archive_id == "new"


def test_a_locked_file_is_told_in_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_SQLITE_BUSY_SECONDS", 0.1)
    database = place.database()
    database.migrate()
    file = place.settings.data_dir / "vov.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError) as caught, database.writing() as session:
            session.execute(text("UPDATE identity SET archive_id = 'new'"))
        assert caught.value.details == {"reason": sqlite3.SQLITE_BUSY}
        database.check()


def test_the_switch_to_wal_waits_its_turn(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_SQLITE_BUSY_SECONDS", 0.2)
    place.settings.data_dir.mkdir()
    file = place.settings.data_dir / "vov.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnavailableError):
            place.database().migrate()
        other.execute("ROLLBACK")
    place.database().migrate()


def test_a_folder_in_the_way(place: Place) -> None:
    (place.settings.data_dir / "vov.sqlite").mkdir(parents=True)
    with pytest.raises(DatabaseUnavailableError) as caught:
        place.database().migrate()
    assert caught.value.details == {"reason": "EISDIR"}


def test_no_file_yet(place: Place) -> None:
    with pytest.raises(DatabaseUnavailableError):
        place.database().check()


def test_all_connections_busy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    database = place.database()
    database.migrate()
    monkeypatch.setattr(database._engine.pool, "_timeout", 0.05)
    monkeypatch.setattr(database._engine.pool, "_max_overflow", 0)
    sessions = [database.reading() for _ in range(5)]
    for session in sessions:
        session.__enter__().execute(text("SELECT 1"))
    with pytest.raises(DatabaseUnavailableError) as caught:
        database.check()
    assert caught.value.details == {"reason": "busy"}
    for session in sessions:
        session.__exit__(None, None, None)
    database.check()


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    database = Database("mariadb+pymysql://vov:top-secret@127.0.0.1:1/vov")
    for call in (database.check, database.migrate):
        with pytest.raises(DatabaseUnavailableError) as caught:
            call()
        assert "top-secret" not in repr(caught.value) + str(caught.value)
        assert caught.value.__suppress_context__


def test_tls_takes_only_certificates(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    database = Database("mariadb+pymysql://vov@127.0.0.1:1/vov", tls=file)
    with pytest.raises(SettingsError) as caught:
        database.check()
    assert caught.value.details == {"name": "database_tls", "reason": "not_usable"}


def test_tls_checks_certificate_and_name() -> None:
    context = engine._tls_context(True)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_times_are_kept_to_the_microsecond() -> None:
    from datetime import UTC, datetime, timedelta, timezone

    kind = UtcTime()
    for time in (
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 2, 28, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=9))),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ):
        kept = kind.process_bind_param(time, None)
        assert isinstance(kept, int)
        assert kind.process_result_value(kept, None) == time
    with pytest.raises(ValueError, match="without a zone"):
        to_microseconds(datetime(2026, 1, 1))
