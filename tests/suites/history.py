"""What the history tells, checked against the same sums done by hand."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import insert, select

from tests.suites.places import Place
from vov_core.database import Database, Usage
from vov_core.findings import Verdict
from vov_core.history import Filter, Group, History, Period, Totals

Row = dict[str, Any]
START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS = [
    Filter(),
    Filter(since=START + timedelta(days=100)),
    Filter(until=START + timedelta(days=30, hours=5)),
    Filter(since=START + timedelta(days=7), until=START + timedelta(days=180), style="solid"),
    Filter(verdict=Verdict.NOTHING_FOUND),
    Filter(style="' OR 1=1 --"),
    Filter(style="nobody's style"),
]


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
        }
        for _ in range(count)
    ]


def add(database: Database, rows: list[Row]) -> None:
    with database.writing() as session:
        session.execute(insert(Usage), rows)


def lets_through(filter: Filter, row: Row) -> bool:
    return (
        (filter.since is None or row["saved_at"] >= filter.since)
        and (filter.until is None or row["saved_at"] < filter.until)
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
    )


def groups_by_hand(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, Totals]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: by_hand(group) for name, group in groups.items()}


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
        assert history.by_style() == history.by_verdict() == history.by_mode() == ()

    def test_one_save(self, database: Database) -> None:
        rows = random_rows(1)
        add(database, rows)
        history = History(database)
        day = rows[0]["saved_at"].date()
        assert history.totals() == by_hand(rows)
        assert history.over_time(today=day) == (Period(day, by_hand(rows)),)
        assert history.by_mode() == (Group(rows[0]["mode"], by_hand(rows)),)

    def test_sums_are_those_done_by_hand(self, database: Database) -> None:
        rows = random_rows(700)
        add(database, rows)
        history = History(database)
        for filter in FILTERS:
            chosen = [row for row in rows if lets_through(filter, row)]
            assert history.totals(filter) == by_hand(chosen)
            for found, name in (
                (history.by_style(filter), "style"),
                (history.by_verdict(filter), "verdict"),
                (history.by_mode(filter), "mode"),
            ):
                assert {g.name: g.totals for g in found} == groups_by_hand(
                    chosen, lambda row, name=name: str(row[name])
                )
                counts = [group.totals.photos for group in found]
                assert counts == sorted(counts, reverse=True)

    @pytest.mark.parametrize("offset", [0, 540, -210, 765])
    def test_periods_are_those_done_by_hand(self, database: Database, offset: int) -> None:
        rows = random_rows(400)
        add(database, rows)
        starts: dict[str, Callable[[date], date]] = {
            "day": lambda day: day,
            "week": lambda day: date.fromisocalendar(*day.isocalendar()[:2], 1),
            "month": lambda day: date(day.year, day.month, 1),
        }
        for filter in FILTERS:
            chosen = [row for row in rows if lets_through(filter, row)]
            for bucket, start_of in starts.items():
                periods = History(database).over_time(
                    filter, bucket, utc_offset_minutes=offset, today=date(2025, 12, 31)
                )
                expected = groups_by_hand(
                    chosen,
                    lambda row, start_of=start_of: start_of(
                        (row["saved_at"] + timedelta(minutes=offset)).date()
                    ),
                )
                assert {p.start: p.totals for p in periods if p.totals.photos} == expected
                assert all(start_of(p.start) == p.start for p in periods)

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
            Filter(since=datetime(2024, 11, 15, tzinfo=UTC)), "month", today=date(2025, 3, 4)
        )
        assert [(p.start.isoformat(), p.totals.photos) for p in months] == [
            ("2024-11-01", 0),
            ("2024-12-01", 0),
            ("2025-01-01", 0),
            ("2025-02-01", 1),
            ("2025-03-01", 1),
        ]

    def test_a_window_without_saves_is_all_zeros(self, database: Database) -> None:
        window = Filter(
            since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2020, 1, 4, tzinfo=UTC)
        )
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

    def test_times_must_know_their_zone(self, database: Database) -> None:
        with pytest.raises(Exception, match="without a zone"):
            History(database).totals(Filter(since=datetime(2025, 1, 1)))

    def test_100_000_saves_take_at_most_200_ms(
        self, database: Database, record_property: Callable[[str, object], None]
    ) -> None:
        add(database, random_rows(3125))
        names = [column.name for column in Usage.__table__.columns if column.name != "id"]
        columns = [getattr(Usage, name) for name in names]
        for _ in range(5):
            with database.writing() as session:
                session.execute(insert(Usage).from_select(names, select(*columns)))
        history = History(database)
        assert history.totals().photos == 100_000
        queries: dict[str, Callable[[], object]] = {
            "totals": history.totals,
            "totals of a style": lambda: history.totals(Filter(style="solid")),
            "days": history.over_time,
            "months": lambda: history.over_time(bucket="month", utc_offset_minutes=540),
            "styles": history.by_style,
            "verdicts": history.by_verdict,
            "modes": history.by_mode,
        }
        for name, query in queries.items():
            best = best_ms(query, enough=200)
            record_property(name, round(best, 1))
            print(f"{name}: {best:.1f} ms")
            assert best <= 200, name


def best_ms(call: Callable[[], object], enough: float) -> float:
    """The fastest of a few runs, and of more while the machine is busy with something else."""
    deadline = perf_counter() + 10
    best = float("inf")
    runs = 0
    while runs < 3 or (best > enough and perf_counter() < deadline):
        start = perf_counter()
        call()
        best = min(best, (perf_counter() - start) * 1000)
        runs += 1
    return best
