from pathlib import Path

import pytest

from tests.training.synth.doll import write_doll
from training.synth.hand import Hand


@pytest.fixture(scope="session")
def doll_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_doll(tmp_path_factory.mktemp("doll"), texture=2048)


@pytest.fixture(scope="session")
def doll(doll_folder: Path) -> Hand:
    return Hand(doll_folder)
