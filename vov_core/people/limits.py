"""How often something may be tried, counted in the database so that all processes share it.

A try is counted before it is made, so many at the same moment can't slip through. Whoever runs out
waits, twice as long each time; nothing is locked for good, or anybody could lock others out.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from vov_core.database import Database, Tries
from vov_core.errors import DatabaseUnavailableError, TooManyTriesError

Clock = Callable[[], datetime]

_RACES: Final = 3
_DOUBLINGS: Final = 16


def utc_now() -> datetime:
    """The clock that everybody uses outside of tests."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How often is too often.

    Attributes:
        name: What is limited; counts of different names never meet.
        free: Tries without waiting.
        window: After so long without a try all is forgotten (and the row is deleted).
        first_wait: After the last free try; doubles with each one more.
        longest_wait: The longest.
    """

    name: str
    free: int
    window: timedelta
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(minutes=15)

    def wait(self, count: int) -> timedelta:
        """How long to wait after so many tries."""
        if count < self.free:
            return timedelta(0)
        doublings = min(count - self.free, _DOUBLINGS)
        return min(self.first_wait * (1 << doublings), self.longest_wait)


class Limits:
    """Counts of tries.

    Args:
        database: Shared by all processes; must be migrated.
        clock: Tells the time.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def _key(self, limit: Limit, subject: str) -> str:
        text = f"{self._database.archive_id}\n{limit.name}\n{subject}"
        return sha256(text.encode(errors="surrogatepass")).hexdigest()

    def take(self, limit: Limit, subject: str) -> None:
        """Counts a try of somebody.

        Raises:
            TooManyTriesError: It comes too early; it does not count.
        """
        key = self._key(limit, subject)
        for _ in range(_RACES):
            now = self._clock()
            # Two first tries at the same moment: the loser finds the winner's row the next time.
            with suppress(IntegrityError), self._database.writing() as session:
                row = session.get(Tries, key, with_for_update=True)
                if row is None:
                    row = Tries(key=key, count=0, expires_at=now, blocked_until=None)
                    session.add(row)
                if row.blocked_until is not None and row.blocked_until > now:
                    seconds = (row.blocked_until - now).total_seconds()
                    raise TooManyTriesError(minutes=ceil(seconds / 60))
                row.count = 1 + (row.count if row.expires_at > now else 0)
                wait = limit.wait(row.count)
                row.blocked_until = now + wait if wait else None
                row.expires_at = now + max(limit.window, wait)
                return
        raise DatabaseUnavailableError(reason="busy")

    def forget(self, limit: Limit, subject: str) -> None:
        """Starts over, after somebody has shown to be who they are."""
        with self._database.writing() as session:
            session.execute(delete(Tries).where(Tries.key == self._key(limit, subject)))

    def give_back(self, limit: Limit, subject: str) -> None:
        """Takes one try back: it was right, but does not make up for the wrong ones before."""
        with self._database.writing() as session:
            row = session.get(Tries, self._key(limit, subject), with_for_update=True)
            if row is not None:
                row.count = max(row.count - 1, 0)
                if row.count < limit.free:
                    row.blocked_until = None

    def is_blocked(self, limit: Limit, subject: str) -> bool:
        """Whether the next try would come too early; counts nothing."""
        now = self._clock()
        with self._database.reading() as session:
            row = session.get(Tries, self._key(limit, subject))
            return row is not None and (row.blocked_until or now) > now

    def tidy(self) -> None:
        """Deletes what has no meaning any more."""
        with self._database.writing() as session:
            session.execute(delete(Tries).where(Tries.expires_at <= self._clock()))
