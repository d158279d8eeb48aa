"""The embedded place: a folder and SQLite. Import ``place`` (and ``small_disk``) to use it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suites.places import Place
from vov_core.settings import Settings


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(Settings(data_dir=tmp_path / "data"), examples=10, steps=20)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MiB, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk; RLIMIT_FSIZE stands in for it elsewhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
