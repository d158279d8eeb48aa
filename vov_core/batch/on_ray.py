"""The same batch on several machines: Ray Data gives parts of it to workers.

Only names, settings and results travel through Ray, never a photo, and no secret either: each
worker opens the places itself, with the settings of its own machine, and reads, protects and writes
in its own process. What is done stands in the manifest's parts, which the workers write (see
:class:`~vov_core.batch.manifest.Journal`). So a part that Ray hands out once more, because its
worker or machine died, goes on after its last finished photo, and a new run after the death of the
head knows all that was finished.
"""

import importlib
import json
import logging
import math
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from time import process_time, time_ns
from typing import Any, Final

from vov_core.batch.gather import open_models
from vov_core.batch.manifest import Entry, Journal, as_line, read_entries
from vov_core.batch.places import Source, open_place
from vov_core.batch.plan import Task
from vov_core.batch.work import GIVE_UP, Budget, Recipe, Worker, run_tasks
from vov_core.errors import BatchPlaceError, RayError, RayMissingError
from vov_core.settings import Settings

LARGEST_PART: Final = 16
"""Photos that are handed out together, unless there are very many."""
_MOST_PARTS: Final = 5000
_PARTS_EACH: Final = 4
_ANSWER_SECONDS: Final = 10.0
_STORE_BYTES: Final = 256 * 1024**2  # nothing but names and results lies in Ray's memory
_QUIET: Final = {  # and nothing is told to Ray's makers
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker must know.

    Attributes:
        source: Address of the photos.
        target: Address of the outputs.
        recipe: How photos are treated.
        jobs: Photos at once in one worker.
        memory_mb: For photos in work in one worker.
        cores: Of one worker.
    """

    source: str
    target: str
    recipe: Recipe
    jobs: int
    memory_mb: int
    cores: int


class RayWorker:
    """Protects parts of a batch. Lives in a process of its own, which loads the models once.

    Args:
        job: What to do.

    Raises:
        VovError: A place, a setting or a model can't be used on this machine.
    """

    _loads = 0

    def __init__(self, job: Job) -> None:
        import cv2

        settings = Settings.load()
        cv2.setNumThreads(job.cores)
        connections = job.jobs + 2
        source = open_place(job.source, settings, connections=connections)
        self._target = open_place(job.target, settings, new=True, connections=connections)
        finder = open_models(job.jobs, job.cores)
        RayWorker._loads += 1
        budget = Budget(job.memory_mb * 1024**2)
        self._worker = Worker(finder, job.recipe, source, self._target, budget)
        self._jobs = job.jobs

    def __call__(self, batch: Mapping[str, Iterable[str]]) -> dict[str, list[Any]]:
        """Does some parts: names and tasks in, entries as lines out."""
        done = [self._part(*part) for part in zip(batch["part"], batch["tasks"], strict=True)]
        return {
            "lines": [b"".join(map(as_line, entries)) for entries in done],
            "worker": [os.getpid()] * len(done),
            "loads": [RayWorker._loads] * len(done),
            "spent": [process_time()] * len(done),
        }

    def _part(self, name: str, tasks: str) -> list[Entry]:
        journal = Journal(self._target, str(name))
        left = [task for task in _read_tasks(tasks) if task.source.name not in journal.entries]
        # A photo that can't be noted is not done; the run tells that it is left.
        with suppress(BatchPlaceError):
            run_tasks(self._worker, left, self._jobs, journal.add, threading.Event())
        return list(journal.entries.values())


class RayEngine:
    """Runs batches on Ray: on this machine, or on the cluster that ``RAY_ADDRESS`` names.

    Args:
        job: What the workers do.
        workers: How many.
        gpus: Of one worker; parts of one may be shared.

    Raises:
        RayMissingError: Ray is not installed.
        RayError: It does not start, or has too little for the workers.
    """

    def __init__(self, job: Job, workers: int, gpus: float = 0) -> None:
        os.environ.update({name: os.environ.get(name, value) for name, value in _QUIET.items()})
        _check_address(os.environ.get("RAY_ADDRESS", ""))
        try:
            self._ray = importlib.import_module("ray")
            self._data = importlib.import_module("ray.data")
        except ImportError:
            raise RayMissingError from None
        self._job, self._workers, self._gpus = job, workers, gpus
        self.photos_by_worker: dict[str, int] = {}
        self.spent: dict[str, float] = {}
        self.loads = 0
        try:
            self._start()
        except RayError:
            raise
        except Exception as error:
            # Ray raises bare exceptions when it can't start. Of their words nothing is told: they
            # may quote an address with a password.
            raise RayError(reason=type(error).__name__) from error

    def _start(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if not os.environ.get("RAY_ADDRESS"):
            options |= {
                "num_cpus": max(os.cpu_count() or 1, self._workers * self._job.cores),
                "object_store_memory": _STORE_BYTES,
                "include_dashboard": False,
            }
        self._init(options)
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)
        context = self._data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        there = self._ray.cluster_resources()
        needed = {"CPU": self._workers * self._job.cores, "GPU": self._workers * self._gpus}
        for kind, amount in needed.items():
            if there.get(kind, 0) < amount:
                self.close()
                raise RayError(reason=f"{there.get(kind, 0):g} of {amount:g} {kind}")

    def _init(self, options: Mapping[str, Any]) -> None:
        try:
            self._ray.init(**options)
        except Exception:
            if os.environ.get("RAY_ADDRESS"):
                raise
            # Ray gives itself 30 seconds, which is too little on a machine that is very busy.
            self._ray.shutdown()
            self._ray.init(**options)

    @property
    def facts(self) -> dict[str, Any]:
        """What the report says of how the batch was run."""
        return {
            "kind": "ray",
            "jobs": self._job.jobs,
            "workers": self._workers,
            "photos_by_worker": self.photos_by_worker,
            "loads_per_worker": self.loads,
            "processor_seconds": round(sum(self.spent.values()), 1),
        }

    def close(self) -> None:
        """Ends the workers, and the Ray that was started here."""
        self._ray.shutdown()

    def run(
        self, tasks: Sequence[Task], done: Callable[[Entry], None], stop: threading.Event
    ) -> bool:
        """Does all tasks; see :func:`~vov_core.batch.work.run_tasks`.

        Raises:
            RayError: Ray itself gave up. What was finished is noted.
        """
        streak = 0
        for entry in self._entries(tasks) if tasks else ():
            streak = streak + 1 if entry.error == BatchPlaceError.code else 0
            done(entry)
            if stop.is_set() or streak >= GIVE_UP:
                return False
        return True

    def _entries(self, tasks: Sequence[Task]) -> Iterator[Entry]:
        data = self._data
        rows = parts_of(tasks, self._workers)
        photos = data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            RayWorker,
            fn_constructor_args=(self._job,),
            batch_size=1,
            batch_format="numpy",
            compute=data.ActorPoolStrategy(size=self._workers),
            num_cpus=self._job.cores,
            num_gpus=self._gpus,
        )
        try:
            for batch in photos.iter_batches(batch_size=None, prefetch_batches=0):
                yield from self._told(batch)
        except self._ray.exceptions.RayError as error:
            raise RayError(reason=type(error).__name__) from error

    def _told(self, batch: Mapping[str, Iterable[Any]]) -> Iterator[Entry]:
        columns = (batch[name] for name in ("lines", "worker", "loads", "spent"))
        for lines, worker, loads, spent in zip(*columns, strict=True):
            entries = read_entries(bytes(lines))
            name = str(worker)
            self.spent[name] = float(spent)
            self.photos_by_worker[name] = self.photos_by_worker.get(name, 0) + len(entries)
            self.loads = max(self.loads, int(loads))
            yield from entries.values()


def _check_address(address: str) -> None:
    """Ray itself waits for many minutes for a head that is not there, and can't be interrupted.

    Raises:
        RayError: Nobody answers there.
    """
    host, found, port = address.removeprefix("ray://").rpartition(":")
    if not (found and port.isdecimal()):
        return  # None, or one of Ray's own words, such as "auto".
    try:
        with socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS):
            return
    except OSError as error:
        raise RayError(reason=error.strerror or type(error).__name__) from None


def parts_of(tasks: Sequence[Task], workers: int) -> list[dict[str, str]]:
    """Tasks in parts that are handed out whole; names of parts sort by time.

    Args:
        tasks: At least one.
        workers: Each should get some parts, so that all end at about the same time.
    """
    size = min(LARGEST_PART, math.ceil(len(tasks) / (workers * _PARTS_EACH)))
    size = max(size, math.ceil(len(tasks) / _MOST_PARTS))
    run = f"{time_ns():020}-{secrets.token_hex(4)}"
    return [
        {"part": f"{run}-{begin:09}", "tasks": _write_tasks(tasks[begin : begin + size])}
        for begin in range(0, len(tasks), size)
    ]


def _write_tasks(tasks: Sequence[Task]) -> str:
    # As ASCII: a folder may hold names that are no UTF-8, which Ray's tables do not take.
    return json.dumps([asdict(task) for task in tasks])


def _read_tasks(words: str) -> list[Task]:
    return [
        Task(
            source=Source(**facts["source"]),
            stem=facts["stem"],
            known=Entry(**facts["known"]) if facts["known"] else None,
            changed=facts["changed"],
        )
        for facts in json.loads(str(words))
    ]
