"""Files of every kind dropped together, as people do it."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import running
from tests.browser.tab import Tab
from tests.browser.uploads import sample
from vov_core.texts import Language

# Playwright sets a hidden input's files; a real drop goes another way through the browser.
DROP = """(zone, files) => {
  const moved = new DataTransfer();
  for (const { name, type, content } of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    moved.items.add(new File([bytes], name, { type }));
  }
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(
      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: moved }));
}"""


def drop(tab: Tab, *files: tuple[str, str, bytes]) -> None:
    named = [
        {"name": name, "type": kind, "content": base64.b64encode(data).decode()}
        for name, kind, data in files
    ]
    tab.page.get_by_test_id("stFileUploaderDropzone").first.evaluate(DROP, named)


def test_what_is_no_photo_is_told_and_the_photo_beside_it_is_used(person: Tab) -> None:
    tab = person.open("protect")
    drop(
        tab,
        ("notes.md", "text/markdown", b"# Not a photo"),
        ("holiday.jpg", "image/jpeg", sample("00119")),
        ("clip.mp4", "video/mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(200)),
    )
    expect(tab.button("actions.approve").first).to_be_visible()
    told = tab.page.get_by_test_id("stAlert")
    for name, error in (("notes.md", "not_a_photo"), ("clip.mp4", "video_elsewhere")):
        reason = tab.t(f"errors.{error}").replace("*", "")
        expect(told.filter(has_text=name)).to_contain_text(reason)


def test_files_without_room_are_told_when_the_others_are_read(
    people: Callable[..., BrowserContext], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOV_SESSION_MB", "1")
    with running(tmp_path / "app") as server:
        tab = Tab(people(Language.KOREAN), server.url, Language.KOREAN).open("protect")
        too_much = sample("00119") + bytes(1_200_000)
        drop(tab, ("big.jpg", "image/jpeg", too_much), ("hand.jpg", "image/jpeg", sample("00119")))
        expect(tab.button("actions.approve").first).to_be_visible()
        told = tab.page.get_by_test_id("stAlert")
        expect(told.filter(has_text=tab.t("protect.refused", n=1, mb=1))).to_be_visible()


@pytest.mark.parametrize(("page", "offered"), [("protect", "image/*"), ("video", "video/*")])
def test_a_device_offers_the_right_files_first(page: str, offered: str, person: Tab) -> None:
    tab = person.open(page)
    with tab.page.expect_file_chooser() as chooser:
        tab.page.get_by_test_id("stFileUploaderDropzone").locator("button").click()
    assert offered in (chooser.value.element.get_attribute("accept") or "")
