"""The batch on Ray: nothing lost and nothing done twice, whoever dies.

What needs Ray itself is skipped where it is not installed (requirements-ray.txt): it is an extra.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from tests.batch.test_batch import HAND, ROOT, batch, outputs, report
from vov_core.batch import FolderPlace, Manifest, Recipe, make_plan
from vov_core.batch.manifest import Entry, Journal
from vov_core.batch.on_ray import Job, RayWorker, parts_of
from vov_core.batch.places import OWN, Source
from vov_core.batch.plan import Task
from vov_core.texts import Language, text

pytestmark = pytest.mark.timeout(
    600
)  # Ray starts many processes, which takes minutes on a busy machine.
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is an extra: make ray runs these",
)
PHOTOS = 24


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(PHOTOS):
        (folder / f"{n:02}.jpg").write_bytes(HAND + bytes([n]))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def noted(out: Path) -> dict[str, Entry]:
    return Manifest(FolderPlace(out, new=True)).entries


def wait_for(what: Callable[[], object], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def below(pid: int) -> dict[int, str]:
    """Processes that a process started, and theirs: id -> command line."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            commands[int(folder.name)] = (folder / "cmdline").read_text()
        except OSError:
            continue  # It ended meanwhile.
        parents[int(folder.name)] = int(words[1])
    found, size = {pid}, 0
    while size != len(found):
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return {child: commands[child] for child in found - {pid}}


def workers_of(pid: int) -> list[int]:
    return [child for child, line in below(pid).items() if line.startswith("ray::MapWorker")]


class Run:
    """A batch on Ray in a process of its own."""

    def __init__(self, photos: Path, out: Path) -> None:
        options = ["--engine", "ray", "--workers", "2", "--worker-cores", "1", "--jobs", "1"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vov_core", "batch", photos, out, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def end(self) -> int:
        words = self.process.communicate(timeout=280)[0]
        print(words.decode())
        return self.process.returncode

    def kill_all(self) -> None:
        """The machine goes down: head, workers and whoever asked for the batch."""
        for pid in [self.process.pid, *below(self.process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(30)


@pytest.fixture
def run(many: Path, out: Path) -> Iterator[Callable[[], Run]]:
    runs: list[Run] = []

    def start() -> Run:
        runs.append(Run(many, out))
        return runs[-1]

    yield start
    for started in runs:
        if started.process.poll() is None:
            started.kill_all()


def assert_all_there(many: Path, out: Path) -> None:
    entries, made = noted(out), outputs(out)
    assert set(entries) == {path.name for path in many.iterdir()}
    assert {entry.output for entry in entries.values()} == set(made) and len(made) == PHOTOS
    for entry in entries.values():
        assert not entry.error and sha256(made[entry.output][0]).hexdigest() == entry.output_sha256
    assert [path.name for path in (out / OWN).glob("manifest*")] == ["manifest.jsonl"]


@needs_ray
def test_two_workers_share_the_photos(many: Path, out: Path, run: Callable[[], Run]) -> None:
    assert run().end() == 0
    assert_all_there(many, out)
    facts = report(out)["run"]
    assert facts["protected"] == PHOTOS and facts["engine"]["kind"] == "ray"
    assert sum(facts["engine"]["photos_by_worker"].values()) == PHOTOS
    assert len(facts["engine"]["photos_by_worker"]) == 2
    assert facts["engine"]["loads_per_worker"] == 1
    before = outputs(out)
    (many / "00.jpg").write_bytes(HAND + b"changed")
    assert run().end() == 0
    after = outputs(out)
    assert {name for name in after if after[name] != before[name]} == {"00_protected.jpg"}


@needs_ray
def test_a_killed_workers_part_goes_on_where_it_stopped(
    many: Path, out: Path, run: Callable[[], Run]
) -> None:
    started = run()
    wait_for(lambda: len(noted(out)) >= 3)
    for pid in workers_of(started.process.pid)[:1]:
        os.kill(pid, signal.SIGKILL)
        break
    else:
        pytest.fail("no worker was found")
    before = noted(out)
    assert len(before) < PHOTOS
    assert started.end() == 0
    assert_all_there(many, out)
    after = noted(out)
    # Outputs hold chance: one that was made again would be another file.
    assert {n: after[n].output_sha256 for n in before} == {
        n: before[n].output_sha256 for n in before
    }
    assert len(report(out)["run"]["engine"]["photos_by_worker"]) >= 2


@needs_ray
def test_a_head_that_died_is_started_again(many: Path, out: Path, run: Callable[[], Run]) -> None:
    started = run()
    wait_for(lambda: len(noted(out)) >= 3)
    started.kill_all()
    before = noted(out)
    assert 3 <= len(before) < PHOTOS
    assert run().end() == 0
    assert_all_there(many, out)
    after = noted(out)
    assert {n: after[n].output_sha256 for n in before} == {
        n: before[n].output_sha256 for n in before
    }
    assert report(out)["run"]["protected"] == PHOTOS - len(before)


@needs_ray
def test_a_cluster_that_is_not_there_is_told(
    many: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    assert batch(many, out, "--engine", "ray") == 1
    assert "Ray" in capsys.readouterr().err


def test_without_ray_it_is_told_how_to_get_it(
    many: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert batch(many, out, "--engine", "ray") == 1
    told = capsys.readouterr().err
    assert any(text(language, "errors.ray_missing") in told for language in Language)
    assert outputs(out) == {}


def tasks(count: int) -> list[Task]:
    return [Task(Source(f"{n}.jpg", 1, "1"), str(n)) for n in range(count)]


@pytest.mark.parametrize(("count", "workers"), [(1, 4), (7, 2), (100, 2), (1_000, 8), (90_001, 4)])
def test_parts_hold_every_photo_once(count: int, workers: int) -> None:
    parts = parts_of(tasks(count), workers)
    names = [facts["source"]["name"] for part in parts for facts in json.loads(part["tasks"])]
    assert names == [f"{n}.jpg" for n in range(count)]
    assert len(parts) <= 5000 and len(parts) >= min(count, 4 * workers - 1)
    assert sorted(part["part"] for part in parts) == [part["part"] for part in parts]
    time.sleep(0.001)
    assert min(part["part"] for part in parts_of(tasks(2), 1)) > parts[-1]["part"]


def test_a_journal_is_read_where_it_ends(out: Path) -> None:
    place = FolderPlace(out, new=True)
    first = Journal(place, "1-0")
    for name in ("a.jpg", "\udcff.jpg"):
        first.add(Entry(name=name, size=1, stamp="1"))
    Journal(place, "1-1").add(Entry(name="c.jpg", size=1, stamp="1"))
    assert set(Journal(place, "1-0").entries) == {"a.jpg", "\udcff.jpg"}
    whole = Manifest(place)
    assert set(whole.entries) == {"a.jpg", "\udcff.jpg", "c.jpg"}
    whole.close(whole=False)
    assert len(list((out / OWN).glob("manifest.jsonl.*"))) == 2
    whole.close()
    assert [path.name for path in (out / OWN).glob("manifest*")] == ["manifest.jsonl"]
    assert Manifest(place).entries == whole.entries


def test_a_part_that_is_given_twice_is_done_once(tmp_path: Path, out: Path) -> None:
    for n in range(3):
        Image.new("RGB", (32, 32), (n, 0, 0)).save(tmp_path / f"{n}.png")
    recipe = Recipe()
    job = Job(source=str(tmp_path), target=str(out), recipe=recipe, jobs=2, memory_mb=500, cores=1)
    place = FolderPlace(out, new=True)
    (part,) = parts_of(make_plan(FolderPlace(tmp_path), place, {}, recipe.fingerprint).tasks, 1)[:1]
    worker = RayWorker(job)
    given = {"part": [part["part"]], "tasks": [part["tasks"]]}
    first = worker(given)
    before = outputs(out)
    assert RayWorker(job)(given)["lines"] == first["lines"]
    assert outputs(out) == before and len(before) == len(json.loads(part["tasks"]))
