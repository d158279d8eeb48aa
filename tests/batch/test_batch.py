"""A batch of photos: everything done once, nothing lost, bad photos told."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vov_core.batch import Entry, FolderPlace, Manifest, make_plan
from vov_core.batch.cli import INTERRUPTED
from vov_core.batch.manifest import Journal
from vov_core.batch.places import OWN
from vov_core.batch.progress import Progress
from vov_core.batch.report import as_csv
from vov_core.batch.work import GIVE_UP, Budget, Recipe, Worker, run_tasks
from vov_core.cli import main
from vov_core.errors import BatchPlaceError
from vov_core.finder import Finder

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
HAND = (SAMPLES / "hand_00119.jpg").read_bytes()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two hands, one empty picture, one broken file, words."""
    folder = tmp_path / "in"
    (folder / "휴가").mkdir(parents=True)
    (folder / "hand.jpg").write_bytes(HAND)
    (folder / "휴가" / "hand.jpg").write_bytes((SAMPLES / "hand_00121.jpg").read_bytes())
    Image.new("RGB", (64, 48), "white").save(folder / "empty.png")
    (folder / "broken.jpg").write_bytes(HAND[:3000])
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(HAND)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture(autouse=True)
def _one_finder(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vov_core.batch.cli.open_models", lambda _: finder)


def batch(*arguments: object) -> int:
    return main(["batch", *map(str, arguments)])


def outputs(out: Path) -> dict[str, tuple[bytes, int]]:
    found = (path for path in out.rglob("*") if path.is_file() and OWN not in path.parts)
    return {
        path.relative_to(out).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in found
        if not path.name.startswith("vov-report")
    }


def report(out: Path) -> dict:
    facts: dict = json.loads((out / "vov-report.json").read_text())
    return facts


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "vov-report.csv").open(encoding="utf-8-sig") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_a_folder_is_protected_and_reported(
    photos: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(photos, out, "--style", "solid", "--jobs", 2) == 1
    made = outputs(out)
    assert set(made) == {
        "hand_protected.jpg",
        "휴가/hand_protected.jpg",
        "empty_protected.png",
    }
    covered = np.asarray(Image.open(BytesIO(made["hand_protected.jpg"][0]))).astype(int)
    original = np.asarray(Image.open(BytesIO(HAND)).convert("RGB")).astype(int)
    assert 0.002 < (np.abs(covered - original).max(axis=2) > 60).mean() < 0.2
    run, table = report(out)["run"], rows(out)
    assert (run["photos"], run["protected"], run["failed"], run["ignored"]) == (4, 3, 1, 1)
    assert table["hand.jpg"]["verdict"] == "danger" and table["hand.jpg"]["covered"] == "5"
    assert table["empty.png"]["verdict"] == "nothing_found"
    assert table["broken.jpg"]["error"] == "photo_broken" and table["broken.jpg"]["reason"]
    assert float(table["hand.jpg"]["ms_hands"]) > 0
    assert (table["empty.png"]["exposure"], table["empty.png"]["readable"]) == ("", "0")
    err = capsys.readouterr().err
    assert "broken.jpg" in err and "4" in err and "/s" in err


def test_the_report_tells_what_the_originals_give_away(tmp_path: Path, out: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    for number in ("00119", "00124"):
        shutil.copy(SAMPLES / f"hand_{number}.jpg", folder / f"{number}.jpg")
    assert batch(folder, out) == 0
    told = [
        (row["exposure"], row["readable"], row["partly"])
        for row in (rows(out)["00119.jpg"], rows(out)["00124.jpg"])
    ]
    assert told[0] == ("unreadable", "0", "0")
    assert told[1][0] == "readable" and int(told[1][1]) >= 2 and int(told[1][2]) >= 3


def test_a_second_run_does_only_what_is_missing_or_changed(photos: Path, out: Path) -> None:
    (photos / "broken.jpg").unlink()
    assert batch(photos, out) == 0
    first = outputs(out)
    assert batch(photos, out) == 0
    assert outputs(out) == first
    assert report(out)["run"]["unchanged"] == 3

    (photos / "new.jpg").write_bytes(HAND + b"another file")
    (photos / "hand.jpg").write_bytes((SAMPLES / "hand_00105.jpg").read_bytes())
    (out / "empty_protected.png").unlink()
    assert batch(photos, out) == 0
    second = outputs(out)
    assert set(second) == {*first, "new_protected.jpg"}
    assert second["휴가/hand_protected.jpg"] == first["휴가/hand_protected.jpg"]
    assert second["hand_protected.jpg"][0] != first["hand_protected.jpg"][0]
    assert (report(out)["run"]["unchanged"], report(out)["run"]["protected"]) == (1, 3)


def test_a_touched_photo_is_read_but_not_done_again(photos: Path, out: Path) -> None:
    batch(photos, out)
    first = outputs(out)
    os.utime(photos / "hand.jpg")
    batch(photos, out)
    assert outputs(out) == first


def test_other_settings_do_everything_again(photos: Path, out: Path) -> None:
    batch(photos, out, "--style", "solid")
    first = outputs(out)["hand_protected.jpg"]
    batch(photos, out, "--style", "noise")
    assert outputs(out)["hand_protected.jpg"][0] != first[0]
    assert report(out)["run"]["unchanged"] == 0


def test_equal_names_stay_apart_and_keep_their_names(photos: Path, out: Path) -> None:
    folder = photos / "same"
    folder.mkdir()
    for name in ("a.jpg", "a.jpeg", "A.JPG"):
        (folder / name).write_bytes(HAND)
    batch(photos, out)
    first = {photo["name"]: photo["output"] for photo in report(out)["photos"]}
    same = {name: output for name, output in first.items() if name.startswith("same/")}
    assert len(same) == len({output.casefold() for output in same.values()}) == 3
    (folder / "a.png").write_bytes(HAND)
    batch(photos, out)
    second = {photo["name"]: photo["output"] for photo in report(out)["photos"]}
    assert {name: second[name] for name in first} == first
    assert second["same/a.png"] not in first.values()


def test_a_dry_run_writes_nothing(
    photos: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(photos, out, "--dry-run") == 0
    assert not out.exists()
    told = capsys.readouterr()
    assert "hand.jpg -> hand_protected" in told.out and "4" in told.err


def test_outputs_in_the_photos_folder_are_no_photos(photos: Path) -> None:
    inside = photos / "protected"
    batch(photos, inside)
    batch(photos, inside)
    assert report(inside)["run"]["photos"] == 4
    assert len(outputs(inside)) == 3


@pytest.mark.parametrize("target", [".", "..", "hand.jpg"])
def test_places_that_make_no_sense_are_refused(
    photos: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(photos.rglob("*.jpg"))
    assert batch(photos, photos / target) == 1
    assert capsys.readouterr().err
    assert sorted(photos.rglob("*.jpg")) == before


def test_a_missing_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(tmp_path / "none", tmp_path / "out") == 1
    assert "none" in capsys.readouterr().err


def test_two_batches_in_one_folder(
    photos: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FolderPlace(out, new=True).alone():
        assert batch(photos, out) == 1
    assert str(out) in capsys.readouterr().err
    assert outputs(out) == {}


def test_a_huge_file_is_refused_unread(photos: Path, out: Path) -> None:
    with (photos / "huge.jpg").open("wb") as file:
        file.truncate(3 * 1024**3)
    assert batch(photos, out) == 1
    assert rows(out)["huge.jpg"]["error"] == "file_too_large"


def started(photos: Path, out: Path) -> "subprocess.Popen[bytes]":
    """A batch of its own process that has finished at least one photo and not all."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vov_core", "batch", photos, out, "--jobs", "1"],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in (out / OWN).glob("manifest.jsonl*")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    return process


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(40):
        (folder / f"{n:02}.jpg").write_bytes(HAND + bytes([n]))
    return folder


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_goes_on_where_it_stopped(
    many: Path, out: Path, number: signal.Signals
) -> None:
    process = started(many, out)
    process.send_signal(number)
    status = process.wait(60)
    assert status == (INTERRUPTED if number is signal.SIGTERM else -number)
    before = outputs(out)
    noted = Manifest(FolderPlace(out)).entries
    assert 0 < len(noted) <= len(before) < 40
    for name in (f"{n:02}.jpg" for n in range(8, 40) if f"{n:02}.jpg" not in noted):
        (many / name).unlink()  # Enough is enough; the order of a folder is by name.
    assert batch(many, out) == 0
    after = outputs(out)
    for entry in noted.values():
        assert after[entry.output] == before[entry.output]
    assert len(after) == len(list(many.iterdir()))
    assert not list((out / OWN / "parts").glob("*"))


def test_a_cut_off_line_of_the_manifest_loses_one_photo_only(photos: Path, out: Path) -> None:
    batch(photos, out)
    path = out / OWN / "manifest.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    entries = len(Manifest(FolderPlace(out)).entries)
    assert entries == len(whole.splitlines()) - 1
    manifest = Manifest(FolderPlace(out))
    manifest.add(Entry(name="next.jpg", size=1, stamp="1"))
    assert set(Manifest(FolderPlace(out)).entries) == set(manifest.entries)


def test_photos_overlap(tmp_path: Path, out: Path, finder: Finder) -> None:
    """While one photo is in the models, the next ones are read, decoded and get there, too."""
    for n in range(3):
        Image.new("RGB", (16, 16), (n, 0, 0)).save(tmp_path / f"{n}.png")
    together = threading.Barrier(3)

    class Slow:
        def find(self, digest: str, pixels: np.ndarray) -> object:
            together.wait(30)  # Breaks, and fails the photo, if it stays alone.
            return finder.find(digest, pixels)

    target = FolderPlace(out, new=True)
    source, tasks = plan_for(tmp_path, target)
    done: list[Entry] = []
    worker = Worker(Slow(), Recipe(), source, target, Budget(10**9))  # type: ignore[arg-type]
    assert run_tasks(worker, tasks, 3, done.append, threading.Event())
    assert [entry.error for entry in done] == ["", "", ""]


def test_what_was_noted_later_counts(out: Path) -> None:
    """A stopped run on Ray leaves parts; what a run in one process notes after it wins."""
    place = FolderPlace(out, new=True)
    Journal(place, f"{time.time_ns():020}-0").add(Entry(name="a.jpg", size=1, stamp="old"))
    Manifest(FolderPlace(out)).add(Entry(name="a.jpg", size=1, stamp="new"))
    assert Manifest(place).entries["a.jpg"].stamp == "new"


class Broken(FolderPlace):
    """A target that takes nothing."""

    def write(self, name: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
        raise BatchPlaceError(place=self.label, reason="no room")


def plan_for(source: Path, target: FolderPlace) -> tuple[FolderPlace, tuple]:
    place = FolderPlace(source)
    return place, make_plan(place, target, {}, Recipe().fingerprint).tasks


def test_a_dead_target_ends_the_run(tmp_path: Path, out: Path, finder: Finder) -> None:
    for n in range(GIVE_UP + 10):
        Image.new("RGB", (16, 16), (n, 0, 0)).save(tmp_path / f"{n}.png")
    target = Broken(out, new=True)
    source, tasks = plan_for(tmp_path, target)
    done: list[Entry] = []
    worker = Worker(finder, Recipe(), source, target, Budget(10**9))
    assert not run_tasks(worker, tasks, 2, done.append, threading.Event())
    assert GIVE_UP <= len(done) <= GIVE_UP + 2
    assert {entry.error for entry in done} == {"batch_place"}


def test_what_nobody_expects_stops_one_photo_only(
    photos: Path, out: Path, finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([ValueError("words of a photo"), *[None] * 9])
    real = finder.find

    def find(digest: str, pixels: np.ndarray) -> object:
        if error := next(calls):
            raise error
        return real(digest, pixels)

    monkeypatch.setattr(finder, "find", find)
    (photos / "broken.jpg").unlink()
    assert batch(photos, out, "--jobs", 1) == 1
    assert len(outputs(out)) == 2
    assert "words of a photo" not in (out / "vov-report.json").read_text()


def test_the_budget_is_never_exceeded_and_nobody_starves() -> None:
    budget, lock, used, peak = Budget(100), threading.Lock(), [0], [0]

    def work(size: int) -> None:
        with budget.hold(size):
            with lock:
                used[0] += size
                peak[0] = max(peak[0], used[0])
            time.sleep(0.001)
            with lock:
                used[0] -= size

    threads = [threading.Thread(target=work, args=(size,)) for size in [40, 30, 50, 60] * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 60 <= peak[0] <= 100
    with budget.hold(10_000):
        pass  # One alone always may.


def test_names_that_spreadsheets_would_calculate() -> None:
    entry = Entry(name='=HYPERLINK("x")', size=1, stamp="", error="photo_broken")
    row = as_csv([entry], {entry.name: "reason"}).decode("utf-8-sig").splitlines()[1]
    assert row.startswith("\"'=HYPERLINK")


def test_progress_tells_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("vov_core.batch.progress.monotonic", lambda: now[0])
    told: list[tuple] = []

    def say(*facts: object) -> str:
        told.append(facts)
        return ""

    progress = Progress(100, say)
    for _ in range(50):
        now[0] += 2.0
        progress.count(failed=False)
    assert told[-1] == (50, 100, 0.5, 100.0, 0)
    assert len(told) == 10, "a log file is not flooded"


def test_the_recipe_knows_what_changes_outputs() -> None:
    prints: set[str] = set()
    changes: list[Callable[[], Recipe]] = [
        Recipe,
        lambda: Recipe(models=(("fingerprint", "abc"),)),
    ]
    for make in changes:
        prints.add(make().fingerprint)
        assert make().fingerprint == make().fingerprint
    assert len(prints) == 2
