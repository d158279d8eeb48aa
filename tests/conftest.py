"""What all tests share: the rendered samples and one set of models."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from vov_core.finder import Finder, open_finder

# How long one example takes depends on the machine, not on the code: only what comes out counts.
settings.register_profile("vov", deadline=None)
settings.load_profile("vov")

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="session")
def finder() -> Finder:
    """The real models, loaded once."""
    return open_finder()


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    """The bytes of a rendered sample: ``sample("00119")``."""

    def read(number: str) -> bytes:
        return (SAMPLES / f"hand_{number}.jpg").read_bytes()

    return read


@pytest.fixture(scope="session")
def truth() -> Callable[[str], dict[str, Any]]:
    """What is exactly known of a rendered sample."""

    def read(number: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((SAMPLES / f"hand_{number}.json").read_text())
        return facts

    return read
