"""What VOV has done so far, in numbers. Added up by the database; no row is ever loaded.

The numbers are those of the saves. They stay when a photo is deleted, and belong to nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, ColumnElement, case, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from vov_core.database import Database, Usage
from vov_core.database.models import (
    MICROSECONDS_A_DAY,
    MICROSECONDS_A_MINUTE,
)
from vov_core.findings import Verdict

Bucket = Literal["day", "week", "month"]

_EPOCH_DAY: Final = date(1970, 1, 1)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which saves are counted; None leaves a side open.

    Attributes:
        since: At or after this time; must know its zone.
        until: Before this time; must know its zone.
        style: Name of a mask style.
        verdict: What was found.
    """

    since: datetime | None = None
    until: datetime | None = None
    style: str | None = None
    verdict: Verdict | None = None


EVERYTHING: Final = Filter()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over some saves.

    Attributes:
        photos: Photos saved.
        danger: Those with fingerprints found.
        nothing_found: Those without.
        fingerprints: Fingerprints covered.
        bytes: Size of the outputs.
    """

    photos: int = 0
    danger: int = 0
    nothing_found: int = 0
    fingerprints: int = 0
    bytes: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.photos + other.photos,
            self.danger + other.danger,
            self.nothing_found + other.nothing_found,
            self.fingerprints + other.fingerprints,
            self.bytes + other.bytes,
        )


@dataclass(frozen=True, slots=True)
class Period:
    """The sums of one day, week or month.

    Attributes:
        start: Its first day (weeks begin on Monday).
        totals: Its sums; zeros where nothing was saved.
    """

    start: date
    totals: Totals


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of all saves with one style, verdict or mode.

    Attributes:
        name: Of the style, verdict or mode.
        totals: Its sums.
    """

    name: str
    totals: Totals


class History:
    """Reads the numbers.

    Every method raises :class:`~vov_core.errors.DatabaseUnavailableError` when the database does
    not answer.

    Args:
        database: Must be migrated.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def totals(self, filter: Filter = EVERYTHING) -> Totals:
        """Sums over all saves that the filter lets through."""
        query = select(*_sums()).where(*_conditions(filter))
        with self._database.reading() as session:
            return _to_totals(session.execute(query).one())

    def over_time(
        self,
        filter: Filter = EVERYTHING,
        bucket: Bucket = "day",
        *,
        utc_offset_minutes: int = 0,
        today: date | None = None,
    ) -> tuple[Period, ...]:
        """Sums per day, week or month, without gaps.

        The first period is that of ``filter.since`` (or of the first save), the last one that of
        ``filter.until`` (or of today). Nothing saved and no ``since`` gives nothing.

        Args:
            filter: Which saves.
            bucket: Length of a period. The database adds up days; there are few enough of them to
                be put together to weeks and months here.
            utc_offset_minutes: Where days begin: minutes that the reader's clock is ahead of UTC.
            today: In the reader's zone; None asks the clock.
        """
        zone = timedelta(minutes=utc_offset_minutes)
        shift = utc_offset_minutes * MICROSECONDS_A_MINUTE
        # "//" would become a floor of a decimal on MariaDB; the remainder keeps whole numbers.
        local = type_coerce(Usage.saved_at, BigInteger) + shift
        day = (local - local % MICROSECONDS_A_DAY).label("day")
        query = select(day, *_sums()).where(*_conditions(filter)).group_by(day)
        with self._database.reading() as session:
            days = {
                _EPOCH_DAY + timedelta(microseconds=int(start)): _to_totals(sums)
                for start, *sums in session.execute(query)
            }
        if filter.since is not None:
            first = (filter.since.astimezone(UTC) + zone).date()
        elif days:
            first = min(days)
        else:
            return ()
        last = today or (datetime.now(UTC) + zone).date()
        if filter.until is not None:
            last = (filter.until.astimezone(UTC) + zone - timedelta.resolution).date()
        return _fold(days, first, max(last, first, *days), bucket)

    def by_style(self, filter: Filter = EVERYTHING) -> tuple[Group, ...]:
        """Sums per mask style, most used first."""
        return self._by(Usage.style, filter)

    def by_verdict(self, filter: Filter = EVERYTHING) -> tuple[Group, ...]:
        """Sums per verdict, most frequent first."""
        return self._by(Usage.verdict, filter)

    def by_mode(self, filter: Filter = EVERYTHING) -> tuple[Group, ...]:
        """Sums per mode, most used first."""
        return self._by(Usage.mode, filter)

    def _by(self, column: InstrumentedAttribute[str], filter: Filter) -> tuple[Group, ...]:
        query = (
            select(column, *_sums())
            .where(*_conditions(filter))
            .group_by(column)
            .order_by(func.count().desc(), column)
        )
        with self._database.reading() as session:
            return tuple(Group(name, _to_totals(sums)) for name, *sums in session.execute(query))


def _sums() -> tuple[ColumnElement[Any], ...]:
    """Count, those in danger, fingerprints, bytes."""
    return (
        func.count(),
        func.sum(case((Usage.verdict == Verdict.DANGER, 1), else_=0)),
        func.sum(Usage.fingerprints_covered),
        func.sum(Usage.bytes),
    )


def _to_totals(sums: Any) -> Totals:
    photos, danger, fingerprints, size = (int(value or 0) for value in sums)
    return Totals(photos, danger, photos - danger, fingerprints, size)


def _conditions(filter: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filter.since is not None:
        conditions.append(Usage.saved_at >= filter.since)
    if filter.until is not None:
        conditions.append(Usage.saved_at < filter.until)
    if filter.style is not None:
        conditions.append(Usage.style == filter.style)
    if filter.verdict is not None:
        conditions.append(Usage.verdict == filter.verdict)
    return conditions


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


_STARTS: Final[Mapping[Bucket, Callable[[date], date]]] = {
    "day": lambda day: day,
    "week": _monday,
    "month": _first_of_month,
}


def _fold(
    days: Mapping[date, Totals], first: date, last: date, bucket: Bucket
) -> tuple[Period, ...]:
    start_of = _STARTS[bucket]
    periods: dict[date, Totals] = {}
    for number in range((last - first).days + 1):
        day = first + number * _ONE_DAY
        start = start_of(day)
        periods[start] = periods.get(start, Totals()) + days.get(day, Totals())
    return tuple(Period(start, totals) for start, totals in periods.items())
