"""The app as a person starts it: a process of its own on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
_START_SECONDS = 120
# Written to by other programs at the same time: tools, trainings, an app that somebody else runs.
_OTHERS = {".venv", ".git", "runs", "data", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True)
class Server:
    """A running app and everything that it may write to."""

    url: str
    pid: int
    folder: Path
    started: float

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "app.log"

    def written(self) -> Iterator[Path]:
        """Every file that the process may have written since it started."""
        yield from (path for path in self.folder.rglob("*") if path.is_file())
        for folder, names, files in os.walk(ROOT):
            names[:] = [name for name in names if name not in _OTHERS]
            for name in files:
                path = Path(folder) / name
                if path.is_file() and path.stat().st_mtime >= self.started:
                    yield path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


MAKE_RUN = ("serve.py",)
PLAIN = ("-m", "streamlit", "run", "streamlit_app.py")


@contextmanager
def running(folder: Path, start: tuple[str, ...] = MAKE_RUN) -> Iterator[Server]:
    """Starts the app with all its data, temporary files and log in a folder; stops it after."""
    port = _free_port()
    for name in ("tmp", "home"):
        (folder / name).mkdir(parents=True)
    own = {
        "VOV_DATA_DIR": str(folder / "data"),
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder / "home"),
        # A test that closes its browser must not wait for a minute.
        "VOV_VIDEO_GRACE_SECONDS": "4",
    }
    started = time.time()
    command = [sys.executable, *start]
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
            cwd=ROOT,
            env={**os.environ, **own},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        server = Server(f"http://127.0.0.1:{port}", process.pid, folder, started)
        try:
            _wait(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(server.url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the app did not start:\n{server.log.read_text()[-3000:]}")
        time.sleep(0.1)
