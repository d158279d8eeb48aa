"""Makes texts unreadable and unforgeable with a key that is in the settings or in memory only.

For letters that wait in the database, and for links that anybody may hold.
"""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES: Final = 32
_ID_DIGITS: Final = 16


class BrokenSealError(Exception):
    """Another key closed it, or it was altered."""


class Seal:
    """Encrypts and signs for one purpose.

    Args:
        secret: The operator's; None makes one that dies with this object, so that nothing can read
            what is left elsewhere then.
        purpose: Seals of different purposes can't open each other's texts.
    """

    def __init__(self, secret: str | None, purpose: str) -> None:
        root = (secret or secrets.token_urlsafe(_KEY_BYTES)).encode()

        def derive(use: str) -> bytes:
            return HKDF(SHA256(), _KEY_BYTES, None, f"vov {purpose} {use}".encode()).derive(root)

        self._fernet = Fernet(urlsafe_b64encode(derive("text")))
        self._hashes = derive("hash")
        self.id = sha256(derive("id")).hexdigest()[:_ID_DIGITS]
        """Tells which key closed a text, and nothing of the key."""

    def close(self, plain: bytes) -> str:
        """The text, encrypted and signed; letters, digits, ``-``, ``_`` and ``=`` only."""
        return self._fernet.encrypt(plain).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """The text.

        Raises:
            BrokenSealError: Another key closed it, or it was altered.
        """
        try:
            return self._fernet.decrypt(sealed)
        except (InvalidToken, ValueError):
            raise BrokenSealError from None

    def hash(self, word: str) -> str:
        """The same for the same word; without the key nobody can try words against it."""
        return digest(self._hashes, word.encode(), "sha256").hex()
