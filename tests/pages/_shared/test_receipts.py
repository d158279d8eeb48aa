"""Sizes for people."""

import pytest

from pages._shared.receipts import size_text
from pages._shared.session import number


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1500, "1.5 kB"),
        (999_000, "999.0 kB"),
        (1_000_000, "1.0 MB"),
        (2_340_000_000, "2.3 GB"),
        (5 * 10**12, "5.0 TB"),
        (7 * 10**15, "7,000.0 TB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert size_text(size) == words


def test_a_size_just_below_a_unit_is_told_in_that_unit() -> None:
    assert size_text(999_960) == "1.0 MB"


def test_numbers_have_separators() -> None:
    assert number(1234567) == "1,234,567"
