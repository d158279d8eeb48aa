"""Servers that hang, clocks that jump: an error in time, nothing lost, and all is well after."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from uuid import uuid4

import pymysql
import pytest

from tests.services.servers import MariaDB, S3Server, Server
from tests.suites.archive import archive, owner, rows, save
from tests.suites.places import InterruptedStore, Place, receipt_for
from vov_core import archive as archive_module
from vov_core.archive import Archive, Owner, Swept
from vov_core.errors import DatabaseUnavailableError, StoreFullError, StoreUnavailableError

__all__ = ["archive", "owner"]

pytestmark = pytest.mark.services


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """Takes connections and never answers, as a server does whose disk hangs."""
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server._process.pid, signal.SIGCONT)


def test_a_hanging_store_is_told_and_the_save_can_be_repeated(
    place: Place, owner: Owner, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vov_core.storage.s3._READ_SECONDS", 1)
    monkeypatch.setattr("vov_core.storage.s3._ATTEMPTS", 1)
    archive = place.archive()
    output, save_id = token_bytes(5000), uuid4()
    again = {"receipt": receipt_for(output), "owner": owner, "save_id": save_id}
    with hanging(s3), pytest.raises(StoreUnavailableError):
        archive.save(output, **again)
    assert archive.list(owner) == ()
    saved = archive.save(output, **again)
    assert archive.read(owner, saved.id) == output
    archive.sweep(older_than=timedelta(0))
    assert rows(archive.database) == len(place.stored_keys()) == 1


def test_a_hanging_database_is_told_and_comes_back(
    place: Place, owner: Owner, mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vov_core.database.engine._ANSWER_SECONDS", 1)
    archive = place.archive()
    saved = save(archive, owner)
    with hanging(mariadb), pytest.raises(DatabaseUnavailableError):
        archive.list(owner)
    assert archive.list(owner) == (saved,)


@contextmanager
def full(s3: S3Server) -> Iterator[None]:
    """Has no room for anything more."""
    roomy = s3.room_left
    s3.kill()
    s3.room_left = "100000TiB"
    s3.start()
    try:
        yield
    finally:
        s3.kill()
        s3.room_left = roomy
        s3.start()


def test_a_full_store_is_told_and_the_save_can_be_repeated(
    place: Place, owner: Owner, s3: S3Server
) -> None:
    archive = place.archive()
    kept = save(archive, owner)
    output, save_id = token_bytes(5000), uuid4()
    again = {"receipt": receipt_for(output), "owner": owner, "save_id": save_id}
    with full(s3):
        with pytest.raises(StoreUnavailableError):  # This server says no more than "error".
            archive.save(output, **again)
        assert archive.list(owner) == (kept,)
        assert archive.read(owner, kept.id)
    saved = archive.save(output, **again)
    assert archive.read(owner, saved.id) == output
    archive.sweep(older_than=timedelta(0))
    assert rows(archive.database) == len(place.stored_keys()) == 2


def test_a_full_database_is_told_and_the_save_can_be_repeated(
    place: Place, owner: Owner, tmp_path: Path
) -> None:
    """All tables share two files that may not grow, until there is room again."""
    files = "--innodb-data-file-path=ibdata1:12M;ibdata2:8M"
    server = MariaDB(tmp_path)
    server.more_options = (files, "--innodb-file-per-table=0")
    server.start()
    try:
        small = replace(place, settings=replace(place.settings, database_url=server.new_database()))
        archive = small.archive()
        kept = save(archive, owner)
        output, save_id = token_bytes(500), uuid4()
        again = {"receipt": receipt_for(output), "owner": owner, "save_id": save_id}
        server.run("CREATE TABLE vov_1.filler (id INT AUTO_INCREMENT PRIMARY KEY, x CHAR(200))")
        fill(server)
        with pytest.raises(StoreFullError):
            while True:  # Pages that are there already have room for some rows.
                save(archive, owner)
        assert archive.read(owner, kept.id)
        server.stop()
        server.more_options = (f"{files}:autoextend", *server.more_options[1:])
        server.start()
        saved = archive.save(output, **again)
        assert archive.read(owner, saved.id) == output
        archive.sweep(older_than=timedelta(0))
        assert rows(archive.database) == len(small.stored_keys())
    finally:
        server.stop()


def fill(server: MariaDB) -> None:
    """Writes until the server's file has no page left."""
    with pytest.raises(pymysql.MySQLError) as error:
        while True:
            server.run(
                "INSERT INTO vov_1.filler (x) SELECT REPEAT('x', 200) FROM vov_1.seq_1_to_1000",
            )
    assert error.value.args[0] == 1114


class Clock(datetime):
    """A clock that is wrong by so much."""

    wrong_by = timedelta(0)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # noqa: ARG003
        return datetime.now(UTC) + cls.wrong_by


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-2), timedelta(days=400)])
def test_a_clock_that_jumps_loses_no_photo(
    place: Place, owner: Owner, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that a jump makes look dead fails cleanly and can be repeated; stored ones stay."""
    archive = place.archive()
    kept = save(archive, owner)
    monkeypatch.setattr(archive_module, "datetime", Clock)
    sweeper = place.archive()

    def jumped() -> None:
        monkeypatch.setattr(Clock, "wrong_by", jump)
        sweeper.sweep()

    store = InterruptedStore(place.store(), before_put=jumped)
    output, save_id = token_bytes(500), uuid4()
    again = {"receipt": receipt_for(output), "owner": owner, "save_id": save_id}
    try:
        Archive(store, archive.database).save(output, **again)
    except archive_module.ArchiveError as error:
        assert jump > timedelta(0) and error.details == {"reason": "superseded"}
    saved = archive.save(output, **again)
    monkeypatch.setattr(Clock, "wrong_by", timedelta(0))
    assert {photo.id for photo in archive.list(owner)} == {kept.id, saved.id}
    for photo in (kept, saved):
        assert archive.read(owner, photo.id)
    assert sweeper.sweep() == Swept(0, 0)
    assert rows(archive.database) == len(place.stored_keys()) == 2
