"""Starts the servers once for all service tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.servers import MariaDB, S3Server
from tests.suites.places import Place
from vov_core.settings import Settings


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.kill()  # Its own goodbye takes a quarter of a minute.


@pytest.fixture
def place(mariadb: MariaDB, s3: S3Server, tmp_path: Path) -> Place:
    """A new database on the server; its objects are its own by its archive's id."""
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=mariadb.new_database(),
        store="s3",
        s3_endpoint=s3.endpoint,
        s3_public_endpoint=s3.endpoint,
        s3_bucket=s3.BUCKET,
        s3_access_key=s3.ACCESS_KEY,
        s3_secret_key=s3.SECRET_KEY,
    )
    return Place(settings, examples=4, steps=12)
