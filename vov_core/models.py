"""The model files: named in a manifest, and used only when their hash is the manifest's.

A weights file is executable in effect (it decides what gets covered, and some formats can even run
code while loading), so a file that is not byte for byte the one that was measured is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vov_core.errors import ModelAlteredError, ModelMissingError

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
MANIFEST = "manifest.json"
VERSION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the manifest.

    Attributes:
        name: What the code calls it.
        file: File name inside the folder of weights.
        sha256: Hex digest of the file.
        licence: SPDX identifier.
        origin: Where the file comes from.
        facts: All other keys of the entry (classes, input sizes, scores).
    """

    name: str
    file: str
    sha256: str
    licence: str
    origin: str
    facts: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256."""
        return self.sha256[:VERSION_DIGITS]


def manifest(folder: Path = WEIGHTS) -> tuple[Model, ...]:
    """Reads the manifest. A model may be listed without its file being there.

    Args:
        folder: Folder of weights.

    Raises:
        ModelMissingError: The manifest itself is not there.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelMissingError(file=MANIFEST)
    entries = json.loads(path.read_text("utf-8"))["models"]
    return tuple(_model(entry) for entry in entries)


def model(name: str, folder: Path = WEIGHTS) -> Model:
    """The manifest's entry of a model.

    Raises:
        ModelMissingError: The manifest does not list it.
    """
    found = next((entry for entry in manifest(folder) if entry.name == name), None)
    if found is None:
        raise ModelMissingError(file=name)
    return found


def is_available(name: str, folder: Path = WEIGHTS) -> bool:
    """Whether the manifest lists the model and its file is there (the hash is not checked)."""
    return any(entry.name == name and (folder / entry.file).is_file() for entry in manifest(folder))


def check_models(folder: Path | None = None) -> None:
    """Checks every listed model: protection must not become weaker unnoticed.

    Args:
        folder: Folder of weights; None takes VOV's own.

    Raises:
        ModelMissingError: There is no manifest, it lists nothing, or a listed file is not there.
        ModelAlteredError: A file's SHA-256 is not the manifest's.
    """
    folder = folder or WEIGHTS
    listed = manifest(folder)
    if not listed:
        raise ModelMissingError(file=MANIFEST)
    for entry in listed:
        model_bytes(entry.name, folder)


def model_bytes(name: str, folder: Path = WEIGHTS) -> bytes:
    """The content of a model's file, checked: exactly these bytes have the manifest's hash.

    Raises:
        ModelMissingError: Not in the manifest, or the file is not there.
        ModelAlteredError: The file's SHA-256 is not the manifest's.
    """
    entry = model(name, folder)
    path = folder / entry.file
    if not path.is_file():
        raise ModelMissingError(file=entry.file)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ModelAlteredError(file=entry.file)
    return content


def _model(entry: dict[str, Any]) -> Model:
    named = {key: entry[key] for key in ("name", "file", "sha256", "licence", "origin")}
    return Model(**named, facts={key: entry[key] for key in entry.keys() - named.keys()})
