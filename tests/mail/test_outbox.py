"""The outbox on SQLite, with a real mail server; MariaDB is in ``tests/services``."""

from tests.suites.local import place
from tests.suites.outbox import OutboxSuite, TlsSuite, archive, certificates, office

__all__ = ["archive", "certificates", "office", "place"]


class TestOutbox(OutboxSuite):
    """The shared suite."""


class TestEncryption(TlsSuite):
    """The shared suite."""
