"""Presets survive the way to a file and back; what is no preset is refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vov_core.errors import PresetsUnreadableError
from vov_core.lab import Trial, dump_presets, from_plain, load_presets, preset_name, to_plain
from vov_core.masks import STYLES
from vov_core.pipeline import Look
from vov_core.select import Mode, Rules

trials = st.builds(
    Trial,
    rules=st.builds(Rules, mode=st.sampled_from(Mode), confidence=st.floats(0.05, 0.95)),
    look=st.builds(
        Look,
        style=st.sampled_from(list(STYLES)),
        coverage=st.floats(0.8, 2),
        strength=st.floats(0, 1),
        softness=st.floats(0, 1),
    ),
    merge=st.floats(0.1, 1),
)


@settings(max_examples=40)
@given(st.dictionaries(st.text("abc 가나", min_size=1).filter(str.strip), trials, min_size=1))
def test_there_and_back(presets: dict[str, Trial]) -> None:
    wanted = {preset_name(name): trial for name, trial in presets.items()}
    assert load_presets(dump_presets(presets).encode()) == wanted


def test_what_is_missing_has_its_default() -> None:
    assert from_plain({}) == Trial()
    assert to_plain(from_plain({"style": "solid"})) == to_plain(Trial()) | {"style": "solid"}


@pytest.mark.parametrize(
    "values",
    [
        {"style": "invisible"},
        {"mode": "none"},
        {"confidence": 2},
        {"coverage": 0.1},
        {"coverage": "1.4"},
        {"strength": True},
        {"softness": float("nan")},
        {"merge": None},
    ],
)
def test_values_out_of_range(values: dict[str, Any]) -> None:
    with pytest.raises(PresetsUnreadableError):
        from_plain(values)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b" " * 300_000,
        json.dumps({"vov_presets": {}}).encode(),
        json.dumps({"vov_presets": {"a": 1}}).encode(),
        json.dumps({"vov_presets": {"  ": {}}}).encode(),
        json.dumps({"vov_presets": {str(n): {} for n in range(51)}}).encode(),
    ],
)
def test_files_that_are_no_presets(data: bytes) -> None:
    with pytest.raises(PresetsUnreadableError):
        load_presets(data)


def test_names_are_one_printable_line() -> None:
    assert preset_name(" a\n\u202eb\t" + "c" * 99) == "ab" + "c" * 58
