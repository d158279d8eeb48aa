"""Accounts on a folder and SQLite; ``tests/services`` does the same on real servers."""

from tests.suites.local import place
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

__all__ = ["anna", "archive", "mailbox", "people", "place", "time"]


class TestPeople(PeopleSuite):
    """The shared suite."""


class TestSocial(SocialSuite):
    """The shared suite."""


class TestMembers(MembersSuite):
    """The shared suite."""
