"""The history on SQLite; the same suite runs on MariaDB in ``tests/services``."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.suites.history import HistorySuite, database
from tests.suites.local import place
from vov_core.history import OTHERS, Group, Totals, without_small

__all__ = ["database", "place"]


class TestHistory(HistorySuite):
    """The shared suite."""


def shown(**photos: int) -> dict[str, int]:
    groups = [Group(name, Totals(photos=count)) for name, count in photos.items()]
    return {group.name: group.totals.photos for group in without_small(groups)}


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 1}),
        ({"a": 5, "b": 5}, {"a": 5, "b": 5}),
        ({"a": 100, "b": 4}, {OTHERS: 104}),
        ({"a": 100, "b": 4, "c": 0}, {OTHERS: 104}),
        ({"a": 100, "b": 50, "c": 4}, {"a": 100, OTHERS: 54}),
        ({"a": 100, "b": 50, "c": 4, "d": 1}, {"a": 100, "b": 50, OTHERS: 5}),
        ({"a": 100, "b": 50, "c": 1, "d": 1}, {"a": 100, OTHERS: 52}),
        ({"a": 2, "b": 1, "c": 1}, {OTHERS: 4}),
    ],
)
def test_small_groups_are_not_broken_out(photos: dict[str, int], expected: dict[str, int]) -> None:
    assert shown(**photos) == expected


@given(st.dictionaries(st.text("abcdefg", min_size=1, max_size=3), st.integers(0, 40), max_size=8))
@settings(max_examples=60)
def test_nothing_small_is_known_from_the_difference(photos: dict[str, int]) -> None:
    found = shown(**photos)
    assert sum(found.values()) == sum(photos.values())
    if len(photos) < 2:
        return
    named = {name: count for name, count in found.items() if name != OTHERS}
    assert all(count >= 5 for count in named.values())
    hidden = photos.keys() - named.keys()
    assert len(hidden) != 1, "a group that is hidden alone is the sum less the others"
    if named and hidden:
        assert sum(photos[name] for name in hidden) >= 5
