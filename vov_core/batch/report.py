"""The report of a batch, for people (CSV) and for programs (JSON)."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from vov_core.batch.manifest import Entry

CSV_NAME: Final = "vov-report.csv"
JSON_NAME: Final = "vov-report.json"

_COLUMNS: Final = (
    "name",
    "output",
    "verdict",
    "hands",
    "found",
    "covered",
    "unplaced",
    "exposure",
    "readable",
    "partly",
    "width",
    "height",
    "error",
    "reason",
)
_STAGES: Final = (
    *("read", "decode", "hands", "detector", "fuse", "exposure"),
    *("mask", "encode", "put"),
)


def as_csv(entries: Sequence[Entry], reasons: Mapping[str, str]) -> bytes:
    """One row per photo, with a mark in front by which spreadsheets know UTF-8.

    Args:
        entries: Of all photos.
        reasons: Name of a photo -> what went wrong, as a sentence.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"ms_{stage}" for stage in _STAGES)])
    for entry in entries:
        facts = {**asdict(entry), "reason": reasons.get(entry.name, "")}
        cells = [_cell(facts[column]) for column in _COLUMNS]
        writer.writerow([*cells, *(entry.ms.get(stage, "") for stage in _STAGES)])
    return ("\ufeff" + buffer.getvalue()).encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    """A name that a spreadsheet would take for a formula is made a plain text."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def as_json(entries: Sequence[Entry], reasons: Mapping[str, str], run: Mapping[str, Any]) -> bytes:
    """The facts of the run and of each photo, a photo per line."""
    # One by one: as one object, a million photos would take seven times the memory.
    photos = (
        _as_bytes({**asdict(entry), "reason": reasons.get(entry.name, "")}) for entry in entries
    )
    return b'{"run": ' + _as_bytes(run) + b',\n"photos": [\n' + b",\n".join(photos) + b"\n]}\n"


def _as_bytes(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(facts), ensure_ascii=False).encode("utf-8", "replace")
