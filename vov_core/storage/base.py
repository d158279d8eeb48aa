"""The one signature behind which every object store lives."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

KEY: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}-[0-9a-f]{8}(\.thumb)?")
"""Shape of a key: the archive's id, then the photo's id and the attempt that wrote it.

All three are random. A key never holds a time stamp, a file's name or anything else of a person,
and no key of this shape can leave the folder it belongs to. An output's thumbnail lies beside it.
"""

THUMBNAIL: Final = ".thumb"
"""Put behind an output's key."""


def check_key(key: str) -> str:
    """Returns the key.

    Raises:
        ValueError: It is none of ours. Keys are made by the archive alone, so this is a mistake in
            the program, not a person's.
    """
    if not KEY.fullmatch(key):
        raise ValueError("not a key of this archive")
    return key


def disposition(file_name: str) -> str:
    """A download under this name, as RFC 6266 and RFC 8187 write it."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


class ObjectStore(ABC):
    """Bytes under keys. Every method is safe to call from several threads and processes.

    All errors of the store are told as :class:`~vov_core.errors.ArchiveError`; their details never
    hold a secret.
    """

    @abstractmethod
    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes an object: after this returns it is wholly there, before it is not.

        Raises:
            StoreFullError: No room left.
            StoreUnavailableError: The store does not answer or refuses.
        """

    @abstractmethod
    def get(self, key: str) -> bytes:
        """The object's bytes.

        Raises:
            ObjectMissingError: There is none under this key.
            StoreUnavailableError: The store does not answer or refuses.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Removes an object and what an interrupted ``put`` left of it; none is fine, too.

        Raises:
            StoreUnavailableError: The store does not answer or refuses.
        """

    @abstractmethod
    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with a prefix, in no particular order.

        Keys of interrupted puts may be among them, so that their remains can be deleted.

        Raises:
            StoreUnavailableError: The store does not answer or refuses.
        """

    @abstractmethod
    def link(self, key: str, seconds: int, file_name: str) -> str | None:
        """A URL that downloads the object under a name and expires; None if the store has none."""

    @abstractmethod
    def check(self) -> None:
        """Tries whether the store can be used.

        Raises:
            StoreFullError: No room left.
            StoreUnavailableError: The store does not answer or refuses.
        """
