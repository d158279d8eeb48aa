"""The archive on a folder and SQLite; what real servers add is in ``tests/services``."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from uuid import uuid4

import pytest

from tests.suites.archive import ArchiveSuite, archive, owner, rows, save
from tests.suites.local import place, small_disk
from tests.suites.places import InterruptedStore, Place, receipt_for
from vov_core.archive import Archive, Owner, OwnerKind, Swept, open_archive
from vov_core.database import engine
from vov_core.errors import (
    DatabaseUnavailableError,
    StoreFullError,
    StoreUnavailableError,
)

__all__ = ["archive", "owner", "place", "small_disk"]


class TestArchive(ArchiveSuite):
    """The shared suite."""


def test_open_archive_makes_everything(place: Place, owner: Owner) -> None:
    opened = open_archive(place.settings)
    saved = save(opened, owner)
    again = open_archive(place.settings)
    assert again.list(owner) == (saved,)
    assert again.link(owner, saved.id) is None


def test_open_archive_sweeps(place: Place) -> None:
    first = open_archive(place.settings)
    place.store().put(f"{first.database.archive_id}/{'1' * 32}-{'2' * 8}", b"x", "image/png")
    assert len(place.stored_keys()) == 1
    open_archive(place.settings)
    assert place.stored_keys() == set()


def test_open_archive_with_a_store_that_is_none(place: Place) -> None:
    place.settings.data_dir.mkdir()
    (place.settings.data_dir / "photos").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailableError):
        open_archive(place.settings)


@pytest.mark.parametrize("moment", ["before_put", "after_put"])
def test_a_locked_database_in_the_middle_of_a_save(
    place: Place, owner: Owner, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_SQLITE_BUSY_SECONDS", 0.1)
    file = place.settings.data_dir / "vov.sqlite"
    output, save_id = token_bytes(50), uuid4()
    place.archive()
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        store = InterruptedStore(
            place.store(), **{moment: lambda: other.execute("BEGIN IMMEDIATE")}
        )
        stuck = place.archive(store)
        with pytest.raises(DatabaseUnavailableError):
            stuck.save(output, receipt_for(output), owner, save_id=save_id)
        assert stuck.list(owner) == ()
        other.execute("ROLLBACK")
    calm = place.archive()
    assert rows(calm.database) == len(place.stored_keys()) == 1
    saved = calm.save(output, receipt_for(output), owner, save_id=save_id)
    assert calm.sweep() == Swept(0, 1)
    assert calm.read(owner, saved.id) == output


def test_a_full_disk_under_the_whole_archive(place: Place, small_disk: Path, owner: Owner) -> None:
    settings = replace(place.settings, data_dir=small_disk, database_url="")
    full = open_archive(settings)
    small = save(full, owner)
    with pytest.raises(StoreFullError):
        save(full, owner, token_bytes(4_000_000))
    assert full.list(owner) == (small,)
    assert rows(full.database) == 1
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(StoreFullError):
        for _ in range(200):
            save(full, owner, token_bytes(4096))
    filler.unlink()
    assert small in full.list(owner, limit=1000)
    assert save(full, owner)


def test_a_database_that_is_none(place: Place, owner: Owner) -> None:
    opened = open_archive(place.settings)
    save(opened, owner)
    opened.database.close()
    for file in place.settings.data_dir.glob("vov.sqlite*"):
        file.write_bytes(b"this is no database" * 1000)
    with pytest.raises(DatabaseUnavailableError):
        opened.list(owner)
    with pytest.raises(DatabaseUnavailableError):
        save(opened, owner)
    with pytest.raises(DatabaseUnavailableError):
        open_archive(place.settings)


def test_a_store_that_refuses_keeps_its_error(place: Place, owner: Owner) -> None:
    opened = open_archive(place.settings)
    saved = save(opened, owner)
    root = place.settings.data_dir / "photos"
    root.rename(root.with_name("elsewhere"))
    root.write_text("no folder")
    with pytest.raises(StoreUnavailableError):
        save(opened, owner)
    assert opened.list(owner) == (saved,)
    root.unlink()
    root.with_name("elsewhere").rename(root)
    assert save(opened, owner)


def test_tokens_stay_out_of_sight() -> None:
    owner = Owner(OwnerKind.GUEST, "a-very-secret-guest-token")
    assert "secret" not in repr(owner)
    assert "secret" not in owner.key
    assert Owner.new_guest().token != Owner.new_guest().token
    with pytest.raises(ValueError, match="guessed"):
        Owner(OwnerKind.MEMBER, "short")


def test_a_token_may_hold_anything(place: Place) -> None:
    strange = Owner(OwnerKind.GUEST, "'; DROP TABLE photos; -- \ud800\0 손")
    opened: Archive = place.archive()
    saved = save(opened, strange)
    assert opened.list(strange) == (saved,)
