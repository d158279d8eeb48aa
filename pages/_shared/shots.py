"""What the camera part needs from Python, and what it sends."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any

from pages._shared.session import t

_TEXTS = (
    "start",
    "asking",
    "take",
    "again",
    "switch",
    "mirror",
    "timer",
    "timer_off",
    "device",
    "working",
    "off_title",
    "off_text",
    *(
        f"{why}_{part}"
        for why in ("insecure", "unsupported", "refused", "none", "taken", "lost")
        for part in ("title", "text")
    ),
)


@dataclass(frozen=True)
class Shot:
    """One photo from the camera part.

    Attributes:
        id: Made up by the browser; sent back so that it knows the photo arrived.
        data: The file, as the browser encoded it.
    """

    id: str
    data: bytes = field(repr=False)


def shot_of(value: Any) -> Shot | None:
    """The photo in what the browser sent, or None. What comes from a browser may be anything."""
    if not isinstance(value, dict):
        return None
    number, text = value.get("id"), value.get("data")
    if not isinstance(number, str) or not isinstance(text, str) or len(number) > 64:
        return None
    try:
        return Shot(number, b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return Shot(number, b"")


def texts(**other: str) -> dict[str, str]:
    """The words of the camera part; ``other`` replaces some."""
    return {name: t(f"camera.{name}") for name in _TEXTS} | other
