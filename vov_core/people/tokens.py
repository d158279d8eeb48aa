"""The tokens of cookies and links: 256 random bits that the database knows by their hash only."""

import re
import secrets
from hashlib import sha256
from typing import Final

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


def new_token() -> str:
    """One that nobody can guess; 43 letters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def is_token(text: object) -> bool:
    """Whether it could be one."""
    return isinstance(text, str) and bool(_TOKEN.fullmatch(text))


def is_token_hash(text: str) -> bool:
    """Whether it could be the hash of one."""
    return bool(_HASH.fullmatch(text))


def token_hash(token: str) -> str:
    """What the database keeps. Random bits need no slow hash: nobody can try them all."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
