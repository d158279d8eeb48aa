"""The history on SQLite; the same suite runs on MariaDB in ``tests/services``."""

from tests.suites.history import HistorySuite, database
from tests.suites.local import place

__all__ = ["database", "place"]


class TestHistory(HistorySuite):
    """The shared suite."""
