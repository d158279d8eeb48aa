"""What an id, a password, a name and an e-mail address may be.

Passwords follow NIST SP 800-63B: length instead of composition rules, and nothing that everybody
tries first.
"""

import re
import unicodedata
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from vov_core.errors import (
    IdNotUsableError,
    NameNotUsableError,
    PasswordCommonError,
    PasswordHasIdError,
    PasswordTooLongError,
    PasswordTooShortError,
)
from vov_core.mail import check_address

ID_MAX: Final = 30
PASSWORD_MIN: Final = 10
PASSWORD_MAX: Final = 256
NAME_MAX: Final = 80

_ID: Final = re.compile(r"[a-z][a-z0-9._-]{3,29}")
_COMMON: Final = Path(__file__).with_name("common_passwords.txt")
_FEWEST_LETTERS: Final = 5
_STEPS: Final = 3


class AccountKind(StrEnum):
    """For whom somebody uses VOV."""

    PERSONAL = "personal"
    COMPANY = "company"


class FieldOfWork(StrEnum):
    """What people work in; the usage figures count by it."""

    STUDENT = "student"
    EDUCATION = "education"
    IT = "it"
    SECURITY = "security"
    MEDIA = "media"
    DESIGN = "design"
    MARKETING = "marketing"
    FINANCE = "finance"
    HEALTH = "health"
    PUBLIC = "public"
    LAW = "law"
    RESEARCH = "research"
    INDUSTRY = "industry"
    CONSTRUCTION = "construction"
    RETAIL = "retail"
    SERVICE = "service"
    HOME = "home"
    OTHER = "other"


def clean_id(text: str) -> str:
    """An id as it is kept: lower case.

    Raises:
        IdNotUsableError: It is not 4 to 30 of a-z, 0-9, dot, dash and underscore, letter first.
    """
    cleaned = unicodedata.normalize("NFKC", text).strip().lower()
    if not _ID.fullmatch(cleaned):
        raise IdNotUsableError()
    return cleaned


def clean_name(text: str) -> str:
    """A name as it is kept: one line of visible characters.

    Raises:
        NameNotUsableError: Nothing is left, it is too long, or it has control characters.
    """
    cleaned = " ".join(unicodedata.normalize("NFC", text).split())
    # "Cf" would let a name turn the direction of the words around it.
    hidden = any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"} for letter in cleaned)
    if not cleaned or len(cleaned) > NAME_MAX or hidden:
        raise NameNotUsableError(limit=NAME_MAX)
    return cleaned


def clean_email(text: str) -> str:
    """An address as it is kept and compared: lower case, since nobody tells two apart by that.

    Raises:
        AddressError: No mail could be sent there.
    """
    return check_address(text).lower()


@cache
def _common_passwords() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def check_password(password: str, login: str) -> None:
    """Whether somebody may choose a password.

    Raises:
        PasswordNotUsableError: Too short, too long, one of the commonest, or made from the id.
    """
    plain = unicodedata.normalize("NFKC", password)
    if len(plain) < PASSWORD_MIN:
        raise PasswordTooShortError(limit=PASSWORD_MIN)
    if len(plain) > PASSWORD_MAX:
        raise PasswordTooLongError(limit=PASSWORD_MAX)
    lower = plain.casefold()
    if login and login in lower:
        raise PasswordHasIdError()
    if lower in _common_passwords() or _is_a_row(lower):
        raise PasswordCommonError()


def _is_a_row(text: str) -> bool:
    """Few different letters, or letters that follow each other (``abcdefghij``)."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return len(set(text)) < _FEWEST_LETTERS or (len(steps) < _STEPS and steps <= {1, -1, 0, -9, 9})
