"""Consent, retention and the audit trail on a folder and SQLite."""

from tests.suites.local import place
from tests.suites.trust import AuditSuite, ConsentSuite, ErasingSuite, PurgeSuite, owner

__all__ = ["owner", "place"]


class TestConsent(ConsentSuite):
    """The shared suite."""


class TestErasing(ErasingSuite):
    """The shared suite."""


class TestPurge(PurgeSuite):
    """The shared suite."""


class TestAudit(AuditSuite):
    """The shared suite."""
