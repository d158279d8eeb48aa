"""What the history tells, checked against the same sums done by hand."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest

from tests.suites.places import Place, receipt_for
from vov_core.archive import Owner, OwnerKind
from vov_core.database import Database, Photo, UsageDay
from vov_core.findings import Verdict
from vov_core.history import OTHERS, FieldOfWork, Filter, Group, History, Period, Totals

Row = dict[str, Any]
START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
DAY = START.date()
FILTERS = [
    Filter(),
    Filter(first=DAY + timedelta(days=100)),
    Filter(last=DAY + timedelta(days=30)),
    Filter(first=DAY + timedelta(days=7), last=DAY + timedelta(days=180), style="solid"),
    Filter(verdict=Verdict.NOTHING_FOUND),
    Filter(style="' OR 1=1 --"),
    Filter(style="nobody's style"),
]
GROUP = ("owner_kind", "verdict", "style")
LEVELS = ("readable", "partly", "unreadable")
SUMS = (
    *("hands", "regions_found", "fingerprints_covered", "left_out", "drawn", "bytes", "ms_total"),
    *LEVELS,
)


def random_rows(count: int, seed: int = 1) -> list[Row]:
    rng = random.Random(seed)
    seconds = (END - START).total_seconds()
    return [
        {
            "saved_at": START + timedelta(seconds=rng.uniform(0, seconds)),
            "owner_kind": rng.choice(["guest", "member"]),
            "verdict": rng.choice([Verdict.DANGER, Verdict.DANGER, Verdict.NOTHING_FOUND]),
            "style": rng.choice(["skin_tone", "solid", "noise", "' OR 1=1 --"]),
            "mode": rng.choice(["safe", "precise"]),
            "hands": 1,
            "regions_found": 5,
            "fingerprints_covered": rng.randrange(11),
            "left_out": 0,
            "drawn": 0,
            "bytes": rng.randrange(10_000_000),
            "ms_total": 400.0,
            # One in five was not measured.
            **dict.fromkeys(LEVELS),
            **({name: rng.randrange(6) for name in LEVELS} if rng.randrange(5) else {}),
        }
        for _ in range(count)
    ]


def add(database: Database, rows: list[Row]) -> None:
    """Adds saves as their roll-up."""
    days: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        day = (row["saved_at"] - datetime(1970, 1, 1, tzinfo=UTC)).days
        key = (day, *(str(row[name]) for name in GROUP))
        sums = days.setdefault(
            key,
            {"day": day, "photos": 0}
            | dict(zip(GROUP, key[1:], strict=True))
            | dict.fromkeys(SUMS, 0),
        )
        sums["photos"] += 1
        for name in SUMS:
            sums[name] += row[name] or 0
    with database.writing() as session:
        for sums in days.values():
            there = session.get(UsageDay, (sums["day"], *(sums[name] for name in GROUP)))
            if there is None:
                session.add(UsageDay(**sums))
                continue
            for name in ("photos", *SUMS):
                setattr(there, name, getattr(there, name) + sums[name])


def add_photos(database: Database, owner: Owner, rows: list[Row]) -> None:
    """Adds saves as photos that an owner keeps."""
    receipt = receipt_for(b"")
    same = {
        name: getattr(receipt, name)
        for name in Photo.__table__.columns.keys()  # noqa: SIM118
        if hasattr(receipt, name)
    }
    with database.writing() as session:
        for row in rows:
            values = {name: value for name, value in row.items() if name != "saved_at"}
            session.add(
                Photo(
                    **{
                        **same,
                        **values,
                        "verdict": str(row["verdict"]),
                        "id": token_hex(16),
                        "owner": owner.key,
                        "owner_kind": str(owner.kind),
                        "state": "stored",
                        "attempt": "0" * 8,
                        "created_at": row["saved_at"],
                    }
                )
            )


def day_of(row: Row) -> date:
    saved_at: datetime = row["saved_at"]
    return saved_at.date()


def lets_through(filter: Filter, row: Row, day: date) -> bool:
    return (
        (filter.first is None or day >= filter.first)
        and (filter.last is None or day <= filter.last)
        and (filter.style is None or row["style"] == filter.style)
        and (filter.verdict is None or row["verdict"] == filter.verdict)
    )


def by_hand(rows: list[Row]) -> Totals:
    danger = sum(row["verdict"] == Verdict.DANGER for row in rows)
    return Totals(
        photos=len(rows),
        danger=danger,
        nothing_found=len(rows) - danger,
        fingerprints=sum(row["fingerprints_covered"] for row in rows),
        bytes=sum(row["bytes"] for row in rows),
        **{name: sum(row[name] or 0 for row in rows) for name in LEVELS},
    )


def groups_by_hand(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, Totals]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: by_hand(group) for name, group in groups.items()}


STARTS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: date.fromisocalendar(*day.isocalendar()[:2], 1),
    "month": lambda day: date(day.year, day.month, 1),
}


@pytest.fixture
def database(place: Place) -> Database:
    database = place.database()
    database.migrate()
    return database


class HistorySuite:
    def test_nothing_yet(self, database: Database) -> None:
        history = History(database)
        assert history.totals() == Totals(0, 0, 0, 0, 0)
        assert history.over_time() == ()
        assert history.by_style() == history.by_kind() == ()

    def test_one_save(self, database: Database) -> None:
        rows = random_rows(1)
        add(database, rows)
        history = History(database)
        day = rows[0]["saved_at"].date()
        assert history.totals() == by_hand(rows)
        assert history.over_time(today=day) == (Period(day, by_hand(rows)),)
        assert history.by_kind() == (Group(rows[0]["owner_kind"], by_hand(rows)),)

    def test_sums_are_those_done_by_hand(self, database: Database) -> None:
        rows = random_rows(700)
        add(database, rows)
        history = History(database)
        for filter in FILTERS:
            chosen = [row for row in rows if lets_through(filter, row, day_of(row))]
            assert history.totals(filter) == by_hand(chosen)
            for found, name in (
                (history.by_style(filter), "style"),
                (history.by_kind(filter), "owner_kind"),
            ):
                assert {g.name: g.totals for g in found} == groups_by_hand(
                    chosen, lambda row, name=name: str(row[name])
                )
                counts = [group.totals.photos for group in found]
                assert counts == sorted(counts, reverse=True)

    def test_periods_are_those_done_by_hand(self, database: Database) -> None:
        rows = random_rows(400)
        add(database, rows)
        for filter in FILTERS:
            chosen = [row for row in rows if lets_through(filter, row, day_of(row))]
            for bucket, start_of in STARTS.items():
                periods = History(database).over_time(filter, bucket, today=date(2025, 12, 31))
                expected = groups_by_hand(
                    chosen, lambda row, start_of=start_of: start_of(day_of(row))
                )
                assert {p.start: p.totals for p in periods if p.totals.photos} == expected
                assert all(start_of(p.start) == p.start for p in periods)

    @pytest.mark.parametrize("offset", [0, 540, -210, 765])
    def test_one_s_own_are_those_done_by_hand(self, database: Database, offset: int) -> None:
        rows, me = random_rows(150), Owner.new_guest()
        add_photos(database, me, rows)
        add_photos(database, Owner(OwnerKind.MEMBER, "somebody else's token"), random_rows(20, 2))
        history = History(database, owner=me, utc_offset_minutes=offset)

        def local(row: Row) -> date:
            return day_of({"saved_at": row["saved_at"] + timedelta(minutes=offset)})

        for filter in FILTERS:
            chosen = [row for row in rows if lets_through(filter, row, local(row))]
            assert history.totals(filter) == by_hand(chosen)
            assert {g.name: g.totals for g in history.by_style(filter)} == groups_by_hand(
                chosen, lambda row: row["style"]
            )
            for bucket, start_of in STARTS.items():
                periods = history.over_time(filter, bucket, today=date(2025, 12, 31))
                expected = groups_by_hand(
                    chosen, lambda row, start_of=start_of: start_of(local(row))
                )
                assert {p.start: p.totals for p in periods if p.totals.photos} == expected

    def test_fields_of_work_of_few_people_are_never_shown(self, place: Place) -> None:
        archive = place.archive()

        def save(field: str, people: int, each: int) -> None:
            for n in range(people):
                who = Owner(OwnerKind.MEMBER, f"member {n} of the field {field}", field)
                for _ in range(each):
                    output = token_hex(8).encode()
                    archive.save(output, receipt_for(output), who, save_id=uuid4())

        save("law", 1, 7)
        save("it", 5, 2)
        shown = History(archive.database).fields_of_work()
        assert shown == (FieldOfWork("it", 10),), "the rest would be the lawyer's"
        save("media", 4, 1)
        shown = History(archive.database).fields_of_work()
        assert shown == (FieldOfWork("it", 10), FieldOfWork(OTHERS, 10))
        save("media", 5, 1)
        shown = History(archive.database).fields_of_work()
        assert shown == (FieldOfWork("it", 10), FieldOfWork("media", 5))

    def test_gaps_are_filled_with_zeros(self, database: Database) -> None:
        rows = random_rows(2)
        rows[0]["saved_at"] = datetime(2025, 2, 27, 23, 59, tzinfo=UTC)
        rows[1]["saved_at"] = datetime(2025, 3, 2, 0, 0, tzinfo=UTC)
        add(database, rows)
        history = History(database)
        days = history.over_time(today=date(2025, 3, 4))
        assert [(p.start.isoformat(), p.totals.photos) for p in days] == [
            ("2025-02-27", 1),
            ("2025-02-28", 0),
            ("2025-03-01", 0),
            ("2025-03-02", 1),
            ("2025-03-03", 0),
            ("2025-03-04", 0),
        ]
        months = history.over_time(
            Filter(first=date(2024, 11, 15)), "month", today=date(2025, 3, 4)
        )
        assert [(p.start.isoformat(), p.totals.photos) for p in months] == [
            ("2024-11-01", 0),
            ("2024-12-01", 0),
            ("2025-01-01", 0),
            ("2025-02-01", 1),
            ("2025-03-01", 1),
        ]

    def test_a_window_without_saves_is_all_zeros(self, database: Database) -> None:
        window = Filter(first=date(2020, 1, 1), last=date(2020, 1, 3))
        periods = History(database).over_time(window)
        assert [p.start.day for p in periods] == [1, 2, 3]
        assert {p.totals for p in periods} == {Totals()}

    def test_the_clock_may_be_behind_the_saves(self, database: Database) -> None:
        add(database, random_rows(50))
        periods = History(database).over_time(today=date(2024, 1, 1))
        assert sum(p.totals.photos for p in periods) == 50

    def test_today_by_the_clock(self, database: Database) -> None:
        rows = random_rows(1)
        rows[0]["saved_at"] = datetime.now(UTC) - timedelta(days=2)
        add(database, rows)
        assert len(History(database).over_time()) in {3, 4}
