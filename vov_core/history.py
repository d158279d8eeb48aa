"""What VOV has done so far, in numbers. Added up by the database; no row of a save is loaded.

Everybody's numbers come from the days' roll-up (``vov_core.usage``): they stay when a photo is
deleted, and belong to nobody. One's own come from the photos that one keeps now; nothing else is
counted per person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, ColumnElement, case, func, literal, select, type_coerce

from vov_core.archive import Owner
from vov_core.database import Database, Photo, State, UsageDay, UsageField, UsagePerson
from vov_core.database.models import MICROSECONDS_A_DAY, MICROSECONDS_A_MINUTE
from vov_core.findings import Verdict

Bucket = Literal["day", "week", "month"]

SMALL: Final = 5
"""Groups of fewer are not shown to everybody."""
OTHERS: Final = "others"
"""The name of the group that small ones are put together to."""

_EPOCH_DAY: Final = date(1970, 1, 1)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which saves are counted; None leaves a side open.

    Attributes:
        first: Of the days.
        last: Of the days; is counted, too.
        style: Name of a mask style.
        verdict: What was found.
    """

    first: date | None = None
    last: date | None = None
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
        readable: Finger tips whose print could be read before they were covered.
        partly: Those whose print could be read in part.
        unreadable: Those whose print could not be read.
    """

    photos: int = 0
    danger: int = 0
    nothing_found: int = 0
    fingerprints: int = 0
    bytes: int = 0
    readable: int = 0
    partly: int = 0
    unreadable: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.photos + other.photos,
            self.danger + other.danger,
            self.nothing_found + other.nothing_found,
            self.fingerprints + other.fingerprints,
            self.bytes + other.bytes,
            self.readable + other.readable,
            self.partly + other.partly,
            self.unreadable + other.unreadable,
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
    """The sums of all saves with one style or of one kind of owner.

    Attributes:
        name: Of the style or kind; ``OTHERS`` for small ones together.
        totals: Its sums.
    """

    name: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class FieldOfWork:
    """The photos of one field of work.

    Attributes:
        name: Of the field; ``OTHERS`` for all that are not shown by themselves.
        photos: Photos saved.
    """

    name: str
    photos: int


@dataclass(frozen=True)
class _Source:
    """Where numbers come from: the columns that differ between the roll-up and the photos."""

    day: ColumnElement[int]
    photos: ColumnElement[int]
    table: type[UsageDay] | type[Photo]
    base: tuple[ColumnElement[bool], ...] = ()

    @property
    def sums(self) -> tuple[ColumnElement[Any], ...]:
        """Photos, those in danger, fingerprints, bytes, tips by how readable they were."""
        danger = case((self.table.verdict == Verdict.DANGER, self.photos), else_=0)
        return (
            func.sum(self.photos),
            func.sum(danger),
            func.sum(self.table.fingerprints_covered),
            func.sum(self.table.bytes),
            func.sum(self.table.readable),
            func.sum(self.table.partly),
            func.sum(self.table.unreadable),
        )

    def conditions(self, filter: Filter) -> list[ColumnElement[bool]]:
        """What the filter lets through."""
        conditions = list(self.base)
        if filter.first is not None:
            conditions.append(self.day >= _to_number(filter.first))
        if filter.last is not None:
            conditions.append(self.day <= _to_number(filter.last))
        if filter.style is not None:
            conditions.append(self.table.style == filter.style)
        if filter.verdict is not None:
            conditions.append(self.table.verdict == filter.verdict)
        return conditions


class History:
    """Reads the numbers: everybody's (days are those of UTC), or one's own.

    Every method raises :class:`~vov_core.errors.DatabaseUnavailableError` when the database does
    not answer.

    Args:
        database: Must be migrated.
        owner: Whose photos are counted; None takes everybody's saves.
        utc_offset_minutes: Where an owner's days begin: minutes that their clock is ahead of UTC.
    """

    def __init__(
        self, database: Database, *, owner: Owner | None = None, utc_offset_minutes: int = 0
    ) -> None:
        self._database = database
        self._offset = timedelta(minutes=utc_offset_minutes if owner else 0)
        self._source = _own(owner, utc_offset_minutes) if owner else _everybodys()

    def today(self) -> date:
        """By the clock, as these numbers count days."""
        return (datetime.now(UTC) + self._offset).date()

    def totals(self, filter: Filter = EVERYTHING) -> Totals:
        """Sums over all saves that the filter lets through."""
        query = select(*self._source.sums).where(*self._source.conditions(filter))
        with self._database.reading() as session:
            return _to_totals(session.execute(query).one())

    def over_time(
        self, filter: Filter = EVERYTHING, bucket: Bucket = "day", *, today: date | None = None
    ) -> tuple[Period, ...]:
        """Sums per day, week or month, without gaps.

        The first period is that of ``filter.first`` (or of the first save), the last one that of
        ``filter.last`` (or of today). Nothing saved and no ``first`` gives nothing.

        Args:
            filter: Which saves.
            bucket: Length of a period. The database adds up days; there are few enough of them to
                be put together to weeks and months here.
            today: None asks the clock.
        """
        source = self._source
        day = source.day.label("day")
        query = select(day, *source.sums).where(*source.conditions(filter)).group_by(day)
        with self._database.reading() as session:
            days = {
                _EPOCH_DAY + int(number) * _ONE_DAY: _to_totals(sums)
                for number, *sums in session.execute(query)
            }
        if filter.first is None and not days:
            return ()
        first = filter.first or min(days)
        last = filter.last or today or self.today()
        return _fold(days, first, max(last, first, *days), bucket)

    def by_style(self, filter: Filter = EVERYTHING) -> tuple[Group, ...]:
        """Sums per mask style, most used first."""
        return self._by("style", filter)

    def by_kind(self, filter: Filter = EVERYTHING) -> tuple[Group, ...]:
        """Sums of guests and of members, most photos first."""
        return self._by("owner_kind", filter)

    def _by(self, name: str, filter: Filter) -> tuple[Group, ...]:
        source = self._source
        column = getattr(source.table, name)
        query = (
            select(column, *source.sums)
            .where(*source.conditions(filter))
            .group_by(column)
            .order_by(source.sums[0].desc(), column)
        )
        with self._database.reading() as session:
            return tuple(Group(name, _to_totals(sums)) for name, *sums in session.execute(query))

    def fields_of_work(self, top: int = 5) -> tuple[FieldOfWork, ...]:
        """Everybody's photos per field of work, most first, fit to be shown to anyone.

        A field of fewer than ``SMALL`` people is never shown by itself. Counts are of all time and
        rounded down to multiples of ``SMALL``: two looks, a save apart, don't tell who saved.
        """
        people = (
            select(UsagePerson.field_of_work, func.count().label("people"))
            .group_by(UsagePerson.field_of_work)
            .subquery()
        )
        query = select(
            UsageField.field_of_work, UsageField.photos, func.coalesce(people.c.people, 0)
        ).outerjoin(people, people.c.field_of_work == UsageField.field_of_work)
        with self._database.reading() as session:
            rows = [(str(name), int(n), int(who)) for name, n, who in session.execute(query)]
        return _shown_fields(rows, top)


def without_small(groups: Sequence[Group], small: int = SMALL) -> tuple[Group, ...]:
    """The groups that everybody may see: those of too few saves are put together as ``OTHERS``.

    One small group alone would be known from the sum of all, so ``OTHERS`` always stands for two at
    least and never for too few saves: the next larger groups join it. A group that is alone shows
    no more than the sum does.
    """
    ordered = sorted(groups, key=lambda group: -group.totals.photos)
    if len(ordered) < 2:
        return tuple(ordered)
    hidden: list[Group] = []
    while ordered and ordered[-1].totals.photos < small:
        hidden.append(ordered.pop())
    while hidden and ordered and _too_few(hidden, small):
        hidden.append(ordered.pop())
    if not hidden:
        return tuple(ordered)
    return (*ordered, Group(OTHERS, sum((group.totals for group in hidden), Totals())))


def _too_few(groups: Sequence[Group], small: int) -> bool:
    return len(groups) < 2 or sum(group.totals.photos for group in groups) < small


def _shown_fields(rows: Sequence[tuple[str, int, int]], top: int) -> tuple[FieldOfWork, ...]:
    """Name, photos and people of each field -> what everybody may see."""
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    shown = [row for row in ordered if row[2] >= SMALL and row[1] >= SMALL][:top]
    rest = [row for row in ordered if row not in shown]
    # The rest is shown only where it hides each of its own: rounding hides the differences.
    other = sum(row[1] for row in rest) // SMALL * SMALL
    fields = [FieldOfWork(name, photos // SMALL * SMALL) for name, photos, _ in shown]
    if other and len(rest) > 1 and sum(row[2] for row in rest) >= SMALL:
        fields.append(FieldOfWork(OTHERS, other))
    return tuple(fields)


def _everybodys() -> _Source:
    return _Source(type_coerce(UsageDay.day, BigInteger), UsageDay.photos.expression, UsageDay)


def _own(owner: Owner, utc_offset_minutes: int) -> _Source:
    # "//" would become a floor of a decimal on MariaDB; without the remainder "/" is exact.
    local = type_coerce(Photo.created_at, BigInteger) + utc_offset_minutes * MICROSECONDS_A_MINUTE
    midnight = local - local % MICROSECONDS_A_DAY
    # Binds as tightly as a division does, so that the difference gets its brackets.
    divided_by = midnight.op("/", precedence=8, return_type=BigInteger())
    return _Source(
        divided_by(MICROSECONDS_A_DAY),
        literal(1),
        Photo,
        (Photo.owner == owner.key, Photo.state == State.STORED),
    )


def _to_number(day: date) -> int:
    return (day - _EPOCH_DAY).days


def _to_totals(sums: Any) -> Totals:
    photos, danger, fingerprints, size, *levels = (int(value or 0) for value in sums)
    return Totals(photos, danger, photos - danger, fingerprints, size, *levels)


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
