"""Whether a text is one e-mail address that a letter can be sent to."""

import re
from typing import Final

from vov_core.errors import AddressError

_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")


def check_address(words: str) -> str:
    """The address as a mail server takes it: no blanks around it, its domain in small ASCII.

    Args:
        words: What a person typed. Exactly one bare address: a name, a second address, a comment
            or a line break (which would start another header) make it unusable.

    Raises:
        AddressError: It is no such address. What was typed is not part of the error.
    """
    local, at, domain = words.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise AddressError() from None
    if not at or len(local) > _LONGEST_LOCAL or len(local) + 1 + len(domain) > _LONGEST:
        raise AddressError()
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise AddressError()
    return f"{local}@{domain}"
