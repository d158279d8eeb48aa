"""Versions of the detector's weights: the shipped one, and candidates that an operator placed.

A folder of candidates has one folder per version, just as ``training.export --out FOLDER/NAME``
writes it. Weights decide what gets covered, and a file is only as good as the hash that somebody
measured it under, so a candidate whose bytes are not those of its manifest is refused like the
shipped ones. Candidates are compared in the lab; nothing else ever loads them.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vov_core.detector import ENGINES, Engine, EngineName, load_detector
from vov_core.errors import ModelAlteredError, ModelError, VersionAlteredError, VersionUnusableError
from vov_core.models import WEIGHTS, Model, is_available, model

SHIPPED = ""
"""Name of the version that the app works with."""
_CLASSES = ["fingerprint", "nail"]


@dataclass(frozen=True)
class Version:
    """The weights of one version for one engine.

    Attributes:
        name: Of the candidate's folder; empty for the shipped version.
        engine: What runs them.
        folder: Where they and their manifest are.
    """

    name: str
    engine: EngineName
    folder: Path

    @cached_property
    def model(self) -> Model:
        """Its entry in the manifest."""
        return model(ENGINES[self.engine], self.folder)

    def load(self) -> Engine:
        """The network.

        Raises:
            VersionAlteredError: The file is not the one that the manifest lists.
            VersionUnusableError: It can't be run.
        """
        try:
            engine = load_detector(self.engine, self.folder)
        except ModelAlteredError as error:
            raise VersionAlteredError(name=self.name or self.model.version) from error
        # The runtimes raise whatever they like for files that are no networks.
        except Exception as error:
            raise VersionUnusableError(name=self.name or self.model.version) from error
        if engine is None:
            raise VersionUnusableError(name=self.name)
        return engine


def versions(
    candidates: Path | None, shipped: Path = WEIGHTS
) -> tuple[tuple[Version, ...], tuple[ModelError, ...]]:
    """What can be compared, the shipped weights first, and why some candidates can't.

    Args:
        candidates: Folder with a folder per candidate; None for no candidates.
        shipped: Folder of the weights that the app works with.
    """
    found = _of_folder(SHIPPED, shipped)
    problems: list[ModelError] = []
    for folder in sorted(candidates.iterdir()) if candidates and candidates.is_dir() else ():
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        try:
            found += _candidate(folder)
        except VersionUnusableError as error:
            problems.append(error)
    return tuple(found), tuple(problems)


def _candidate(folder: Path) -> list[Version]:
    """The engines of a candidate.

    Raises:
        VersionUnusableError: Its manifest can't be understood, lists no file that is there, or
            means other classes by the network's answers.
    """
    try:
        found = _of_folder(folder.name, folder)
    except (ModelError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise VersionUnusableError(name=folder.name) from error
    if not found or any(one.model.facts.get("classes") != _CLASSES for one in found):
        raise VersionUnusableError(name=folder.name)
    return found


def _of_folder(name: str, folder: Path) -> list[Version]:
    listed = [one for one, of in ENGINES.items() if is_available(of, folder)]
    return [Version(name, engine, folder) for engine in listed]
