"""Backups and keys as docs/DEPLOYMENT.md describes them: all comes back, and old keys end."""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes

import pytest
from sqlalchemy.engine import make_url

from tests.services.servers import MariaDB, S3Server, program
from tests.suites.archive import rows, save
from tests.suites.places import Place
from vov_core.archive import Archive, Owner, open_archive
from vov_core.audit import AuditTrail
from vov_core.errors import DatabaseUnavailableError, StoreUnavailableError
from vov_core.settings import Settings
from vov_core.storage import S3Store

pytestmark = pytest.mark.services
ADVICE = "apt-get install mariadb-server"


def filled(archive: Archive, owner: Owner) -> dict[str, bytes]:
    """Photos that somebody keeps: id -> bytes. One more was deleted."""
    outputs = [token_bytes(3000) for _ in range(3)]
    kept = {save(archive, owner, output).id: output for output in outputs}
    archive.delete(owner, [save(archive, owner).id])
    return kept


def assert_restored(archive: Archive, owner: Owner, kept: dict[str, bytes]) -> None:
    assert {saved.id: archive.read(owner, saved.id) for saved in archive.list(owner)} == kept
    found = AuditTrail(archive.database).verify()
    assert found.intact and found.triggers and found.entries


def restored_objects(place: Place, objects: dict[str, bytes]) -> None:
    for key, data in objects.items():
        place.store().put(key, data, "image/jpeg")


def test_mariadb_and_s3(mariadb: MariaDB, place: Place) -> None:
    owner = Owner.new_guest()
    archive = place.archive()
    kept = filled(archive, owner)
    name = str(make_url(place.settings.database_url).database)
    server = ["--no-defaults", "-h127.0.0.1", f"-P{mariadb.port}", "-uroot", "--skip-ssl"]
    dump = subprocess.run(
        [program("mariadb-dump", ADVICE), *server, "--single-transaction", "--triggers", name],
        check=True,
        capture_output=True,
    ).stdout
    objects = {key: place.store().get(key) for key in place.stored_keys()}
    late = save(archive, owner, token_bytes(100))
    late_keys = place.stored_keys() - set(objects)
    archive.database.close()

    # The database is lost, and the bucket with all but what came after the backup.
    new = mariadb.new_database()
    program_ = [program("mariadb", ADVICE), *server, str(make_url(new).database)]
    subprocess.run(program_, input=dump, check=True, capture_output=True)
    mariadb.run(f"DROP DATABASE {name}")
    for key in objects:
        place.store().delete(key)
    again = Place(replace(place.settings, database_url=new), examples=1, steps=1)
    restored_objects(again, objects)
    reopened = again.archive()
    assert_restored(reopened, owner, kept)
    assert late.id not in kept and late_keys <= again.stored_keys()
    # What the restored database does not know is swept, once it is old enough to be no save.
    reopened.sweep(older_than=timedelta(0), listed=10_000)
    assert again.stored_keys() == set(objects)


def test_a_folder_and_sqlite(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    owner = Owner.new_guest()
    archive = open_archive(settings)
    kept = filled(archive, owner)
    backup = tmp_path / "backup"
    backup.mkdir()
    # While VOV runs: SQLite's own online backup, then the photos.
    with (
        closing(sqlite3.connect(settings.data_dir / "vov.sqlite")) as live,
        closing(sqlite3.connect(backup / "vov.sqlite")) as copy,
    ):
        live.backup(copy)
    shutil.copytree(settings.data_dir / "photos", backup / "photos")
    archive.database.close()
    shutil.rmtree(settings.data_dir)
    shutil.copytree(backup, settings.data_dir)
    assert_restored(open_archive(settings), owner, kept)


def test_the_databases_password_changes_without_a_pause(mariadb: MariaDB, place: Place) -> None:
    owner = Owner.new_guest()
    old = place.archive()
    kept = filled(old, owner)
    url = make_url(place.settings.database_url)
    mariadb.run(
        "CREATE USER vov_next@'127.0.0.1' IDENTIFIED BY 'another-database-password'",
        f"GRANT ALL ON {url.database}.* TO vov_next@'127.0.0.1'",
    )
    changed = url.set(username="vov_next", password="another-database-password")
    words = changed.render_as_string(hide_password=False)
    new = Place(replace(place.settings, database_url=words), examples=1, steps=1).archive()
    # Processes are restarted one by one: for a while both are at work.
    assert rows(old.database) == rows(new.database) == 3
    mariadb.run(f"REVOKE ALL ON {url.database}.* FROM {mariadb.USER}@'127.0.0.1'")
    old.database.close()
    with pytest.raises(DatabaseUnavailableError) as caught:
        old.list(owner)
    assert mariadb.PASSWORD not in str(caught.value)
    assert {saved.id for saved in new.list(owner)} == set(kept)
    mariadb.run("DROP USER vov_next@'127.0.0.1'")


def test_the_stores_keys_change_one_after_the_other(tmp_path: Path) -> None:
    server = S3Server(tmp_path)

    def store(access: str, secret: str) -> S3Store:
        return S3Store(
            bucket=server.BUCKET, endpoint=server.endpoint, access_key=access, secret_key=secret
        )

    def allowed(*pairs: tuple[str, str]) -> None:
        server.kill()
        credentials = [{"accessKey": access, "secretKey": secret} for access, secret in pairs]
        identity = {"name": "vov", "credentials": credentials, "actions": ["Admin"]}
        (tmp_path / "s3.json").write_text(json.dumps({"identities": [identity]}))
        server.ACCESS_KEY, server.SECRET_KEY = pairs[-1]  # type: ignore[misc]
        server.start()

    first, second = (server.ACCESS_KEY, server.SECRET_KEY), ("vov-next", "another-secret-s3-key")
    key = f"{'a' * 32}/{'b' * 32}-{'c' * 8}"
    server.start()
    try:
        store(*first).put(key, b"kept", "image/jpeg")
        allowed(first, second)
        assert store(*first).get(key) == store(*second).get(key) == b"kept"
        allowed(second)
        assert store(*second).get(key) == b"kept"
        with pytest.raises(StoreUnavailableError) as caught:
            store(*first).get(key)
        assert first[1] not in str(caught.value)
    finally:
        server.kill()
