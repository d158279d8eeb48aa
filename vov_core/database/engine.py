"""How VOV talks to its database: connections, transactions, errors and migrations."""

import errno
import logging
import os
import sqlite3
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event, make_url, select, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from vov_core.database.models import Identity
from vov_core.errors import DatabaseUnavailableError, SettingsError, StoreFullError, VovError

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_log = logging.getLogger(__name__)
_SQLITE_BUSY_SECONDS: Final = 15
_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 30
_MIGRATION_SECONDS: Final = 300
# MariaDB: disk full (temporary table, data file), table full, no space for the log.
_MARIADB_FULL: Final = {1021, 1026, 1114}
_WRITES: Final = "vov_writes"


class Database:
    """One database and its connections; safe to share between threads.

    Args:
        url: SQLAlchemy URL of a SQLite file or a MariaDB server.
        tls: For MariaDB: whether its certificate is checked, as in ``Settings.database_tls``.
    """

    def __init__(self, url: str, *, tls: bool | Path = False) -> None:
        self._url = make_url(url)
        self._tls = tls

    @property
    def _embedded(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @cached_property
    def _engine(self) -> Engine:
        if self._embedded:
            return _sqlite_engine(self._url)
        return create_engine(
            self._mariadb_url,
            connect_args=self._mariadb_arguments(_ANSWER_SECONDS),
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            pool_pre_ping=True,
            pool_recycle=1800,
            pool_timeout=_CONNECT_SECONDS,
        )

    @property
    def _mariadb_url(self) -> URL:
        return self._url.update_query_dict({"charset": "utf8mb4"})

    def _mariadb_arguments(self, answer_seconds: int) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": answer_seconds,
            "write_timeout": answer_seconds,
        }
        if self._tls:
            arguments["ssl"] = _tls_context(self._tls)
        return arguments

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the database and writes nothing.

        Raises:
            DatabaseUnavailableError: The database does not answer or refuses.
        """
        with self._session(writes=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are all kept when the block ends, or none if it raises.

        Raises:
            DatabaseUnavailableError: The database does not answer or refuses. If this happens at
                the end of the block, the changes may or may not have been kept.
            StoreFullError: The database has no room left.
            IntegrityError: A row of this key is there already (SQLAlchemy's own error).
        """
        with self._session(writes=True) as session:
            yield session

    @contextmanager
    def _session(self, *, writes: bool) -> Iterator[Session]:
        with _told(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: writes})
            with Session(connection, expire_on_commit=False) as session, session.begin():
                yield session

    @cached_property
    def archive_id(self) -> str:
        """The random id that this database's objects carry; made by the first migration."""
        with self.reading() as session:
            return session.scalars(select(Identity.archive_id)).one()

    def check(self) -> None:
        """Tries whether the database answers.

        Raises:
            DatabaseUnavailableError: It does not.
        """
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Brings the tables up to date; processes that do so at the same time take turns.

        Raises:
            DatabaseUnavailableError: The database does not answer or refuses, or was made by a
                newer VOV (``reason`` is ``newer``).
            StoreFullError: No room left.
        """
        with _told(), self.locked() as connection:
            try:
                command.upgrade(migration_config(connection), "head")
            except CommandError:
                raise DatabaseUnavailableError(reason="newer") from None

    @contextmanager
    def locked(self) -> Iterator[Connection]:
        """A connection in a transaction that no other process's migration can run beside."""
        if self._embedded:
            _prepare_sqlite(self._url)
            with self._engine.connect() as connection:
                connection.execution_options(**{_WRITES: True})
                with connection.begin():
                    yield connection
            return
        engine = create_engine(
            self._mariadb_url,
            connect_args=self._mariadb_arguments(_MIGRATION_SECONDS + _ANSWER_SECONDS),
            hide_parameters=True,
            poolclass=NullPool,
        )
        # The lock belongs to the connection: the server frees it even if this process is killed.
        name = f"vov migration of {self._url.database}"[:64]
        with engine.connect() as connection:
            if not connection.scalar(
                text("SELECT GET_LOCK(:name, :seconds)"),
                {"name": name, "seconds": _MIGRATION_SECONDS},
            ):
                raise DatabaseUnavailableError(reason="locked")
            yield connection
            connection.commit()

    def close(self) -> None:
        """Closes all connections; the next use opens new ones."""
        self._engine.dispose()


def migration_config(connection: Connection) -> Config:
    """Alembic's configuration for a connection; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _told() -> Iterator[None]:
    """Tells the drivers' errors as ours. Their messages may quote values, so they end here."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _translate(error) from None
    except PoolTimeoutError:
        raise DatabaseUnavailableError(reason="busy") from None


def _translate(error: DBAPIError) -> VovError:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        # Errors that the driver itself raises carry no code.
        code: object = getattr(cause, "sqlite_errorcode", None)
        full = code == sqlite3.SQLITE_FULL
    else:
        code = cause.args[0] if cause is not None and cause.args else None
        full = code in _MARIADB_FULL
    reason = code if isinstance(code, int) else type(cause).__name__
    _log.warning("database error %s %s", type(cause).__name__, reason)
    return StoreFullError() if full else DatabaseUnavailableError(reason=reason)


def _tls_context(authority: bool | Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority if isinstance(authority, Path) else None)
    except OSError:
        raise SettingsError(name="database_tls", reason="not_usable") from None


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": _SQLITE_BUSY_SECONDS}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin transactions late and by itself; "_begun" does it.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A transaction that starts as a reader can't wait for its turn to write: take it at once.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare_sqlite(url: URL) -> None:
    """Makes the file (for this user only) and lets readers and a writer work side by side."""
    file = Path(url.database or "")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, "")
        # Never opened once it is there: closing it would drop the locks that SQLite holds for
        # this process, and another process could then take the log away under its hands.
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise DatabaseUnavailableError(reason=errno.errorcode.get(error.errno or 0, "")) from None
    try:
        with closing(sqlite3.connect(file, timeout=_SQLITE_BUSY_SECONDS)) as connection:
            _switch_to_wal(connection)
    except sqlite3.Error as error:
        raise _translate(DBAPIError("PRAGMA journal_mode", None, error)) from None


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switches once for all time; SQLite does not wait here by itself when two try at once."""
    deadline = time.monotonic() + _SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
