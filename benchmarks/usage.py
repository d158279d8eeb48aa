"""The usage figures after ten million saves, and what consent, trail and roll-up add to a save.

``python -m benchmarks.usage`` measures on SQLite and on a MariaDB server that it starts, and
rewrites its part of ``benchmarks/RESULTS.md``.
"""

import multiprocessing
import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy import insert

from benchmarks.results import put_section
from tests.services.servers import MariaDB
from tests.suites.history import add_photos, random_rows
from tests.suites.places import receipt_for
from vov_core.archive import Archive, Owner, OwnerKind, open_archive
from vov_core.audit import AuditTrail
from vov_core.database import UsageDay, UsageField, UsagePerson
from vov_core.history import Filter, History
from vov_core.masks import STYLES
from vov_core.settings import Settings

EVENTS = 10_000_000
DAYS = 3 * 365
OWN = 5_000
SAVES = 200
PROCESSES = 4
ROUNDS = 15
_FIELDS = 14
_MEMBERS = 20_000
_EPOCH = date(1970, 1, 1)


def rolled_up() -> Iterator[dict[str, Any]]:
    """Ten million saves of three growing years, drawn one by one and added up per day."""
    generator = np.random.default_rng(7)
    cells = list(product(("guest", "member"), ("danger", "nothing_found"), STYLES))
    weights = generator.dirichlet(np.full(len(cells), 0.6))
    growth = np.linspace(0.2, 1.8, DAYS)
    per_day = generator.multinomial(EVENTS, growth / growth.sum())
    first = (date(2024, 1, 1) - _EPOCH).days
    for number, saves in enumerate(per_day):
        for cell, count in zip(cells, generator.multinomial(saves, weights), strict=True):
            if count:
                kind, verdict, style = cell
                n = int(count)
                yield {
                    "day": first + number,
                    "owner_kind": kind,
                    "verdict": verdict,
                    "style": style,
                    "photos": n,
                    "hands": n,
                    "regions_found": 5 * n,
                    "fingerprints_covered": 5 * n if verdict == "danger" else 0,
                    "left_out": 0,
                    "drawn": n // 50,
                    "bytes": 900_000 * n,
                    "ms_total": 450.0 * n,
                    "readable": 2 * n,
                    "partly": n,
                    "unreadable": 2 * n,
                }


def fill(archive: Archive) -> tuple[int, float]:
    """Puts the roll-up into the database; returns its rows and the seconds that took."""
    rows = list(rolled_up())
    start = perf_counter()
    with archive.database.writing() as session:
        for begin in range(0, len(rows), 5000):
            session.execute(insert(UsageDay), rows[begin : begin + 5000])
        session.execute(
            insert(UsageField),
            [
                {"field_of_work": f"field {n}", "photos": EVENTS // 30 - n * 9999, "danger": 0}
                for n in range(_FIELDS)
            ],
        )
        session.execute(
            insert(UsagePerson),
            [
                {"field_of_work": f"field {n % _FIELDS}", "person": f"{n:064x}"}
                for n in range(_MEMBERS)
            ],
        )
    return len(rows), perf_counter() - start


def median_ms(call: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Median and fastest, milliseconds."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append((perf_counter() - start) * 1000)
    return statistics.median(times), min(times)


def page(history: History, filter: Filter) -> None:
    """All that the History page asks for."""
    history.totals(filter)
    history.by_kind(filter)
    history.over_time(filter)
    history.by_style(filter)
    history.fields_of_work()


def queries(archive: Archive) -> dict[str, Callable[[], object]]:
    """What is measured."""
    everyone, me = History(archive.database), Owner.new_guest()
    add_photos(archive.database, me, random_rows(OWN))
    mine = History(archive.database, owner=me, utc_offset_minutes=540)
    last = date(2024, 1, 1) + timedelta(days=DAYS - 1)
    month = Filter(first=last - timedelta(days=29), last=last)
    return {
        "totals": everyone.totals,
        "totals of a style": lambda: everyone.totals(Filter(style="solid")),
        "per day, 3 years": everyone.over_time,
        "per month, 3 years": lambda: everyone.over_time(bucket="month"),
        "by style": everyone.by_style,
        "members and guests": everyone.by_kind,
        "fields of work": everyone.fields_of_work,
        "**History page, all time**": lambda: page(everyone, Filter()),
        "**History page, 30 days**": lambda: page(everyone, month),
        f"mine, {OWN:,} photos: page": lambda: page(mine, Filter()),
    }


def save_some(settings: Settings, number: int, barrier: Any, results: Any) -> None:
    """One process that saves for people of its own; reports its milliseconds."""
    archive = open_archive(settings)
    who = [Owner(OwnerKind.MEMBER, f"process {number}, member {n:>8}", "it") for n in range(20)]
    for each in who:
        archive.agree(each, archive.terms(each).version)
    barrier.wait(120)
    times = []
    for n in range(SAVES):
        output = os.urandom(1000)
        start = perf_counter()
        archive.save(output, receipt_for(output), who[n % 20], save_id=uuid4())
        times.append((perf_counter() - start) * 1000)
    results.put(times)


def measure_saves(settings: Settings, processes: int) -> tuple[float, float, float]:
    """Median and 95th percentile of a save in ms, and saves a second of all processes."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes + 1), context.Queue()
    workers = [
        context.Process(target=save_some, args=(settings, n, barrier, results))
        for n in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait(120)
    start = perf_counter()
    times = [ms for _ in workers for ms in results.get(timeout=600)]
    seconds = perf_counter() - start
    for worker in workers:
        worker.join()
    median = statistics.median(times)
    return median, float(np.percentile(times, 95)), len(times) / seconds


@contextmanager
def places() -> Iterator[dict[str, Settings]]:
    """SQLite and MariaDB, each with a folder for the objects."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "server").mkdir()
        server = MariaDB(root / "server")
        server.start()
        try:
            yield {
                "SQLite": Settings(data_dir=root / "lite"),
                "MariaDB": Settings(data_dir=root / "maria", database_url=server.new_database()),
            }
        finally:
            server.stop()


def main() -> None:
    """Fills, asks, saves, verifies."""
    asked: dict[str, list[str]] = {}
    notes, saves = [], []
    with places() as settings:
        for name, chosen in settings.items():
            archive = open_archive(chosen)
            rows, seconds = fill(archive)
            notes.append(f"{name}: {rows:,} rows, put in {seconds:.1f} s")
            for question, call in queries(archive).items():
                call()
                median, fastest = median_ms(call)
                asked.setdefault(question, []).append(f"{median:.1f} | {fastest:.1f}")
            for processes in (1, PROCESSES):
                median, high, rate = measure_saves(chosen, processes)
                saves.append(f"| {name} | {processes} | {median:.1f} | {high:.1f} | {rate:.0f} |")
            verify, _ = median_ms(partial(AuditTrail(archive.database).verify), 3)
            found = AuditTrail(archive.database).verify()
            assert found.intact
            notes.append(f"{name}: {found.entries:,} audit entries verified in {verify:.0f} ms")
    table = [
        "| question | SQLite median | fastest | MariaDB median | fastest |",
        "|---|---:|---:|---:|---:|",
        *(f"| {question} | {' | '.join(values)} |" for question, values in asked.items()),
    ]
    load = os.getloadavg()[2]
    machine = (
        f"{os.cpu_count()} cores (load average {load:.0f}), {platform.machine()}, "
        f"Python {platform.python_version()}"
    )
    body = (
        f"`python -m benchmarks.usage` on {machine}; {EVENTS:,} saves of {DAYS:,} days, drawn at "
        f"random and rolled up; milliseconds, {ROUNDS} rounds after a first one. "
        + "; ".join(notes)
        + ".\n\n"
        + "\n".join(table)
        + "\n\nA whole save (consent, row, 1 kB object in a folder, row, audit entry, roll-up), "
        "20 people a process:\n\n| database | processes | median ms | 95th percentile | saves/s |\n"
        "|---|---:|---:|---:|---:|\n" + "\n".join(saves)
    )
    put_section("Usage figures after ten million saves", body)
    print(body)


if __name__ == "__main__":
    main()
