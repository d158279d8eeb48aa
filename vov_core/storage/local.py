"""The embedded object store: files in a folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from vov_core.errors import ObjectMissingError, StoreFullError, StoreUnavailableError
from vov_core.storage.base import KEY, ObjectStore, check_key

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PART: Final = ".part"


@contextmanager
def _told() -> Iterator[None]:
    """Tells operating system errors as ours; paths stay out of the details."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFullError() from error
        reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise StoreUnavailableError(reason=reason) from error


class LocalStore(ObjectStore):
    """Objects as files that only this user can read: 0600 in folders of 0700.

    An object is written beside its place, flushed to the disk and renamed, so a crash leaves either
    the whole object or a ``.part`` file that ``delete`` removes.

    Args:
        root: The folder; made when needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        archive, name = check_key(key).split("/")
        return self._root / archive / name[:2] / name

    def put(self, key: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
        """Writes an object; see the base class. A folder has no place for a content type."""
        path = self._path(key)
        part = path.with_name(path.name + _PART)
        with _told():
            _make_folders(path.parent, self._root)
            try:
                _write(part, data)
                part.replace(path)
            except BaseException:
                with suppress(OSError):
                    part.unlink()
                raise
            _flush_folder(path.parent)

    def get(self, key: str) -> bytes:
        """The object's bytes; see the base class."""
        path = self._path(key)
        with _told():
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                raise ObjectMissingError() from None

    def delete(self, key: str) -> None:
        """Removes an object; see the base class."""
        path = self._path(key)
        with _told():
            for file in (path, path.with_name(path.name + _PART)):
                file.unlink(missing_ok=True)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with a prefix; see the base class."""
        with _told():
            for archive in _names(self._root):
                if not (archive.startswith(prefix) or prefix.startswith(archive)):
                    continue
                wanted = prefix[len(archive) + 1 :][:2]
                for shard in _names(self._root / archive):
                    if not shard.startswith(wanted):
                        continue
                    for name in _names(self._root / archive / shard):
                        key = f"{archive}/{name.removesuffix(_PART)}"
                        if key.startswith(prefix) and KEY.fullmatch(key):
                            yield key

    def link(self, key: str, seconds: int, file_name: str) -> None:
        """None: a folder serves no links."""

    def check(self) -> None:
        """Writes and removes a small file; see the base class."""
        probe = self._root / f".check-{os.getpid()}"
        with _told():
            _make_folders(self._root, self._root)
            try:
                _write(probe, b"vov")
            finally:
                probe.unlink(missing_ok=True)


def _make_folders(folder: Path, root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    for path in reversed([folder, *folder.parents]):
        if path == root or root in path.parents:
            path.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 (a descriptor)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """The new name, too, must be on the disk before the database says "stored"."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
