"""The whole installation: TLS, two processes, people stay with one, no photo on the way's disk."""

import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from deploy.stack import App, Proxy, running
from tests.browser.steps import approve_and_download, save
from tests.browser.tab import PATIENCE_MS, Tab
from tests.browser.uploads import Traceable
from tests.services.servers import free_ports
from vov_core.texts import Language

Stack = tuple[Proxy, tuple[App, App]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    (port,) = free_ports(1)
    with running(tmp_path_factory.mktemp("stack") / "all", port) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(ignore_https_errors=True, locale="en-US")
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def node(context: BrowserContext) -> str:
    cookies = {cookie["name"]: cookie for cookie in context.cookies()}
    assert cookies["vov_node"]["secure"] and cookies["_streamlit_xsrf"]["secure"]
    return cookies["vov_node"]["value"]


def status(proxy: Proxy, address: str) -> int:
    """The status of a plain GET; each opens a connection of its own."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    path = urlsplit(address)._replace(scheme="", netloc="").geturl()
    asked = HTTPSConnection("127.0.0.1", proxy.port, context=trusting, timeout=60)
    with closing(asked):
        asked.request("GET", path or "/")
        return asked.getresponse().status


class Watch:
    """Whatever lies in the proxy's folder for temporary files at any moment."""

    def __init__(self, folder: Path) -> None:
        self.seen: set[str] = set()
        self._folder, self._stop = folder, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._stop.wait(0.002):
            self.seen.update(str(path) for path in self._folder.rglob("*") if path.is_file())

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_person_stays_with_one_process_and_survives_its_end(
    stack: Stack, context: BrowserContext
) -> None:
    proxy, apps = stack
    tab = Tab(context, f"https://localhost:{proxy.port}", Language.ENGLISH)
    upload = Traceable.make("00119", "mine.jpg", seed=50)
    with Watch(proxy.temporary) as watch:
        tab.open("protect").upload((upload.name, upload.data))
        output = approve_and_download(tab, "mine_protected.jpg")
        save(tab)
        tab.go("my_photos")
        expect(tab.page.get_by_text("mine_protected.jpg")).to_be_visible()
    assert watch.seen == set(), "uploads and outputs never reach the proxy's disk"
    assert upload.found_in(output) == 0
    tab.sound()
    headers = tab.page.request.get(tab.url).headers
    assert headers["strict-transport-security"] and headers["content-security-policy"]
    for hidden in ("_stcore/metrics", "_stcore/agent/openapi.json"):
        assert tab.page.request.get(f"{tab.url}/{hidden}").status == 404

    first = node(context)
    ended = apps[0 if first == "a" else 1]
    ended.kill()
    tab.open("my_photos")
    expect(tab.page.get_by_text("mine_protected.jpg")).to_be_visible()
    assert node(context) != first, "uploads and WebSocket must meet in the other one from now on"
    ended.start()
    again = Traceable.make("00105", "again.jpg", seed=51)
    tab.go("protect").upload((again.name, again.data))
    assert approve_and_download(tab, "again_protected.jpg")
    assert node(context) != first
    for server in (proxy, *apps):
        log = (server.folder / "server.log").read_bytes()
        assert upload.found_in(log) == 0
        for secret in (b"a-secret-database-password", b"a-secret-s3-key", b"mine.jpg"):
            assert secret not in log


def test_an_office_behind_one_address_is_never_turned_away(
    stack: Stack, context: BrowserContext
) -> None:
    proxy, _ = stack
    address = f"https://localhost:{proxy.port}"
    assert context.request.get(address).status == 200
    parts = Tab(context, address, Language.ENGLISH).open().addresses
    wanted = [part for part in parts if part.startswith("https")] * 12
    with ThreadPoolExecutor(24) as pool:
        statuses = Counter(pool.map(partial(status, proxy), wanted))
    # 404: Streamlit asks for things that may not be there.
    assert len(wanted) > 600 and set(statuses) <= {200, 404} and statuses[200] > 600, statuses
