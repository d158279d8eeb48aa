"""Everything that the folder and SQLite must do, done by S3 and MariaDB."""

import pytest

from tests.suites.archive import ArchiveSuite, archive, owner
from tests.suites.database import DatabaseSuite
from tests.suites.history import HistorySuite, database
from tests.suites.store import StoreSuite
from tests.suites.trust import AuditSuite, ConsentSuite, ErasingSuite, PurgeSuite

__all__ = ["archive", "database", "owner"]

pytestmark = pytest.mark.services


class TestArchiveOnServers(ArchiveSuite):
    """S3 and MariaDB."""


class TestHistoryOnServers(HistorySuite):
    """MariaDB."""


class TestDatabaseOnServers(DatabaseSuite):
    """MariaDB."""


class TestStoreOnServers(StoreSuite):
    """S3."""


class TestConsentOnServers(ConsentSuite):
    """S3 and MariaDB."""


class TestErasingOnServers(ErasingSuite):
    """S3 and MariaDB."""


class TestPurgeOnServers(PurgeSuite):
    """S3 and MariaDB."""


class TestAuditOnServers(AuditSuite):
    """MariaDB."""
