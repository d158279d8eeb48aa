"""The outbox on MariaDB, with photos on S3."""

import pytest

from tests.suites.outbox import OutboxSuite, archive, office

__all__ = ["archive", "office"]

pytestmark = pytest.mark.services


class TestOutboxOnServers(OutboxSuite):
    """MariaDB and S3."""
