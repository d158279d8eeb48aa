"""Keeps ``benchmarks/RESULTS.md``: each benchmark rewrites its own section and no other."""

import re
from pathlib import Path

_FILE = Path(__file__).parent / "RESULTS.md"
_HEAD = "# What was measured\n\nEvery figure here was printed by the command above it.\n"


def put_section(title: str, body: str) -> None:
    """Writes or replaces the section ``## title``."""
    text = _FILE.read_text(encoding="utf-8") if _FILE.exists() else _HEAD
    section = f"## {title}\n\n{body.strip()}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    _FILE.write_text(text.rstrip() + "\n", encoding="utf-8")
