"""Decides what a run of a batch has to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from vov_core.batch.manifest import Entry
from vov_core.batch.places import Place, Source
from vov_core.errors import BatchPlaceError
from vov_core.images import safe_name

PHOTO_NAMES: Final = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "heic", "heif", "hif"),
        *("avif", "bmp", "dib", "tif", "tiff", "gif"),
    )
)
"""Files of other names are left alone; one without any ending is tried."""
_STEM_CHARS: Final = 60  # so that nothing that is added makes a name too long


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to protect.

    Attributes:
        source: The photo.
        stem: What its output's name begins with, folders included.
        known: What an earlier run noted, if only the stamp differs: the same content need not be
            done again.
        changed: Whether an earlier run knew another version of it.
    """

    source: Source
    stem: str
    known: Entry | None = None
    changed: bool = False


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        tasks: What is new or changed.
        unchanged: What an earlier run has finished.
        ignored: How many files are no photos by their names.
    """

    tasks: tuple[Task, ...]
    unchanged: tuple[Entry, ...]
    ignored: int

    @property
    def photos(self) -> int:
        """How many photos there are."""
        return len(self.tasks) + len(self.unchanged)


def make_plan(source: Place, target: Place, known: Mapping[str, Entry], recipe: str) -> Plan:
    """Compares what is there with what an earlier run noted.

    Args:
        source: Where the photos are.
        target: Where the outputs are.
        known: Entries of the manifest.
        recipe: Fingerprint of the settings and models; others make a photo count as changed.

    Raises:
        BatchPlaceError: A place fails, or both are the same.
    """
    nested = target.inside(source)
    if nested == "." or source.inside(target):
        # Outputs would be taken for photos, or photos overwritten.
        raise BatchPlaceError(place=target.label, reason="IN is in OUT")
    outputs = {file.name: file.size for file in target.files()}
    tasks, unchanged, ignored = [], [], 0
    stems = _Stems(known)
    for file in source.files():
        if nested and file.name.startswith(f"{nested}/"):
            continue
        suffix = PurePosixPath(file.name).suffix.lower()
        if suffix and suffix not in PHOTO_NAMES:
            ignored += 1
            continue
        entry = known.get(file.name)
        there = entry is not None and not entry.error and entry.recipe == recipe
        there = there and entry is not None and outputs.get(entry.output) == entry.output_bytes
        if entry and there and (entry.size, entry.stamp) == (file.size, file.stamp):
            unchanged.append(entry)
            continue
        same = entry if there and entry and entry.size == file.size else None
        stem = entry.stem if entry and entry.stem else stems.new(file.name)
        tasks.append(Task(file, stem, same, changed=entry is not None))
    return Plan(tuple(tasks), tuple(unchanged), ignored)


class _Stems:
    """Gives each photo a name of its own for its output, and the same one in each run.

    ``a.jpg`` and ``a.heic`` of one folder would both become ``a_protected.jpg``.
    """

    def __init__(self, known: Mapping[str, Entry]) -> None:
        self._taken = {entry.stem.casefold() for entry in known.values() if entry.stem}

    def new(self, name: str) -> str:
        path = PurePosixPath(name)
        folder = PurePosixPath(*(safe_name(part) for part in path.parts[:-1]))
        stem = PurePosixPath(safe_name(path.name)).stem[:_STEM_CHARS]
        kind = path.suffix.removeprefix(".")
        candidates = [stem, f"{stem}_{kind}"] if kind else [stem]
        number = 1
        while True:
            for candidate in candidates:
                whole = (folder / candidate).as_posix()
                if whole.casefold() not in self._taken:
                    self._taken.add(whole.casefold())
                    return whole
            number += 1
            candidates = [f"{stem} ({number})"]
