"""What an operator does on the command line: ``python -m vov_core purge|audit``."""

import argparse
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from vov_core.archive import Archive, open_archive
from vov_core.audit import AuditTrail
from vov_core.purge import Outcome, purge, would_purge
from vov_core.settings import Settings
from vov_core.texts import Language, text

_SECRETS: Final = Path(".streamlit/secrets.toml")


def add_commands(commands: Any) -> None:
    """Adds the commands to the parser's."""
    purging = commands.add_parser("purge", help="delete what has lived long enough")
    purging.add_argument("--dry-run", action="store_true", help="only tell what would be deleted")
    purging.set_defaults(upkeep=_purge)
    audit = commands.add_parser("audit", help="the audit trail")
    doing = audit.add_subparsers(dest="doing", required=True)
    verify = doing.add_parser("verify", help="check every entry; exit status 1 if one was altered")
    verify.set_defaults(upkeep=_verify)


def settings() -> Settings:
    """As the app reads them: the environment, then the secrets file of this folder."""
    try:
        secrets = tomllib.loads(_SECRETS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        secrets = {}
    return Settings.load(secrets)


def run(parsed: argparse.Namespace, language: Language) -> int:
    """Runs the command that was asked for; returns the exit status."""
    command: Callable[[argparse.Namespace, Archive, Language], int] = parsed.upkeep
    return command(parsed, open_archive(settings()), language)


def _purge(parsed: argparse.Namespace, archive: Archive, language: Language) -> int:
    done = would_purge(archive) if parsed.dry_run else purge(archive)
    outcome = "would" if parsed.dry_run else str(done.outcome)
    print(
        text(
            language,
            f"cli.purge_{outcome}",
            photos=done.photos,
            consents=done.consents,
            audit=done.audit,
        )
    )
    return 0 if done.outcome is Outcome.DONE else 1


def _verify(_: argparse.Namespace, archive: Archive, language: Language) -> int:
    found = AuditTrail(archive.database).verify()
    state = "intact" if found.intact else "broken"
    where = ", ".join(found.broken[:20])
    print(text(language, f"cli.audit_{state}", n=found.entries, purged=found.purged, where=where))
    print(text(language, "cli.audit_digest", digest=found.digest))
    if not found.triggers:
        print(text(language, "cli.audit_no_triggers"))
    return 0 if found.intact else 1
