"""Saved photos in a real browser: select, fetch as a zip, share, delete."""

import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import Server, running
from tests.browser.tab import Tab
from tests.pages.files import distinct
from tests.suites.places import receipt_for
from vov_core.archive import Owner, open_archive
from vov_core.settings import Settings
from vov_core.texts import Language, text

LINK_SECONDS = 20


@dataclass(frozen=True)
class Gallery:
    """A running app in which somebody has saved photos."""

    server: Server
    owner: Owner
    saved: dict[str, bytes]


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gallery]:
    monkeypatch.setenv("VOV_LINK_SECONDS", str(LINK_SECONDS))
    owner = Owner.new_guest()
    archive = open_archive(Settings(data_dir=tmp_path / "app" / "data"))
    archive.agree(owner, archive.terms(owner).version)
    saved = {f"photo {n}.png": distinct(n) for n in range(30)}
    for name, output in saved.items():
        facts = {"file_name": name, "format": "png", "width": 120, "height": 90}
        archive.save(output, receipt_for(output, **facts), owner, save_id=uuid4())
    with running(tmp_path / "app") as server:
        yield Gallery(server, owner, saved)


def fetch_zip(tab: Tab) -> dict[str, bytes]:
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("link", name=tab.t("my_photos.zip")).click()
    assert waiting.value.suggested_filename == "vov_photos.zip"
    with zipfile.ZipFile(waiting.value.path()) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_select_fetch_and_share(people: Callable[..., BrowserContext], gallery: Gallery) -> None:
    server, saved = gallery.server, gallery.saved
    context = people()
    context.add_cookies([{"name": "vov_guest", "value": gallery.owner.token, "url": server.url}])
    tab = Tab(context, server.url, Language.ENGLISH).open("my_photos")
    for name in ("photo 29.png", "photo 27.png"):
        tab.select(name)
    expect(tab.page.get_by_text(tab.t("my_photos.selected", n=2, size=""))).to_be_visible()
    tab.settled()
    assert fetch_zip(tab) == {name: saved[name] for name in ("photo 29.png", "photo 27.png")}

    tab.button("share.button").click()
    link = tab.page.get_by_role("textbox", name=tab.t("share.label", name="photo 29.png"))
    address = link.input_value()
    assert address.startswith(f"{server.url}/shared/")
    stranger = people(Language.KOREAN)
    answer = stranger.request.get(address)
    assert answer.body() == saved["photo 29.png"]
    assert answer.headers["content-disposition"].startswith("attachment")
    tab.button("share.copy").first.click()
    expect(tab.button("share.copied")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)

    tab.button("my_photos.select_found", n=30).click()
    expect(tab.page.get_by_text(tab.t("my_photos.selected", n=30, size=""))).to_be_visible()
    tab.settled()
    assert fetch_zip(tab) == saved
    tab.sound()

    deadline = time.monotonic() + LINK_SECONDS + 30
    while stranger.request.get(address).ok:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    page = stranger.new_page()
    page.goto(address)
    ended = text(Language.KOREAN, "share.ended_title")
    expect(page.get_by_role("heading", name=ended)).to_be_visible()
    token = address.rpartition("/")[2]
    assert token not in server.log.read_text() and "Traceback" not in server.log.read_text()
