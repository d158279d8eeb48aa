"""Accounts on MariaDB, their photos on S3."""

import pytest

from tests.suites.people import (
    DatabaseSuite,
    MembersSuite,
    anna,
    archive,
    mailbox,
    people,
    time,
)

__all__ = ["anna", "archive", "mailbox", "people", "time"]

pytestmark = pytest.mark.services


class TestPeopleOnServers(DatabaseSuite):
    """MariaDB."""


class TestMembersOnServers(MembersSuite):
    """MariaDB and S3."""
