"""The one catalogue of every sentence that a person reads, in Korean and English.

``ko.toml`` and ``en.toml`` hold the same keys and the same placeholders (a test proves it). Code
names a text by its dotted key; wording lives nowhere else.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from vov_core.errors import VovError

_FOLDER = Path(__file__).parent


class Language(StrEnum):
    """The languages VOV speaks."""

    KOREAN = "ko"
    ENGLISH = "en"


def _flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat.update(_flatten(value, f"{key}."))
        else:
            flat[key] = str(value).strip()
    return flat


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All texts of a language: dotted key -> sentence with ``{placeholders}``."""
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        return MappingProxyType(_flatten(tomllib.load(file)))


def text(language: Language, key: str, **facts: object) -> str:
    """The sentence under a key, with the facts put in.

    Raises:
        KeyError: The catalogue has no such key.
    """
    return catalogue(language)[key].format_map(facts)


def explain(language: Language, error: VovError) -> str:
    """What is wrong and what to do, in the person's language."""
    return text(language, f"errors.{error.code}", **error.details)


def best_language(accepted: str | None) -> Language:
    """The language for a browser's locale or ``Accept-Language`` header.

    Korean when the browser asks for it first, English for everybody else.
    """
    first = (accepted or "").split(",")[0].strip().lower()
    return Language.KOREAN if first.split("-")[0].split("_")[0] == "ko" else Language.ENGLISH
