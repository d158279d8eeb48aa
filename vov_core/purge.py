"""Deletes what has lived long enough: the purge, which one process at a time does.

A lease in the database says who is at it; a process that dies leaves one that runs out. Should two
ever be at it at once, nothing is deleted that should not be: every step may be repeated.

Deleting can't be taken back and a clock may be wrong, so a purge that finds its clock far from
where the last one left it only notes the time. The next one, an hour later, believes it.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from secrets import token_hex
from typing import Any, Final, cast

from sqlalchemy import CursorResult, Update, or_, select, update

from vov_core.archive import Archive, OwnerKind
from vov_core.audit import AuditTrail
from vov_core.database import Database, Job
from vov_core.errors import VovError
from vov_core.mail import forget_letters

_log = logging.getLogger(__name__)

_JOB: Final = "purge"
_LEASE: Final = timedelta(minutes=15)
_BACK: Final = timedelta(hours=1)
_AHEAD: Final = timedelta(days=7)
_LETTERS: Final = timedelta(days=30)
_DAILY: Final = timedelta(days=1)
_SOON: Final = timedelta(hours=1)


class Outcome(StrEnum):
    """What became of a purge."""

    DONE = "done"
    BUSY = "busy"
    POSTPONED = "postponed"


@dataclass(frozen=True)
class Purged:
    """What a purge deleted (or would delete).

    Attributes:
        outcome: ``busy``: another process is at it. ``postponed``: the clock jumped.
        photos: Photos whose time was over.
        consents: Consents of guests who keep nothing any more.
        audit: Entries of the audit trail.
    """

    outcome: Outcome
    photos: int = 0
    consents: int = 0
    audit: int = 0


class Lease:
    """Makes sure that one process at a time does the job.

    Args:
        database: Where the job's row is.
        clock: Tells the time, UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._me = token_hex(16)

    def take(self) -> bool:
        """Tries to get it. One that lies further ahead than any lease can is of a wrong clock."""
        now = self._clock()
        free = or_(Job.until.is_(None), Job.until <= now, Job.until > now + _LEASE)
        return self._update(update(Job).where(free).values(holder=self._me, until=now + _LEASE))

    def renew(self) -> bool:
        """Prolongs it; False if somebody else has it by now."""
        return self._set(until=self._clock() + _LEASE)

    def release(self) -> None:
        """Lets the next one begin."""
        self._set(holder=None, until=None)

    def clock_is_plausible(self) -> bool:
        """Whether the time is about what the last purge suggests; notes the time."""
        now = self._clock()
        with self._database.reading() as session:
            last = session.scalars(select(Job.ran_at).where(Job.name == _JOB)).one()
        self._set(ran_at=now)
        return last is None or last - _BACK <= now <= last + _AHEAD

    def _set(self, **values: object) -> bool:
        return self._update(update(Job).where(Job.holder == self._me).values(**values))

    def _update(self, statement: Update) -> bool:
        with self._database.writing() as session:
            done = session.execute(statement.where(Job.name == _JOB))
            return bool(cast(CursorResult[Any], done).rowcount)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def purge(
    archive: Archive, *, clock: Callable[[], datetime] = _utc_now, limit: int = 500
) -> Purged:
    """Deletes what the archive's retention says has lived long enough.

    Args:
        archive: Whose photos, consents and audit trail.
        clock: Tells the time, UTC.
        limit: How many photos a batch deletes at most.

    Raises:
        ArchiveError: Store or database do not answer. What was begun is finished by the next one.
    """
    lease = Lease(archive.database, clock)
    if not lease.take():
        return Purged(Outcome.BUSY)
    try:
        if not lease.clock_is_plausible():
            _log.warning("the clock jumped since the last purge: nothing is purged this time")
            return Purged(Outcome.POSTPONED)
        return _purge(archive, lease, clock(), limit)
    finally:
        lease.release()


def _purge(archive: Archive, lease: Lease, now: datetime, limit: int) -> Purged:
    archive.finish_deletes()
    photos = consents = audit = 0
    for kind in OwnerKind:
        if before := _before(now, archive.retention.days(kind)):
            while count := archive.purge(kind, before, limit=limit):
                photos += count
                if not lease.renew():
                    return Purged(Outcome.BUSY, photos)
    if before := _before(now, archive.retention.guest_days):
        consents = archive.forget_guests(before)
    if before := _before(now, archive.retention.audit_days):
        audit = AuditTrail(archive.database).forget(before)
    forget_letters(archive.database, now - _LETTERS)
    return Purged(Outcome.DONE, photos, consents, audit)


def _before(now: datetime, days: int) -> datetime | None:
    return now - timedelta(days=days) if days else None


def would_purge(archive: Archive, *, clock: Callable[[], datetime] = _utc_now) -> Purged:
    """What a purge would delete now; changes nothing."""
    now = clock()
    photos = audit = 0
    for kind in OwnerKind:
        if before := _before(now, archive.retention.days(kind)):
            photos += archive.count_expired(kind, before)
    if before := _before(now, archive.retention.audit_days):
        audit = AuditTrail(archive.database).count_before(before)
    return Purged(Outcome.DONE, photos, 0, audit)


class Janitor:
    """Purges soon after start and then daily, in a thread that never keeps a process alive.

    Args:
        archive: What is purged.
        first: Seconds until the first purge, so that the first visitors do not wait for it.
    """

    def __init__(self, archive: Archive, *, first: float = 60.0) -> None:
        self._archive = archive
        self._first = first
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vov-purge", daemon=True)

    def start(self) -> "Janitor":
        """Begins."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the thread at its next pause."""
        self._stopped.set()

    def _run(self) -> None:
        pause = self._first
        while not self._stopped.wait(pause):
            pause = self._purge().total_seconds()

    def _purge(self) -> timedelta:
        """One purge; returns how long to wait for the next."""
        try:
            done = purge(self._archive)
        except VovError as error:
            _log.warning("the purge will be tried again: %s", error)
            return _SOON
        except Exception as error:
            # Never the message: a library's may quote values.
            _log.error("unexpected %s in the purge", type(error).__name__)
            return _SOON
        _log.info(
            "purge %s: %d photos, %d consents, %d audit entries",
            done.outcome,
            done.photos,
            done.consents,
            done.audit,
        )
        return _SOON if done.outcome is Outcome.POSTPONED else _DAILY
