"""Figures for monitoring, as a scraper gets them."""

import socket
import threading
import urllib.request
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.test_workspace import TUNING
from vov_core import metrics
from vov_core.errors import SettingsError
from vov_core.finder import Finder
from vov_core.images import ReadLimits
from vov_core.settings import Settings
from vov_core.turns import Turns
from vov_core.workspace import Workspace


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def scrape() -> Callable[[], dict[tuple[str, str], float]]:
    port = metrics.serve(Settings(metrics_port=free_port()))

    def read() -> dict[tuple[str, str], float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            words = answer.read().decode()
        return {
            (sample.name, ",".join(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(words)
            for sample in family.samples
        }

    return read


Scrape = Callable[[], dict[tuple[str, str], float]]


def test_no_port_by_default() -> None:
    assert metrics.serve(Settings()) is None


def test_a_photos_stages_are_counted(
    scrape: Scrape, finder: Finder, sample: Callable[[str], bytes]
) -> None:
    before = scrape()
    space = Workspace(lambda: finder, ReadLimits(), 10**8)
    space.approve(space.add("secret-name.jpg", sample("00119")), TUNING)
    after = scrape()
    for stage in ("decode", "hands", "fuse", "mask", "encode"):
        key = ("vov_stage_seconds_count", stage)
        assert after[key] == before.get(key, 0) + 1
        assert after["vov_stage_seconds_sum", stage] > before.get(
            ("vov_stage_seconds_sum", stage), 0
        )
    assert not any("secret-name" in label for _, label in after)


def test_the_queue_is_shown(scrape: Scrape) -> None:
    turns = Turns(1)
    metrics.watch(turns)
    assert (scrape()["vov_photos_waiting", ""], scrape()["vov_photos_in_work", ""]) == (0, 0)
    waits = threading.Event()

    def second() -> None:
        with turns.turn("b", lambda _: waits.set()):
            pass

    with turns.turn("a"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        found = scrape()
        assert (found["vov_photos_waiting", ""], found["vov_photos_in_work", ""]) == (1, 1)
    thread.join(30)
    assert (scrape()["vov_photos_waiting", ""], scrape()["vov_photos_in_work", ""]) == (0, 0)


def test_errors_and_waits_are_counted(scrape: Scrape) -> None:
    before = scrape()
    metrics.count_error("photo_broken")
    metrics.observe_wait(2.5)
    after = scrape()
    key = ("vov_errors_total", "photo_broken")
    assert after[key] == before.get(key, 0) + 1
    assert after["vov_wait_seconds_sum", ""] == before["vov_wait_seconds_sum", ""] + 2.5
    assert after["process_resident_memory_bytes", ""] > 10**7


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError) as caught:
            metrics.serve(Settings(metrics_port=taken.getsockname()[1]))
    assert caught.value.details == {"name": "metrics_port", "reason": "not_usable"}
