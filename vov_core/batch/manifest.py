"""What a batch has done so far, one line per photo, kept beside its outputs.

A line is written after the photo's output. If the process dies in between, the next run does that
photo once more and puts the same name in its place: nothing is lost, nothing is there twice.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any, Final

from vov_core.batch.places import OWN, Place

NAME: Final = "manifest.jsonl"
_SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What became of one photo.

    Attributes:
        name: Of the source.
        size: Of the source, bytes.
        stamp: Of the source, see ``Source.stamp``.
        sha256: Of the source's bytes; empty if they could not be read.
        recipe: Fingerprint of the settings and models.
        stem: What its output's name begins with, so that it keeps its name in later runs.
        output: Name of the output; empty if it failed.
        output_sha256: Of the output's bytes.
        output_bytes: Size of the output.
        width: Of the photo, pixels.
        height: Likewise.
        hands: Hands found.
        found: Finger tips found.
        covered: Regions covered.
        unplaced: Finger tips that could not be placed.
        verdict: What was found.
        exposure: Level of the tip that gives most away in the original; empty if no tip was found.
        readable: Tips whose print can be read in the original.
        partly: Tips whose print can be read in part.
        error: Code of what went wrong; empty if nothing did.
        facts: Of the error.
        ms: Stage -> milliseconds.
    """

    name: str
    size: int
    stamp: str
    sha256: str = ""
    recipe: str = ""
    stem: str = ""
    output: str = ""
    output_sha256: str = ""
    output_bytes: int = 0
    width: int = 0
    height: int = 0
    hands: int = 0
    found: int = 0
    covered: int = 0
    unplaced: int = 0
    verdict: str = ""
    exposure: str = ""
    readable: int = 0
    partly: int = 0
    error: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    ms: Mapping[str, float] = field(default_factory=dict)


class Manifest:
    """The entries of a place. Safe to add to from several threads.

    Args:
        place: Where the outputs are.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._written = monotonic()
        self.entries: dict[str, Entry] = {}
        self.reload()

    def reload(self) -> None:
        """Reads what was noted, by this process or by others."""
        noted = read_entries(self._place.appended(NAME))
        with self._lock:
            self.entries.update(noted)

    def learn(self, entry: Entry) -> None:
        """Takes over an entry that somebody else has written down."""
        with self._lock:
            self.entries[entry.name] = entry

    def add(self, entry: Entry) -> None:
        """Notes what became of a photo."""
        with self._lock:
            self.entries[entry.name] = entry
            self._waiting.append(as_line(entry))
            late = monotonic() - self._written > _SECONDS
            if late or len(self._waiting) >= self._place.every:
                self._flush()

    def close(self, *, whole: bool = True) -> None:
        """Writes what is waiting, then everything as one file without what is outdated.

        Args:
            whole: Whether nobody is at work any more. If somebody may be, their parts must stay.
        """
        with self._lock:
            if self._waiting:
                self._flush()
            if not whole:
                return
            self._place.compact(NAME, b"".join(map(as_line, self.ordered())))

    def ordered(self) -> list[Entry]:
        """All entries by name."""
        return [self.entries[name] for name in sorted(self.entries)]

    def _flush(self) -> None:
        # A line that a kill cut off must not swallow the next one.
        self._place.append(NAME, b"\n" + b"".join(self._waiting))
        self._waiting.clear()
        self._written = monotonic()


class Journal:
    """What one worker has done of one part of a batch, in a file of its own.

    The file is written anew after each photo, so that one that is killed has noted all but the
    photo in its hands. Whoever is given the same part again reads it and goes on from there.

    Args:
        place: Where the outputs are.
        part: Names the part; later runs have later names.
    """

    def __init__(self, place: Place, part: str) -> None:
        self._place = place
        self._name = f"{OWN}/{NAME}.{part}"
        known = place.appended(f"{NAME}.{part}")
        self.entries = read_entries(known)
        self._lines = [as_line(entry) for entry in self.entries.values()]

    def add(self, entry: Entry) -> None:
        """Notes what became of a photo.

        Raises:
            BatchPlaceError: It could not be written down.
        """
        self._lines.append(as_line(entry))
        self._place.write(self._name, b"".join(self._lines), "application/jsonl")
        self.entries[entry.name] = entry


def as_line(entry: Entry) -> bytes:
    """An entry as one line of JSON."""
    words = json.dumps(asdict(entry), ensure_ascii=False)
    # A folder may hold names that are no UTF-8.
    return words.encode("utf-8", "surrogateescape") + b"\n"


def read_entries(lines: bytes) -> dict[str, Entry]:
    """The entries of lines by the photos' names; of several with one name the last."""
    read = (_entry(line) for line in lines.splitlines())
    return {entry.name: entry for entry in read if entry}


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry(**json.loads(line.decode("utf-8", "surrogateescape")))
    except (ValueError, TypeError):
        return None  # Cut off by a kill, or of a version that knew other fields: done again.
