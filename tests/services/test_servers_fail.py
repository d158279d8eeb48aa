"""Servers that are killed in the middle, wrong keys, links, encryption."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.services.servers import MariaDB, S3Server, Server, ServerMissingError, program
from tests.suites.archive import archive, owner, rows, save
from tests.suites.places import InterruptedStore, Place, receipt_for
from tests.suites.store import new_key
from vov_core.archive import Archive, Owner, Swept, open_archive
from vov_core.errors import (
    ArchiveError,
    DatabaseUnavailableError,
    ObjectMissingError,
    StoreUnavailableError,
)
from vov_core.history import History
from vov_core.storage import S3Store

__all__ = ["archive", "owner"]

pytestmark = pytest.mark.services


@pytest.fixture
def _restarted(mariadb: MariaDB, s3: S3Server) -> Iterator[None]:
    """Whatever a test does to the servers, the next one finds them running."""
    yield
    for server in (mariadb, s3):
        if not server.is_ready():
            server.kill()
            server.start()


def fail_in_save(
    place: Place, owner: Owner, server: Server, moment: str
) -> tuple[ArchiveError, dict]:
    """Kills a server in the middle of a save; returns the error and what to save again."""
    store = InterruptedStore(place.store(), **{moment: server.kill})
    output, save_id = token_bytes(5000), uuid4()
    again = {
        "output": output,
        "receipt": receipt_for(output),
        "owner": owner,
        "save_id": save_id,
    }
    with pytest.raises(ArchiveError) as caught:
        place.archive(store).save(**again)
    server.start()
    return caught.value, again


@pytest.mark.usefixtures("_restarted")
class TestKilledServers:
    @pytest.mark.parametrize("moment", ["before_put", "after_put"])
    def test_mariadb_in_a_save(
        self, place: Place, owner: Owner, mariadb: MariaDB, moment: str
    ) -> None:
        error, again = fail_in_save(place, owner, mariadb, moment)
        assert type(error) is DatabaseUnavailableError
        assert mariadb.PASSWORD not in repr(error)
        archive = place.archive()
        assert archive.list(owner) == ()
        assert rows(archive.database) == len(place.stored_keys()) == 1
        assert archive.sweep() == Swept(0, 0)
        saved = archive.save(**again)
        assert archive.list(owner) == (saved,)
        assert archive.sweep() == Swept(0, 1)
        assert archive.read(owner, saved.id) == again["output"]
        assert len(place.stored_keys()) == 1

    def test_mariadb_in_a_save_that_is_never_repeated(
        self, place: Place, owner: Owner, mariadb: MariaDB
    ) -> None:
        fail_in_save(place, owner, mariadb, "after_put")
        archive = place.archive()
        assert archive.sweep(older_than=timedelta(0)) == Swept(1, 0)
        assert rows(archive.database) == len(place.stored_keys()) == 0

    def test_s3_before_the_put(self, place: Place, owner: Owner, s3: S3Server) -> None:
        error, again = fail_in_save(place, owner, s3, "before_put")
        assert type(error) is StoreUnavailableError
        assert s3.SECRET_KEY not in repr(error)
        archive = place.archive()
        assert archive.list(owner) == ()
        saved = archive.save(**again)
        assert archive.list(owner) == (saved,)
        assert archive.sweep() == Swept(0, 0)
        assert archive.read(owner, saved.id) == again["output"]
        assert rows(archive.database) == len(place.stored_keys()) == 1

    def test_s3_after_the_put(self, place: Place, owner: Owner, s3: S3Server) -> None:
        """The object is there and so is the row: that save has worked."""
        store = InterruptedStore(place.store(), after_put=s3.kill)
        archive = place.archive(store)
        output = token_bytes(5000)
        saved = save(archive, owner, output)
        with pytest.raises(StoreUnavailableError):
            archive.read(owner, saved.id)
        s3.start()
        assert archive.list(owner) == (saved,)
        assert archive.read(owner, saved.id) == output

    def test_mariadb_in_a_delete(self, place: Place, owner: Owner, mariadb: MariaDB) -> None:
        store = InterruptedStore(place.store())
        archive = place.archive(store)
        saved = save(archive, owner)
        store.after_delete = mariadb.kill
        with pytest.raises(DatabaseUnavailableError):
            archive.delete(owner, [saved.id])
        mariadb.start()
        archive = place.archive()
        assert archive.list(owner) == ()
        assert archive.sweep() == Swept(1, 0)
        assert rows(archive.database) == len(place.stored_keys()) == 0

    def test_everything_down(
        self, place: Place, owner: Owner, mariadb: MariaDB, s3: S3Server
    ) -> None:
        archive = open_archive(place.settings)
        saved = save(archive, owner)
        mariadb.kill()
        for call in (archive.list, archive.totals):
            with pytest.raises(DatabaseUnavailableError):
                call(owner)
        with pytest.raises(DatabaseUnavailableError):
            save(archive, owner)
        with pytest.raises(DatabaseUnavailableError):
            open_archive(place.settings)
        s3.kill()
        with pytest.raises(StoreUnavailableError):
            open_archive(place.settings)
        mariadb.start()
        s3.start()
        assert archive.list(owner) == (saved,)
        assert save(archive, owner)


class TestS3:
    def test_a_wrong_key_is_told_without_the_secret(self, place: Place, s3: S3Server) -> None:
        secret = "not-the-secret-at-all"
        for changes, reason in (
            ({"s3_secret_key": secret}, "SignatureDoesNotMatch"),
            ({"s3_access_key": "nobody"}, "InvalidAccessKeyId"),
            ({"s3_bucket": "none-such"}, "NoSuchBucket"),
        ):
            with pytest.raises(StoreUnavailableError) as caught:
                open_archive(replace(place.settings, **changes))
            assert caught.value.details == {"reason": reason}
            for hidden in (secret, s3.SECRET_KEY):
                assert hidden not in repr(caught.value) + str(caught.value)

    def test_a_link_downloads_and_expires(self, place: Place, owner: Owner) -> None:
        archive = Archive(place.store(), place.archive().database, link_seconds=1)
        output = token_bytes(5000)
        saved = save(archive, owner, output, file_name="손 “1”_protected.jpg")
        link = archive.link(owner, saved.id)
        assert link is not None
        with urlopen(link) as answer:
            assert answer.read() == output
            assert answer.headers["Content-Type"] == "image/jpeg"
            disposition = answer.headers["Content-Disposition"]
            assert answer.headers["Cache-Control"] == "no-store"
        assert disposition.startswith('attachment; filename="_ _1__protected.jpg"')
        assert "filename*=UTF-8''%EC%86%90%20%E2%80%9C1%E2%80%9D_protected.jpg" in disposition
        time.sleep(2.1)
        with pytest.raises(HTTPError) as caught:
            urlopen(link)
        assert caught.value.code == 403

    def test_a_link_opens_nothing_else(self, place: Place, owner: Owner) -> None:
        archive = place.archive()
        first, second = save(archive, owner), save(archive, owner)
        link = archive.link(owner, first.id)
        assert link is not None
        keys = {key.split("/")[1][:32]: key for key in place.stored_keys()}
        for other in (
            link.replace(keys[first.id], keys[second.id]),
            link.split("?")[0],
            link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        ):
            assert other != link
            with pytest.raises(HTTPError) as caught:
                urlopen(other)
            assert caught.value.code in {400, 403}

    def test_more_keys_than_one_page(self, place: Place) -> None:
        store, archive_id = place.store(), "e" * 32
        keys = {new_key(archive_id) for _ in range(1005)}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(key, b"x", "image/png"), keys))
            assert set(store.keys(f"{archive_id}/")) == keys
            list(pool.map(store.delete, keys))
        assert list(store.keys(f"{archive_id}/")) == []

    def test_encryption_is_asked_for(self, place: Place) -> None:
        store = S3Store(
            bucket=place.settings.s3_bucket or "",
            endpoint=place.settings.s3_endpoint,
            access_key=place.settings.s3_access_key,
            secret_key=place.settings.s3_secret_key,
            sse="AES256",
        )
        key = new_key()
        store.put(key, b"to be encrypted", "image/png")
        head = store._client.head_object(Bucket=place.settings.s3_bucket, Key=key)
        assert head["ServerSideEncryption"] == "AES256"
        assert store.get(key) == b"to be encrypted"

    def test_prefixes_share_a_bucket(self, place: Place) -> None:
        one, two = (
            replace(place, settings=replace(place.settings, s3_prefix=prefix)).store()
            for prefix in ("one/", "two/")
        )
        key = new_key()
        one.put(key, b"1", "image/png")
        assert list(two.keys(key)) == []
        assert list(one.keys(key)) == [key]
        with pytest.raises(ObjectMissingError):
            two.get(key)


class TestMariaDB:
    def test_a_wrong_password_is_told_without_it(self, place: Place, mariadb: MariaDB) -> None:
        url = place.settings.database_url.replace(mariadb.PASSWORD, "wrong-password")
        for database_url in (url, place.settings.database_url + "_none"):
            with pytest.raises(DatabaseUnavailableError) as caught:
                open_archive(replace(place.settings, database_url=database_url))
            told = repr(caught.value) + str(caught.value)
            assert "wrong-password" not in told
            assert mariadb.PASSWORD not in told

    def test_tls_with_the_right_authority(self, place: Place, mariadb: MariaDB) -> None:
        settings = replace(place.settings, database_tls=mariadb.authority)
        archive = open_archive(settings)
        with archive.database.reading() as session:
            _, cipher = session.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()
        assert cipher

    def test_tls_with_an_unknown_authority(self, place: Place) -> None:
        with pytest.raises(DatabaseUnavailableError):
            open_archive(replace(place.settings, database_tls=True))

    def test_a_server_that_offers_tls_gets_it_unasked(self, place: Place) -> None:
        with place.archive().database.reading() as session:
            _, cipher = session.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()
        assert cipher

    def test_connections_closed_by_the_server_are_replaced(
        self, place: Place, mariadb: MariaDB, owner: Owner
    ) -> None:
        archive = place.archive()
        save(archive, owner)
        with archive.database.reading() as session:
            number = session.scalar(text("SELECT CONNECTION_ID()"))
        mariadb.run(f"KILL {number}")
        assert len(archive.list(owner)) == 1

    def test_emoji_and_case_are_kept_apart(self, place: Place, owner: Owner) -> None:
        archive = place.archive()
        save(archive, owner, style="Solid", file_name="👆🏽.jpg")
        save(archive, owner, style="solid", file_name="👇🏿.jpg")
        assert [group.totals.photos for group in History(archive.database).by_style()] == [1, 1]
        names = {photo.receipt.file_name for photo in archive.list(owner)}
        assert names == {"👆🏽.jpg", "👇🏿.jpg"}


def test_a_missing_server_fails_with_advice() -> None:
    with pytest.raises(ServerMissingError, match="apt-get install mariadb-server"):
        program("no-such-server-program", "apt-get install mariadb-server")


def test_the_servers_listen_on_this_machine_only(mariadb: MariaDB, s3: S3Server) -> None:
    ports = {mariadb.port, *s3._ports}
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    open_ports = {
        int(address.split(":")[1], 16): address.split(":")[0]
        for _, address, _, state, *_ in listening
        if state == "0A"
    }
    assert {open_ports.get(port) for port in ports} == {"0100007F"}
