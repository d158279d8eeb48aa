"""Where a batch reads and writes: a folder, or the objects under a prefix of a bucket."""

import errno
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from secrets import token_hex
from time import time_ns
from typing import Any, Final
from urllib.parse import urlsplit

from vov_core.errors import ArchiveError, BatchBusyError, BatchPlaceError
from vov_core.settings import Settings
from vov_core.storage.s3 import make_client, told

OWN: Final = ".vov-batch"
"""Folder of the batch's own files beside its outputs; never taken for photos."""
_SCHEME: Final = "s3"
_DELETED_AT_ONCE: Final = 1000  # S3's own limit
_READ_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a batch may read.

    Attributes:
        name: Relative to its place, with ``/`` between folders.
        size: In bytes.
        stamp: Changes whenever the content does: time of change, or the store's ETag.
    """

    name: str
    size: int
    stamp: str


class Place(ABC):
    """Files under relative names. Safe to use from several threads.

    Every method raises :class:`~vov_core.errors.BatchPlaceError` when the place fails.

    Attributes:
        label: What people call it.
        every: Lines of the manifest that one ``append`` should bring together.
    """

    label: str
    every: int

    @abstractmethod
    def files(self) -> Iterator[Source]:
        """All files, without those of a batch and without hidden ones."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """A file's bytes."""

    @abstractmethod
    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Writes a file: after this returns it is wholly there, before it is as it was."""

    @abstractmethod
    def append(self, name: str, data: bytes) -> None:
        """Adds to the end of one of the batch's own files."""

    @abstractmethod
    def appended(self, name: str) -> bytes:
        """What was written and added so far, and what lies in parts ``name.*``, in their order.

        Empty if there is nothing.
        """

    @abstractmethod
    def compact(self, name: str, data: bytes) -> None:
        """Replaces all that was added, and the parts, by these bytes."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """Keeps other batches away while it lasts, where the place has a way to.

        Raises:
            BatchBusyError: Another batch is at work here.
        """

    @abstractmethod
    def inside(self, other: "Place") -> str | None:
        """The name under which another place has this one in it; None if it has not."""


class FolderPlace(Place):
    """A folder and all folders in it. Links to folders are not followed.

    Args:
        root: The folder.
        new: It need not be there yet: the first file that is written makes it.
    """

    every = 1

    def __init__(self, root: Path, *, new: bool = False) -> None:
        self.root = root
        self.label = str(root)
        self._part = f"{time_ns():020}-{token_hex(4)}"
        if not root.is_dir() and (root.exists() or not new):
            code = errno.ENOTDIR if root.exists() else errno.ENOENT
            raise BatchPlaceError(place=self.label, reason=os.strerror(code))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise BatchPlaceError(place=self.label, reason=reason) from error

    def files(self) -> Iterator[Source]:
        """See the base class."""
        if not self.root.is_dir():
            return
        with self._told():
            for folder, folders, names in os.walk(self.root, onerror=_raise):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for path in (Path(folder) / name for name in sorted(names)):
                    if not path.name.startswith(".") and path.is_file():
                        facts = path.stat()
                        relative = path.relative_to(self.root).as_posix()
                        yield Source(relative, facts.st_size, str(facts.st_mtime_ns))

    def read(self, name: str) -> bytes:
        """See the base class."""
        with self._told():
            return (self.root / name).read_bytes()

    def write(self, name: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
        """See the base class. A folder has no place for a content type."""
        path = self.root / name
        # Random: several machines may share the folder.
        part = self.root / OWN / "parts" / token_hex(16)
        with self._told():
            part.parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def append(self, name: str, data: bytes) -> None:
        """See the base class. It becomes a part, so that what was noted later is read later."""
        path = self.root / OWN / f"{name}.{self._part}"
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(data)

    def appended(self, name: str) -> bytes:
        """See the base class."""
        with self._told():
            # A part whose end a kill cut off must not swallow the next one's first line.
            return b"\n".join(path.read_bytes() for path in self._parts(name))

    def _parts(self, name: str) -> list[Path]:
        own = self.root / OWN
        whole = [own / name] if (own / name).is_file() else []
        return [*whole, *sorted(own.glob(f"{escape(name)}.*"))]

    def compact(self, name: str, data: bytes) -> None:
        """See the base class. A kill in between leaves parts that say the same once more."""
        with self._told():
            parts = self._parts(name)
            self.write(f"{OWN}/{name}", data, "application/jsonl")
            for part in parts:
                if part.name != name:
                    part.unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """See the base class. The system lifts the lock when the process ends, however it ends."""
        own = self.root / OWN
        with self._told():
            own.mkdir(parents=True, exist_ok=True)
            file = (own / "lock").open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BatchBusyError(place=self.label) from None
            # Whatever lies here is of a batch that was killed.
            for part in (own / "parts").glob("*"):
                part.unlink(missing_ok=True)
            yield

    def inside(self, other: Place) -> str | None:
        """See the base class."""
        if not isinstance(other, FolderPlace):
            return None
        mine, theirs = self.root.resolve(), other.root.resolve()
        return mine.relative_to(theirs).as_posix() if mine.is_relative_to(theirs) else None


def _raise(error: OSError) -> None:
    """A folder that can't be listed must not look like an empty one."""
    raise error


class S3Place(Place):
    """The objects of a bucket under a prefix.

    What is appended becomes objects of its own beside the file, since S3 can't append.

    Args:
        client: As :func:`vov_core.storage.s3.make_client` makes it.
        bucket: Its name.
        prefix: Without a slash at its end; empty for the whole bucket.
    """

    every = 50

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.label = f"{_SCHEME}://{bucket}/{self.prefix}"
        with self._told():
            client.list_objects_v2(Bucket=bucket, Prefix=self.prefix, MaxKeys=1)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with told():
                yield
        except ArchiveError as error:
            reason = error.details.get("reason", error.code)
            raise BatchPlaceError(place=self.label, reason=reason) from None

    def _listed(self, under: str = "") -> Iterator[dict[str, Any]]:
        with self._told():
            yield from (
                entry
                for page in self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=self.bucket, Prefix=self.prefix + under
                )
                for entry in page.get("Contents", ())
            )

    def files(self) -> Iterator[Source]:
        """See the base class."""
        for entry in self._listed():
            name = entry["Key"][len(self.prefix) :]
            if not name.endswith("/") and not any(p.startswith(".") for p in name.split("/")):
                yield Source(name, entry["Size"], entry["ETag"].strip('"'))

    def read(self, name: str) -> bytes:
        """See the base class."""
        with self._told():
            answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + name)
            with closing(answer["Body"]) as body:
                data: bytes = body.read()
            return data

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """See the base class."""
        with self._told():
            self._client.put_object(
                Bucket=self.bucket, Key=self.prefix + name, Body=data, ContentType=content_type
            )

    def append(self, name: str, data: bytes) -> None:
        """See the base class."""
        part = f"{OWN}/{name}.{time_ns():020}-{os.getpid()}"
        self.write(part, data, "application/jsonl")

    def appended(self, name: str) -> bytes:
        """See the base class."""
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            return b"\n".join(pool.map(self.read, self._parts(name)))

    def _parts(self, name: str) -> list[str]:
        return sorted(entry["Key"][len(self.prefix) :] for entry in self._listed(f"{OWN}/{name}"))

    def compact(self, name: str, data: bytes) -> None:
        """See the base class. A kill in between leaves parts that say the same once more."""
        parts = self._parts(name)
        self.write(f"{OWN}/{name}", data, "application/jsonl")
        old = [{"Key": self.prefix + part} for part in parts if part != f"{OWN}/{name}"]
        for begin in range(0, len(old), _DELETED_AT_ONCE):
            some = old[begin : begin + _DELETED_AT_ONCE]
            with self._told():
                self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": some})

    def alone(self) -> AbstractContextManager[None]:
        """See the base class. S3 has no lock: two batches at once do some photos twice."""
        return nullcontext()

    def inside(self, other: Place) -> str | None:
        """See the base class."""
        if not isinstance(other, S3Place) or other.bucket != self.bucket:
            return None
        if not self.prefix.startswith(other.prefix):
            return None
        return self.prefix[len(other.prefix) :].rstrip("/") or "."


def open_place(
    address: str, settings: Settings, *, new: bool = False, connections: int = 10
) -> Place:
    """The place behind a path or an ``s3://bucket/prefix`` address.

    Args:
        address: Path of a folder, or address of a prefix.
        settings: For the server and the keys of S3.
        new: A folder need not be there yet.
        connections: To the store, at most.

    Raises:
        BatchPlaceError: It can't be used.
    """
    if not address.startswith(f"{_SCHEME}://"):
        return FolderPlace(Path(address), new=new)
    parts = urlsplit(address)
    if not parts.netloc:
        raise BatchPlaceError(place=address, reason="no bucket")
    client = make_client(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        connections=connections,
    )
    # Not parts.path: a key may hold "?" and "#".
    prefix = address[len(f"{_SCHEME}://{parts.netloc}") :]
    return S3Place(client, parts.netloc, prefix.strip("/"))
