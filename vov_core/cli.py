"""The command line on the same core as the app: ``python -m vov_core find|protect|account|…``.

A bad photo is told on stderr and the others go on; the exit status is 1 if any photo failed.
``account`` prints a one-time link that sets an account's password; it makes an admin's account.
``purge`` and ``audit`` are in ``upkeep.py``, ``health`` is in ``health.py``.
"""

import argparse
import json
import locale
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from vov_core import health, upkeep
from vov_core.batch import cli as batch
from vov_core.database import Database
from vov_core.errors import FileTooLargeError, VovError
from vov_core.finder import Finder, open_finder
from vov_core.findings import Findings, Region
from vov_core.images import (
    OutputFormat,
    ReadLimits,
    protected_name,
    read_photo,
)
from vov_core.masks import DEFAULT_STYLE, STYLES
from vov_core.people import People, account_link
from vov_core.pipeline import (
    DEFAULT_COVERAGE,
    DEFAULT_QUALITY,
    Look,
    Tuning,
    mask,
    output_format,
    timed,
    write,
)
from vov_core.select import Edits, Mode, Rules, select
from vov_core.texts import Language, best_language, explain, text


@dataclass(frozen=True)
class _Run:
    """What a command works with."""

    finder: Finder
    language: Language
    arguments: argparse.Namespace

    @property
    def rules(self) -> Rules:
        return Rules(mode=Mode(self.arguments.mode), confidence=self.arguments.confidence)


def _share(low: float, high: float) -> Callable[[str], float]:
    def parse(words: str) -> float:
        value = float(words)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{low}..{high}")
        return value

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vov_core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    photos = argparse.ArgumentParser(add_help=False)
    photos.add_argument("photos", nargs="+", metavar="PHOTO")
    rules, look = _rules_options(), _look_options()

    find = commands.add_parser("find", parents=[photos, rules], help="print what is found")
    find.add_argument("--json", action="store_true", help="one JSON object per line")
    find.set_defaults(run=_find)

    protect = commands.add_parser(
        "protect", parents=[photos, rules, look], help="write masked files"
    )
    protect.add_argument("-o", "--output", required=True, type=Path, metavar="DIR")
    protect.set_defaults(run=_protect)
    batch.add_command(commands, [rules, look])

    account = commands.add_parser("account", help="print a link that sets an account's password")
    account.add_argument("id", metavar="ID")
    upkeep.add_commands(commands)
    health.add_command(commands)
    return parser


def _rules_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--mode", choices=[str(mode) for mode in Mode], default=str(Rules().mode))
    parser.add_argument(
        "--confidence", type=_share(0, 1), default=Rules().confidence, metavar="0..1"
    )
    return parser


def _look_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--style", choices=list(STYLES), default=DEFAULT_STYLE)
    parser.add_argument(
        "--coverage", type=_share(0.5, 3), default=DEFAULT_COVERAGE, metavar="0.5..3"
    )
    parser.add_argument("--strength", type=_share(0, 1), default=Look().strength, metavar="0..1")
    parser.add_argument("--softness", type=_share(0, 1), default=Look().softness, metavar="0..1")
    parser.add_argument("--format", choices=[str(format) for format in OutputFormat])
    parser.add_argument(
        "--quality", type=int, choices=range(1, 101), default=DEFAULT_QUALITY, metavar="1..100"
    )
    return parser


def _tuning(wanted: argparse.Namespace) -> Tuning:
    """What the options say; the seed is drawn per photo."""
    return Tuning(
        rules=Rules(mode=Mode(wanted.mode), confidence=wanted.confidence),
        look=Look(
            style=wanted.style,
            coverage=wanted.coverage,
            strength=wanted.strength,
            softness=wanted.softness,
        ),
        format=OutputFormat(wanted.format) if wanted.format else None,
        quality=wanted.quality,
    )


def _region_facts(region: Region, masked: bool) -> dict[str, Any]:
    return {
        "id": region.id,
        "box": [round(edge, 2) for edge in region.box],
        "polygon": [[round(x, 2), round(y, 2)] for x, y in region.polygon],
        "confidence": region.confidence,
        "source": str(region.source),
        "kind": str(region.kind),
        "finger": str(region.finger) if region.finger else None,
        "masked": masked,
    }


def facts(file: str, findings: Findings, rules: Rules, ms: dict[str, float]) -> dict[str, Any]:
    """What ``find --json`` prints for one photo, in pixels of the oriented photo."""
    masked = {region.id for region in select(findings, rules, Edits()).masked}
    return {
        "file": file,
        "width": findings.width,
        "height": findings.height,
        "hands": len(findings.hands),
        "regions": [_region_facts(region, region.id in masked) for region in findings.regions],
        "unplaced": [
            {"hand": tip.hand, "finger": str(tip.finger), "why": str(tip.why)}
            for tip in findings.unplaced
        ],
        "ms": {stage: round(value, 2) for stage, value in {**ms, **findings.ms}.items()},
    }


def _find(run: _Run, file: str) -> None:
    photo, decode = timed(lambda: read_photo(_read(file)))
    found = facts(file, run.finder.find(photo.sha256, photo.pixels), run.rules, {"decode": decode})
    if run.arguments.json:
        print(json.dumps(found, ensure_ascii=False), flush=True)
        return
    print(f"{file}: {found['width']} x {found['height']}, hands: {found['hands']}")
    for region in found["regions"]:
        box = ", ".join(f"{edge:.0f}" for edge in region["box"])
        sure = "-" if region["confidence"] is None else f"{region['confidence']:.2f}"
        sign = "x" if region["masked"] else " "
        print(f"  [{sign}] {region['finger'] or '-':7} {region['kind']:11} {sure:4} ({box})")


def _protect(run: _Run, file: str) -> None:
    tuning = _tuning(run.arguments)
    photo = read_photo(_read(file))
    findings = run.finder.find(photo.sha256, photo.pixels)
    look = replace(tuning.look, seed=int.from_bytes(os.urandom(4)) >> 1)
    masked = mask(photo, select(findings, run.rules, Edits()), look)
    format = output_format(photo, tuning.format)
    output = write(photo, masked, look, format, tuning.quality)
    target = _free(run.arguments.output / protected_name(Path(file).name, format))
    target.write_bytes(output.data)
    print(text(run.language, "cli.written", file=file, output=target))


def _read(file: str) -> bytes:
    path, limit = Path(file), ReadLimits().max_bytes
    # Refused by its size alone: a huge file must not fill the memory first.
    if (size := path.stat().st_size) > limit:
        raise FileTooLargeError(size_mb=size // 1024**2, limit_mb=limit // 1024**2)
    return path.read_bytes()


def _free(path: Path) -> Path:
    """The path, with a number if a file of that name is there already."""
    candidate, number = path, 2
    while candidate.exists():
        candidate = path.with_stem(f"{path.stem} ({number})")
        number += 1
    return candidate


def _account(login: str, language: Language) -> int:
    """Whoever may run this command on the server may open any account anyway."""
    try:
        settings = upkeep.settings()
        database = Database(settings.database_url, tls=settings.database_tls)
        database.migrate()
        token = People(database, admins=settings.admins).operators_link(login)
    except (VovError, OSError, ValueError) as error:
        reason = type(error).__name__ if isinstance(error, ValueError) else _reason(error, language)
        print(reason, file=sys.stderr)
        return 1
    link = account_link(settings.public_url or "", "reset", token)
    print(text(language, "cli.account_link", link=link))
    return 0


def _reason(error: VovError | OSError, language: Language) -> str:
    if isinstance(error, VovError):
        return explain(language, error)
    return error.strerror or type(error).__name__


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Without the program's name; None takes the process's.

    Returns:
        The exit status: 0, or 1 if any photo failed.
    """
    parsed = _parser().parse_args(arguments)
    language = best_language((locale.getlocale()[0] or "").replace("_", "-"))
    if parsed.command == "account":
        return _account(parsed.id, language)
    try:
        if parsed.command == "health":
            return health.run(parsed, upkeep.settings(), language)
        if hasattr(parsed, "upkeep"):
            return upkeep.run(parsed, language)
        if parsed.command == "batch":
            return batch.run(parsed, _tuning(parsed), language)
        run = _Run(open_finder(), language, parsed)
        if parsed.command == "protect":
            parsed.output.mkdir(parents=True, exist_ok=True)
    except (VovError, OSError) as error:
        print(_reason(error, language), file=sys.stderr)
        return 1
    if parsed.mode == Mode.PRECISE and not run.finder.has_detector:
        print(text(language, "cli.no_detector"), file=sys.stderr)
    failed = [file for file in parsed.photos if not _done(partial(parsed.run, run), file, language)]
    return 1 if failed else 0


def _done(call: Callable[[str], None], file: str, language: Language) -> bool:
    try:
        call(file)
    except (VovError, OSError) as error:
        reason = _reason(error, language)
        print(text(language, "cli.file_problem", file=file, reason=reason), file=sys.stderr)
        return False
    return True
