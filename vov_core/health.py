"""Whether this VOV can do its work: ``python -m vov_core health``.

Looks at what the settings name and changes nothing there, except that an embedded store gets a
small file which is removed at once.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Any

from vov_core.database import Database
from vov_core.errors import MailServerError, VovError
from vov_core.finder import open_finder
from vov_core.mail.smtp import DeliveryError, Smtp
from vov_core.models import check_models, manifest
from vov_core.settings import Settings
from vov_core.storage import open_store
from vov_core.texts import Language, explain, text


class Part(StrEnum):
    """What is looked at."""

    MODELS = "models"
    STORE = "store"
    DATABASE = "database"
    MAIL = "mail"


class State(StrEnum):
    """What was found."""

    OK = "ok"
    OFF = "off"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One part's health.

    Attributes:
        part: Which.
        state: ``off`` where the settings want none.
        ms: Milliseconds that looking took.
        note: What is there (models and versions, kind of store), without an address.
        error: What is wrong.
    """

    part: Part
    state: State
    ms: float
    note: str = ""
    error: VovError | None = None


def check_all(settings: Settings) -> tuple[Finding, ...]:
    """Looks at every part; one that fails does not keep the others from being looked at."""
    checks: dict[Part, Callable[[Settings], str | None]] = {
        Part.MODELS: _models,
        Part.STORE: _store,
        Part.DATABASE: _database,
        Part.MAIL: _mail,
    }
    return tuple(_found(part, check, settings) for part, check in checks.items())


def _found(part: Part, check: Callable[[Settings], str | None], settings: Settings) -> Finding:
    start = perf_counter()
    note, error = None, None
    try:
        note = check(settings)
        state = State.OFF if note is None else State.OK
    except VovError as wrong:
        state, error = State.FAILED, wrong
    except Exception:
        # Whatever a library meets here, the operator gets one line for each part.
        state, error = State.FAILED, VovError()
    return Finding(part, state, round((perf_counter() - start) * 1000, 1), note or "", error)


def _models(_: Settings) -> str:
    check_models()
    open_finder()
    return ", ".join(f"{model.name} {model.version}" for model in manifest())


def _store(settings: Settings) -> str:
    open_store(settings).check()
    return "S3" if settings.store == "s3" else settings.store


def _database(settings: Settings) -> str:
    database = Database(settings.database_url, tls=settings.database_tls)
    try:
        database.check()
    finally:
        database.close()
    return "SQLite" if settings.database_url.startswith("sqlite") else "MariaDB"


def _mail(settings: Settings) -> str | None:
    if not settings.smtp_host:
        return None
    try:
        Smtp.from_settings(settings).check()
    except DeliveryError as error:
        raise MailServerError(reason=error.reason) from None
    return settings.smtp_security


def add_command(commands: Any) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser("health", help="check models, store, database and mail server")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(health=True)


def run(arguments: argparse.Namespace, settings: Settings, language: Language) -> int:
    """Runs the command; the exit status is 1 if any part failed."""
    found = check_all(settings)
    if arguments.json:
        print(json.dumps({str(each.part): _facts(each) for each in found}, ensure_ascii=False))
    else:
        for each in found:
            words = explain(language, each.error) if each.error else each.note
            title, state = (
                text(language, f"health.{key}") for key in (f"part_{each.part}", each.state)
            )
            print(f"{title}: {state} ({each.ms:.0f} ms) {words}".rstrip())
    return 1 if any(each.state is State.FAILED for each in found) else 0


def _facts(finding: Finding) -> dict[str, object]:
    error = finding.error
    return {
        "state": str(finding.state),
        "ms": finding.ms,
        "note": finding.note,
        "error": error.code if error else "",
        "facts": dict(error.details) if error else {},
    }
