"""The folder: rights, crashes, a full disk."""

import multiprocessing
import os
import resource
import signal
from pathlib import Path
from stat import S_IMODE

import pytest

from tests.suites.local import place, small_disk
from tests.suites.places import Place
from tests.suites.store import StoreSuite, new_key
from vov_core.errors import ObjectMissingError, StoreFullError, StoreUnavailableError
from vov_core.storage import LocalStore, local, open_store

__all__ = ["place", "small_disk"]


class TestLocalStore(StoreSuite):
    """The shared suite."""


def test_only_this_user_can_read(tmp_path: Path) -> None:
    root = tmp_path / "data" / "photos"
    store, key = LocalStore(root), new_key()
    old = os.umask(0)
    try:
        store.put(key, b"x", "image/png")
    finally:
        os.umask(old)
    files = [path for path in root.rglob("*") if path.is_file()]
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert [S_IMODE(path.stat().st_mode) for path in files] == [0o600]
    assert [S_IMODE(path.stat().st_mode) for path in folders] == [0o700] * 3
    assert files[0].parent.name == key.split("/")[1][:2]


def test_there_is_no_link(tmp_path: Path) -> None:
    assert LocalStore(tmp_path).link(new_key(), 60, "x.jpg") is None


def test_other_files_in_the_folder_are_no_objects(tmp_path: Path) -> None:
    store, key = LocalStore(tmp_path), new_key()
    store.put(key, b"x", "image/png")
    (tmp_path / "README").write_text("a person's own note")
    (tmp_path / key.split("/")[0] / "note").write_text("another one")
    (tmp_path / key.split("/")[0] / "ab").mkdir(exist_ok=True)
    (tmp_path / key.split("/")[0] / "ab" / "note.txt").write_text("another one")
    assert list(store.keys()) == [key]


def test_no_folder_no_keys(tmp_path: Path) -> None:
    assert list(LocalStore(tmp_path / "none").keys()) == []


def _be_killed_in_put(root: Path, key: str) -> None:
    def kill(_: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    local.os.fsync = kill
    LocalStore(root).put(key, b"half", "image/png")


def test_a_killed_put_leaves_no_object_but_can_be_removed(tmp_path: Path) -> None:
    key = new_key()
    process = multiprocessing.get_context("spawn").Process(
        target=_be_killed_in_put, args=(tmp_path, key)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    store = LocalStore(tmp_path)
    with pytest.raises(ObjectMissingError):
        store.get(key)
    assert list(store.keys()) == [key]
    store.delete(key)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk(small_disk: Path) -> None:
    store, key = LocalStore(small_disk / "photos"), new_key()
    store.put(key, b"fits", "image/png")
    with pytest.raises(StoreFullError):
        store.put(key, bytes(4_000_000), "image/png")
    assert store.get(key) == b"fits"
    assert [path.name for path in small_disk.rglob("*.part")] == []
    with (small_disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(StoreFullError):
        store.check()


def _put_under_a_limit(root: Path, answer: "multiprocessing.Queue[str]") -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        LocalStore(root).put(new_key(), bytes(5000), "image/png")
    except StoreFullError:
        answer.put("full")


def test_a_file_larger_than_allowed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_put_under_a_limit, args=(tmp_path, answer))
    process.start()
    assert answer.get(timeout=60) == "full"
    process.join(60)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.write_text("no folder")
    store, key = LocalStore(root), new_key()
    for call in (store.check, lambda: store.put(key, b"x", "image/png"), lambda: store.delete(key)):
        with pytest.raises(StoreUnavailableError) as caught:
            call()
        assert str(tmp_path) not in str(caught.value)
    with pytest.raises(ObjectMissingError):
        store.get(key)


def test_a_folder_where_the_object_should_be(tmp_path: Path) -> None:
    store, key = LocalStore(tmp_path), new_key()
    store._path(key).mkdir(parents=True)
    for call in (lambda: store.put(key, b"x", "image/png"), lambda: store.get(key)):
        with pytest.raises(StoreUnavailableError) as caught:
            call()
        assert caught.value.details == {"reason": "EISDIR"}


def test_a_link_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    store, key = LocalStore(tmp_path / "photos"), new_key()
    path = store._path(key)
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").symlink_to(victim)
    with pytest.raises(StoreUnavailableError):
        store.put(key, b"x", "image/png")
    assert victim.read_text() == "precious"


def test_open_store(place: Place) -> None:
    store = open_store(place.settings)
    assert isinstance(store, LocalStore)
    store.check()
    assert (place.settings.data_dir / "photos").is_dir()
