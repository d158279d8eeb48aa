"""What a process writes into its log: what happened, never what a photo shows or a secret is.

Two shapes: lines for people, and one JSON object per line for programs (``VOV_LOG_FORMAT=json``).
In both, an exception is told by its kind and where it happened; its message is left out, since a
library's message may quote what it was given. The settings' secrets are struck out wherever they
would appear, even if a library put them there.
"""

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

from vov_core.errors import VovError
from vov_core.settings import Settings

log = logging.getLogger(__name__)

STRUCK_OUT: Final = "***"
_SHORTEST: Final = 6  # shorter ones would strike out common words
_FRAMES: Final = 6


class Lines(logging.Formatter):
    """Lines for people.

    Args:
        secrets: What must not appear.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        shapes = {shape for word in secrets for shape in (word, json.dumps(word)[1:-1])}
        # A secret may hold another one.
        self._secrets = sorted(shapes, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, without secrets and without an exception's message."""
        # A person's word must not begin a line of its own, which could look like another record.
        return self._struck(self._line(record).replace("\r", "\\r").replace("\n", "\\n"))

    def _line(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        line = self.formatMessage(record)
        if kind := _exception(record):
            line += f" [{kind['kind']} at {' <- '.join(kind['at'])}]"
        return line

    def _struck(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, STRUCK_OUT)
        return line


class JsonLines(Lines):
    """One JSON object per line: time, level, logger, event, message, and the error's facts."""

    def _line(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            # What stays the same however often it happens, to count and to alert by.
            "event": str(record.msg),
            "message": record.getMessage(),
        }
        arguments = record.args if isinstance(record.args, tuple) else ()
        for error in (each for each in arguments if isinstance(each, VovError)):
            facts |= {"code": error.code, "facts": dict(error.details)}
        if kind := _exception(record):
            facts["exception"] = kind
        return json.dumps(facts, ensure_ascii=False, default=str)


def _exception(record: logging.LogRecord) -> dict[str, Any] | None:
    """Kind and places of a record's exception."""
    error = record.exc_info[1] if record.exc_info else None
    return {"kind": type(error).__name__, "at": places_of(error)} if error else None


def places_of(error: BaseException) -> list[str]:
    """Where an exception came by, the innermost place first."""
    places, trace = [], error.__traceback__
    while trace:
        places.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[: -_FRAMES - 1 : -1]


def secrets_of(settings: Settings) -> frozenset[str]:
    """Every secret word of the settings."""
    hidden = (getattr(settings, item.name) for item in fields(settings) if not item.repr)
    return frozenset(word for value in hidden for word in _words(value) if len(word) >= _SHORTEST)


def _words(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
        # Of a database's address, the password alone, too.
        rest, found, _ = value.rpartition("@")
        if found and ":" in rest:
            yield rest.rpartition(":")[2]
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if name in {"username", "credential"}:
                yield from _words(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _words(part)


def start_log(settings: Settings) -> None:
    """Lets this process log as the settings say; a second call replaces the first."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each.formatter, Lines)]:
        root.removeHandler(handler)
    shape = JsonLines if settings.log_format == "json" else Lines
    handler = logging.StreamHandler()
    handler.setFormatter(shape(secrets_of(settings)))
    root.addHandler(handler)
    for name in ("vov", "vov_core"):
        logging.getLogger(name).setLevel(settings.log_level)
    threading.excepthook = _thread_failed


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """In the place of Python's own hook, which prints the exception's words."""
    error = failure.exc_value
    log.error("a thread ended unexpectedly", exc_info=error)
