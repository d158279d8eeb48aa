"""Everything that a larger installation has, on one machine and without containers: ``make stack``.

nginx with TLS, two app processes, MariaDB and an S3 server, all on 127.0.0.1 but the proxy. For
trying out and for tests: the certificate is signed by nobody, and data stays in the given folder.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from urllib.error import URLError
from urllib.request import urlopen

from tests.services.servers import MariaDB, S3Server, Server, free_ports, program

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent


class App(Server):
    """One app process."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._settings = settings

    def command(self) -> list[str]:
        """The start that ``make run`` uses, for the proxy only."""
        options = {
            "server.port": str(self.port),
            "server.address": "127.0.0.1",
            "browser.serverAddress": "localhost",
        }
        given = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [sys.executable, str(ROOT / "serve.py"), *given]

    def environment(self) -> Mapping[str, str]:
        """Streamlit reads its configuration from the working folder, so that is the project's."""
        return self._settings

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=ROOT,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(self.is_ready)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


class Proxy(Server):
    """nginx with the configuration of a real installation."""

    def __init__(self, folder: Path, port: int, apps: tuple[App, App]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.port = port
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        _certificate(folder)
        facts = {
            "FOLDER": str(folder),
            "LISTEN": str(port),
            "CERTIFICATE": str(folder / "proxy.pem"),
            "CERTIFICATE_KEY": str(folder / "proxy.key"),
            "APP_A": f"127.0.0.1:{apps[0].port}",
            "APP_B": f"127.0.0.1:{apps[1].port}",
        }
        for name, target in (("nginx", "vov.conf"), ("nginx-alone", "nginx.conf")):
            template = (HERE / f"{name}.conf.template").read_text()
            # Only these: nginx has variables of its own.
            for key, value in facts.items():
                template = template.replace(f"${{{key}}}", value)
            (folder / target).write_text(template)

    def command(self) -> list[str]:
        """Nothing of the system's own configuration is read."""
        nginx = program("nginx", "apt-get install nginx-light")
        return [nginx, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _certificate(folder: Path) -> None:
    if (folder / "proxy.pem").exists():
        return
    subprocess.run(
        [
            *[program("openssl", "apt-get install openssl"), "req", "-x509"],
            *["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
            *["-subj", "/CN=localhost", "-days", "30"],
            *["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            *["-keyout", "proxy.key", "-out", "proxy.pem"],
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@contextmanager
def running(folder: Path, port: int) -> Iterator[tuple[Proxy, tuple[App, App]]]:
    """The whole stack with fresh servers in a folder; all of it is stopped after.

    Args:
        folder: Empty or not there yet.
        port: Of the proxy.
    """
    with ExitStack() as stack:
        database = MariaDB(_made(folder / "mariadb"))
        store = S3Server(_made(folder / "s3"))
        for server in (database, store):
            _keep(stack, server)
        settings = {
            "VOV_DATABASE_URL": database.new_database(),
            "VOV_STORE": "s3",
            "VOV_S3_ENDPOINT": store.endpoint,
            "VOV_S3_BUCKET": store.BUCKET,
            "VOV_S3_ACCESS_KEY": store.ACCESS_KEY,
            "VOV_S3_SECRET_KEY": store.SECRET_KEY,
            "VOV_SECRET_KEY": token_hex(32),
        }
        apps = (App(folder / "app-a", settings), App(folder / "app-b", settings))
        for app in apps:
            _keep(stack, app)
        proxy = Proxy(folder / "proxy", port, apps)
        _keep(stack, proxy)
        yield proxy, apps


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _keep(stack: ExitStack, server: Server) -> None:
    server.start()
    stack.callback(server.stop)


def main() -> None:
    """Runs until Ctrl+C."""
    parser = argparse.ArgumentParser(prog="make stack", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "stack")
    parser.add_argument("--port", type=int, default=8443)
    wanted = parser.parse_args()
    # Servers of a trial begin empty: what is kept for good belongs into a real installation.
    shutil.rmtree(wanted.folder, ignore_errors=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with running(wanted.folder.resolve(), wanted.port) as (proxy, apps):
        print(f"VOV on https://localhost:{proxy.port} (a self-made certificate; Ctrl+C ends it)")
        print(f"logs: {wanted.folder}/*/server.log; processes on {[app.port for app in apps]}")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    main()
