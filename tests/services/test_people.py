"""Accounts on MariaDB, their photos on S3."""

import pytest

from tests.suites.people import (
    MembersSuite,
    PeopleSuite,
    SocialSuite,
    anna,
    archive,
    mailbox,
    people,
    time,
)

__all__ = ["anna", "archive", "mailbox", "people", "time"]

pytestmark = pytest.mark.services


class TestPeopleOnServers(PeopleSuite):
    """MariaDB."""


class TestMembersOnServers(MembersSuite):
    """MariaDB and S3."""


class TestSocialOnServers(SocialSuite):
    """MariaDB."""
