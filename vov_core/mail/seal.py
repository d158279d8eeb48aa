"""Keeps letters unreadable in the database: their key is in the settings or in memory only."""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class BrokenSealError(Exception):
    """Another key sealed it, or it was altered."""


class Seal:
    """Encrypts letters and hashes addresses.

    Args:
        secret: The operator's; None makes one that dies with this object, so that nothing can read
            what is left in the database then.
    """

    def __init__(self, secret: str | None = None) -> None:
        self.lasting = secret is not None
        root = (secret or secrets.token_urlsafe(32)).encode()
        self._fernet = Fernet(urlsafe_b64encode(_derive(root, b"vov mail letters")))
        self._addresses = _derive(root, b"vov mail addresses")
        self.id = sha256(_derive(root, b"vov mail key id")).hexdigest()[:16]
        """Tells which key sealed a letter, and nothing of the key."""

    def close(self, letter: bytes) -> str:
        """The letter, encrypted and signed."""
        return self._fernet.encrypt(letter).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """The letter.

        Raises:
            BrokenSealError: Another key sealed it, or it was altered.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise BrokenSealError from None

    def hash(self, address: str) -> str:
        """The same for the same mailbox; without the key nobody can try addresses against it."""
        return digest(self._addresses, address.lower().encode(), "sha256").hex()


def _derive(root: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, purpose).derive(root)
