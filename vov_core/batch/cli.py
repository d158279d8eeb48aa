"""``python -m vov_core batch IN OUT``."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

from vov_core.batch.gather import open_models
from vov_core.batch.manifest import Entry, Manifest
from vov_core.batch.on_ray import Job, RayEngine
from vov_core.batch.places import Place, open_place
from vov_core.batch.plan import Plan, make_plan
from vov_core.batch.progress import Progress
from vov_core.batch.report import CSV_NAME, JSON_NAME, as_csv, as_json
from vov_core.batch.work import Budget, LocalEngine, Recipe, Worker
from vov_core.images import ReadLimits
from vov_core.models import manifest as listed_models
from vov_core.pipeline import Tuning
from vov_core.settings import Settings
from vov_core.texts import Language, catalogue, text

DEFAULT_JOBS = 3
DEFAULT_MEMORY_MB = 2000
DEFAULT_CORES = 2
INTERRUPTED = 130
"""Exit status after a keyboard interrupt, as shells have it."""


def _at_least(low: int) -> Callable[[str], int]:
    def parse(words: str) -> int:
        value = int(words)
        if value < low:
            raise argparse.ArgumentTypeError(f">= {low}")
        return value

    return parse


def add_command(commands: Any, parents: Sequence[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "batch", parents=list(parents), help="protect a whole folder or s3:// prefix"
    )
    parser.add_argument("source", metavar="IN", help="folder or s3://bucket/prefix")
    parser.add_argument("target", metavar="OUT", help="folder or s3://bucket/prefix")
    parser.add_argument("--jobs", type=_at_least(1), default=DEFAULT_JOBS, help="photos at once")
    parser.add_argument(
        "--memory-mb", type=_at_least(100), default=DEFAULT_MEMORY_MB, help="for photos in work"
    )
    parser.add_argument(
        "--engine", choices=["local", "ray"], default="local", help="ray: on several machines"
    )
    parser.add_argument("--workers", type=_at_least(1), default=1, help="with ray: how many")
    parser.add_argument(
        "--worker-cores", type=_at_least(1), default=DEFAULT_CORES, help="with ray: of each worker"
    )
    parser.add_argument(
        "--worker-gpus", type=float, default=0.0, help="with ray: of each worker, e.g. 0.5"
    )
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")


class Batch:
    """One run of a batch.

    Args:
        arguments: Of the command line.
        tuning: How photos are protected.
        language: Of what is told.

    Raises:
        VovError: A place or a setting can't be used.
    """

    def __init__(self, arguments: argparse.Namespace, tuning: Tuning, language: Language) -> None:
        settings = Settings.load()
        self._arguments = arguments
        self._language = language
        jobs = arguments.jobs + 2
        self._source: Place = open_place(arguments.source, settings, connections=jobs)
        self._target: Place = open_place(arguments.target, settings, new=True, connections=jobs)
        self._recipe = Recipe(
            tuning=tuning,
            limits=ReadLimits(
                max_bytes=settings.max_upload_mb * 1024**2,
                max_pixels=settings.max_megapixels * 1_000_000,
            ),
            models=tuple(sorted((model.name, model.version) for model in listed_models())),
        )

    def run(self) -> int:
        """Does it all; returns the exit status."""
        if self._arguments.dry_run:
            manifest = Manifest(self._target)
            self._tell_plan(self._plan(manifest), each=True)
            return 0
        with self._target.alone():
            manifest = Manifest(self._target)
            plan = self._plan(manifest)
            self._tell_plan(plan)
            with self._engine(len(plan.tasks)) as engine:
                return self._work(plan, manifest, engine)

    def _plan(self, manifest: Manifest) -> Plan:
        return make_plan(self._source, self._target, manifest.entries, self._recipe.fingerprint)

    def _tell_plan(self, plan: Plan, *, each: bool = False) -> None:
        changed = sum(task.changed for task in plan.tasks)
        if not plan.photos:
            self._tell(text(self._language, "batch.nothing", place=self._source.label))
        facts = {
            "photos": plan.photos,
            "new": len(plan.tasks) - changed,
            "changed": changed,
            "unchanged": len(plan.unchanged),
            "ignored": plan.ignored,
        }
        self._tell(text(self._language, "batch.plan", **facts))
        for task in plan.tasks if each else ():
            output = f"{task.stem}_protected"
            line = text(self._language, "batch.would", file=task.source.name, output=output)
            # A folder may hold names that are no UTF-8.
            print(line.encode("utf-8", "replace").decode("utf-8"))

    @contextmanager
    def _engine(self, tasks: int) -> Iterator[LocalEngine | RayEngine]:
        wanted = self._arguments
        if wanted.engine == "local":
            budget = Budget(wanted.memory_mb * 1024**2)
            finder = open_models(wanted.jobs)
            worker = Worker(finder, self._recipe, self._source, self._target, budget)
            yield LocalEngine(worker, wanted.jobs)
            return
        job = Job(
            source=_absolute(wanted.source),
            target=_absolute(wanted.target),
            recipe=self._recipe,
            jobs=wanted.jobs,
            memory_mb=wanted.memory_mb,
            cores=wanted.worker_cores,
        )
        with closing(RayEngine(job, min(wanted.workers, max(1, tasks)), wanted.worker_gpus)) as ray:
            yield ray

    def _work(self, plan: Plan, manifest: Manifest, engine: LocalEngine | RayEngine) -> int:
        progress = Progress(len(plan.tasks), self._state)
        start, began = perf_counter(), datetime.now(UTC)
        fresh: list[Entry] = []
        note = manifest.learn if isinstance(engine, RayEngine) else manifest.add

        def done(entry: Entry) -> None:
            fresh.append(entry)
            note(entry)
            progress.count(failed=bool(entry.error))

        with _stopped_by_signals() as stop:
            whole = engine.run(plan.tasks, done, stop)
        if stop.is_set():
            self._tell(text(self._language, "batch.stopped"))
        elif not whole:
            self._tell(text(self._language, "batch.gave_up", place=self._target.label))
        engine.close()
        # Workers elsewhere may still hold the photo they began.
        manifest.close(whole=whole or isinstance(engine, LocalEngine))
        facts = {
            "started": began.isoformat(timespec="seconds"),
            "seconds": round(perf_counter() - start, 1),
            "source": self._source.label,
            "target": self._target.label,
            "engine": engine.facts,
            "recipe": self._recipe.fingerprint,
            "models": dict(self._recipe.models),
            "photos": plan.photos,
            "protected": len(fresh) - progress.failed,
            "unchanged": len(plan.unchanged),
            "failed": progress.failed,
            "left": len(plan.tasks) - len(fresh),
            "ignored": plan.ignored,
        }
        self._report([*plan.unchanged, *fresh], facts)
        if stop.is_set():
            return INTERRUPTED
        return 1 if progress.failed or facts["left"] else 0

    def _report(self, entries: list[Entry], facts: dict[str, Any]) -> None:
        entries = sorted(entries, key=lambda entry: entry.name)
        reasons = {entry.name: self._reason(entry) for entry in entries if entry.error}
        for name, reason in reasons.items():
            self._tell(text(self._language, "cli.file_problem", file=name, reason=reason))
        self._target.write(CSV_NAME, as_csv(entries, reasons), "text/csv")
        self._target.write(JSON_NAME, as_json(entries, reasons, facts), "application/json")
        report = f"{self._target.label.rstrip('/')}/{CSV_NAME}"
        told = {name: facts[name] for name in ("protected", "unchanged", "failed")}
        self._tell(text(self._language, "batch.finished", report=report, **told))

    def _reason(self, entry: Entry) -> str:
        key = f"errors.{entry.error}"
        return catalogue(self._language)[key].format_map(entry.facts)

    def _state(self, done: int, todo: int, rate: float, left: float, failed: int) -> str:
        return text(
            self._language,
            "batch.progress",
            done=done,
            todo=todo,
            rate=f"{rate:.1f}",
            left=self._time(left),
            failed=failed,
        )

    def _time(self, seconds: float) -> str:
        if seconds < 60:
            return text(self._language, "batch.seconds", n=round(seconds))
        if seconds < 3600:
            return text(self._language, "batch.minutes", n=round(seconds / 60))
        hours, rest = divmod(round(seconds), 3600)
        return text(self._language, "batch.hours", h=hours, m=rest // 60)

    def _tell(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)


def _absolute(address: str) -> str:
    """Workers of other processes stand in other folders."""
    return address if address.startswith("s3://") else str(Path(address).resolve())


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Ctrl+C and a polite kill end the run in good order: what is under way is finished and noted.

    The second Ctrl+C is as rude as ever.
    """
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(arguments: argparse.Namespace, tuning: Tuning, language: Language) -> int:
    """Runs the command.

    Returns:
        The exit status: 0; 1 if any photo failed or was left; 130 if it was interrupted.

    Raises:
        VovError: A place, a setting or a model can't be used.
    """
    return Batch(arguments, tuning, language).run()
