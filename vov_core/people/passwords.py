"""How passwords are kept: argon2id with the parameters that OWASP recommends.

OWASP Password Storage Cheat Sheet: 19 MiB of memory, two passes, one lane. When the parameters
change, a hash is made anew at its owner's next log-in.
"""

import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher(
    time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


def _plain(password: str) -> bytes:
    # The same letters may be typed as different code points on another keyboard (Korean on a Mac).
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


def hash_password(password: str) -> str:
    """The hash to keep; another one each time, since it carries its own salt."""
    return _HASHER.hash(_plain(password))


@cache
def _nobodys() -> str:
    return hash_password("nobody's password")


def verify(password: str, kept: str | None) -> bool:
    """Whether it is the password of a hash. It takes as long when there is none to compare with."""
    try:
        right = _HASHER.verify(_nobodys() if kept is None else kept, _plain(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)
