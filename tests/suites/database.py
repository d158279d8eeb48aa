"""What every database does: migrations above all."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from tests.suites.places import Place
from vov_core.archive import Owner, OwnerKind
from vov_core.database import Base, Database, Photo, UsageDay
from vov_core.database.engine import MIGRATIONS, migration_config
from vov_core.errors import DatabaseUnavailableError

OWNER = Owner(OwnerKind.GUEST, "the owner of the filled table")

# What a database of each revision may hold. A new revision needs its own entry, as it was then.
FILLED: dict[str, dict[str, dict[str, Any]]] = {
    "0001": {
        "photos": {
            "id": "0f" * 16,
            "owner": OWNER.key,
            "owner_kind": "guest",
            "state": "stored",
            "attempt": "ab" * 4,
            "created_at": 1_767_225_600_000_000,
            "stored_at": 1_767_225_600_500_000,
            "approved_at": 1_767_225_590_000_000,
            "output_sha256": "cd" * 32,
            "bytes": 123_456,
            "width": 640,
            "height": 480,
            "format": "jpeg",
            "file_name": "손_protected.jpg",
            "verdict": "danger",
            "style": "solid",
            "mode": "safe",
            "confidence": 0.25,
            "coverage": 1.2,
            "strength": 0.5,
            "softness": 0.1,
            "hands": 1,
            "regions_found": 5,
            "fingerprints_covered": 5,
            "left_out": 0,
            "drawn": 0,
            "models": '{"hand_landmarker": "0123456789ab"}',
            "app_version": "0.1.0",
            "ms_total": 321.5,
        },
        "usage": {
            "saved_at": 1_767_225_600_500_000,
            "owner_kind": "guest",
            "verdict": "danger",
            "style": "solid",
            "mode": "safe",
            "hands": 1,
            "regions_found": 5,
            "fingerprints_covered": 5,
            "left_out": 0,
            "drawn": 0,
            "bytes": 123_456,
            "ms_total": 321.5,
        },
    },
}
_LATER = 1_767_225_600_000_000
FILLED["0002"] = FILLED["0001"] | {
    "accounts": {
        "id": "2a" * 16,
        "login": "kim.minji",
        "name": "김민지",
        "email": "minji@example.org",
        "confirmed_email": "minji@example.org",
        "kind": "personal",
        "field_of_work": "design",
        "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "owner_token": "t" * 43,
        "created_at": _LATER,
        "seen_at": None,
        "disabled_at": None,
    },
    "sign_ins": {
        "token_hash": "2b" * 32,
        "account_id": "2a" * 16,
        "browser": "Chrome · Windows",
        "created_at": _LATER,
        "seen_at": _LATER,
        "expires_at": _LATER,
    },
    "one_time_links": {
        "token_hash": "2c" * 32,
        "account_id": "2a" * 16,
        "purpose": "reset",
        "email": None,
        "expires_at": _LATER,
    },
    "social_identities": {
        "`key`": "2d" * 32,
        "account_id": "2a" * 16,
        "provider": "google",
        "created_at": _LATER,
    },
    "tries": {"`key`": "2e" * 32, "count": 3, "expires_at": _LATER, "blocked_until": None},
}
FILLED["0003"] = FILLED["0002"] | {
    "mail": {
        "id": "1e" * 16,
        "owner": OWNER.key,
        "recipient": "ef" * 32,
        "state": "sent",
        "attempts": 1,
        "photos": 1,
        "created_at": 1_767_225_600_000_000,
        "next_try": 1_767_225_600_000_000,
        "finished_at": 1_767_225_601_000_000,
        "key_id": "0123456789abcdef",
    },
}
FILLED["0004"] = {
    **{table: row for table, row in FILLED["0003"].items() if table != "usage"},
    "usage_days": {
        "day": 20_454,
        "photos": 1,
        **{
            name: value
            for name, value in FILLED["0001"]["usage"].items()
            if name not in {"saved_at", "mode"}
        },
    },
    "usage_fields": {"field_of_work": "it", "photos": 1, "danger": 1},
    "usage_people": {"field_of_work": "it", "person": "ef" * 32},
    "consents": {
        "owner": OWNER.key,
        "owner_kind": "guest",
        "version": "1-30",
        "given_at": 1_767_225_600_000_000,
        "withdrawn_at": None,
    },
}
FILLED["0005"] = FILLED["0004"] | {
    "photos": {**FILLED["0004"]["photos"], "readable": 3, "partly": 1, "unreadable": 1},
    "usage_days": {**FILLED["0004"]["usage_days"], "readable": 3, "partly": 1, "unreadable": 1},
}


def revisions() -> list[str]:
    script = ScriptDirectory(str(MIGRATIONS))
    return [revision.revision for revision in script.walk_revisions()][::-1]


def go_to(database: Database, revision: str) -> None:
    with database.locked() as connection:
        config = migration_config(connection)
        if revision == "base":
            command.downgrade(config, "base")
        else:
            command.upgrade(config, revision)


def fill(database: Database, revision: str) -> None:
    with database.writing() as session:
        for table, row in FILLED[revision].items():
            names = ", ".join(row)
            bound = {name.strip("`"): value for name, value in row.items()}
            values = ", ".join(f":{name}" for name in bound)
            session.execute(text(f"INSERT INTO `{table}` ({names}) VALUES ({values})"), bound)


def tables(database: Database) -> set[str]:
    with database.reading() as session:
        return set(inspect(session.connection()).get_table_names()) - {"alembic_version"}


def migrate_at_once(place: Place, barrier: Any, ids: Any) -> None:
    """One of several processes that start at the same moment."""
    database = place.database()
    barrier.wait(30)
    database.migrate()
    ids.put(database.archive_id)


class DatabaseSuite:
    def test_models_are_what_the_migrations_make(self, place: Place) -> None:
        database = place.database()
        database.migrate()
        with database.locked() as connection:
            command.check(migration_config(connection))

    def test_a_migrated_database_is_left_as_it_is(self, place: Place) -> None:
        database = place.database()
        database.migrate()
        before = database.archive_id
        again = place.database()
        again.migrate()
        assert again.archive_id == before

    def test_down_to_nothing_and_up_again(self, place: Place) -> None:
        database = place.database()
        database.migrate()
        full = tables(database)
        assert full == set(Base.metadata.tables)
        go_to(database, "base")
        assert tables(database) == set()
        go_to(database, "head")
        assert tables(database) == full
        with database.locked() as connection:
            command.check(migration_config(connection))

    @pytest.mark.parametrize("revision", revisions())
    def test_a_filled_database_of_each_revision_is_upgraded(
        self, place: Place, revision: str
    ) -> None:
        database = place.database()
        with database.locked():
            pass
        go_to(database, revision)
        fill(database, revision)
        archive = place.archive()
        (saved,) = archive.list(OWNER)
        assert saved.id == "0f" * 16
        assert saved.receipt.file_name == "손_protected.jpg"
        assert saved.receipt.models == {"hand_landmarker": "0123456789ab"}
        assert saved.saved_at.isoformat() == "2026-01-01T00:00:00+00:00"
        with database.reading() as session:
            usage = session.scalars(select(UsageDay)).one()
            assert (usage.day, usage.photos, usage.fingerprints_covered) == (20_454, 1, 5)
            assert (usage.owner_kind, usage.verdict, usage.bytes) == ("guest", "danger", 123_456)
            measured = FILLED[revision]["photos"].get("readable")
            assert saved.receipt.readable == measured
            assert usage.readable == (measured or 0)

    def test_half_a_first_migration_is_completed(self, place: Place) -> None:
        database = place.database()
        database.migrate()
        before = database.archive_id
        with database.writing() as session:
            session.execute(text("DROP TABLE usage_people"))
            session.execute(text("DELETE FROM alembic_version"))
        again = place.database()
        again.migrate()
        assert tables(again) == set(Base.metadata.tables)
        assert again.archive_id == before

    def test_processes_that_migrate_at_once_all_succeed(self, place: Place) -> None:
        context = multiprocessing.get_context("spawn")
        barrier, ids = context.Barrier(2), context.Queue()
        processes = [
            context.Process(target=migrate_at_once, args=(place, barrier, ids)) for _ in range(2)
        ]
        for process in processes:
            process.start()
        found = {ids.get(timeout=60) for _ in processes}
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0, 0]
        assert found == {place.database().archive_id}

    def test_threads_that_migrate_at_once_all_succeed(self, place: Place) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: place.database().migrate(), range(8)))
        place.database().check()

    def test_a_database_of_a_newer_version_is_refused(self, place: Place) -> None:
        database = place.database()
        database.migrate()
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(DatabaseUnavailableError) as caught:
            place.database().migrate()
        assert caught.value.details == {"reason": "newer"}

    def test_an_error_takes_everything_back(self, place: Place) -> None:
        database = place.database()
        database.migrate()
        with pytest.raises(RuntimeError), database.writing() as session:
            session.execute(text("UPDATE identity SET archive_id = 'x'"))
            raise RuntimeError
        assert place.database().archive_id != "x"

    def test_missing_tables_are_told_without_the_statement(self, place: Place) -> None:
        database = place.database()
        with database.locked():
            pass
        with pytest.raises(DatabaseUnavailableError) as caught, database.reading() as session:
            session.scalars(select(Photo).where(Photo.file_name == "a person's file")).all()
        assert "person" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
