"""Names of files: what a person's file was called, made harmless."""

import re
import unicodedata

from vov_core.images.writer import OutputFormat, output_format_for

MAX_NAME_CHARS = 120
# Most file systems end a name at 255 bytes; a name of Korean letters takes three bytes each.
MAX_NAME_BYTES = 240
_FALLBACK = "photo"
_JOINER = "\u200d"
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)", re.IGNORECASE
)
_EDGES = re.compile(rf"^[\s.{_JOINER}]+|[\s.{_JOINER}]+$")
_EXTENSION = re.compile(r"\.\w{1,10}$")
_EXTENSIONS = {OutputFormat.JPEG: ".jpg", OutputFormat.PNG: ".png", OutputFormat.WEBP: ".webp"}


def safe_name(name: str) -> str:
    """A harmless base name for a person's file name, whatever it holds.

    Path parts, control and format characters (direction overrides among them; the joiner inside an
    emoji stays), characters that a file system forbids, leading and trailing dots and spaces go;
    names that Windows reserves get an underscore in front.

    Returns:
        NFC, 1 to 120 characters and at most 240 bytes of UTF-8, with its extension kept where that
        fits. ``safe_name`` of the result is the result.
    """
    stem, extension = _clean_parts(name)
    return _fit(stem, extension)


def protected_name(name: str, format: str) -> str:
    """The name under which the covered photo is handed out.

    Args:
        name: What the person's file was called.
        format: What was written: an ``OutputFormat``, or a photo's format.

    Returns:
        ``holiday.HEIC`` becomes ``holiday_protected.jpg``; within the limits of ``safe_name``.
    """
    stem, _ = _clean_parts(name)
    return _fit(stem, "_protected" + _EXTENSIONS[output_format_for(format)])


def unique_name(name: str, used: set[str]) -> str:
    """The name, with a number where it was used before."""
    stem, dot, suffix = name.rpartition(".")
    candidate, n = name, 2
    while candidate in used:
        candidate, n = f"{stem} ({n}){dot}{suffix}", n + 1
    used.add(candidate)
    return candidate


def protected_video_name(name: str) -> str:
    """The name of a covered video: ``clip.MOV`` becomes ``clip_protected.mp4``."""
    stem, _ = _clean_parts(name)
    return _fit(stem, "_protected.mp4")


def _clean_parts(name: str) -> tuple[str, str]:
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c for c in base if c == _JOINER or unicodedata.category(c) not in _DROPPED)
    kept = unicodedata.normalize("NFC", _FORBIDDEN.sub("_", kept))
    kept = _trim(kept) or _FALLBACK
    if _RESERVED.match(kept.replace(_JOINER, "")):
        kept = "_" + kept
    found = _EXTENSION.search(kept)
    if found is None or found.start() == 0:
        return kept, ""
    return kept[: found.start()], found.group()


def _trim(text: str) -> str:
    # A name that begins with a dot is hidden; Windows drops dots and spaces at the end.
    return _EDGES.sub("", text)


def _fit(stem: str, extension: str) -> str:
    stem = stem[: MAX_NAME_CHARS - len(extension)]
    room = MAX_NAME_BYTES - len(extension.encode())
    while len(stem.encode()) > room:
        stem = stem[:-1]
    return (_trim(stem) or _FALLBACK) + extension
