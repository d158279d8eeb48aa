"""A video's whole way in a real browser; a browser that is closed in the middle."""

import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
from playwright.sync_api import BrowserContext, expect

from benchmarks.clips import labelled
from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.browser.uploads import watched
from tests.video.made import RATE, RESTING, SMALL, clip, rendered
from vov_core.texts import Language
from vov_core.video import frames, probe

WORK_MS = 240_000
_VIDEO = "document.querySelector('video') || [...document.querySelectorAll('*')]\
.map(e => e.shadowRoot?.querySelector('video')).find(Boolean)"


def drop(tab: Tab, name: str, data: bytes) -> Tab:
    tab.page.locator('input[type="file"]').first.set_input_files(
        [{"name": name, "mimeType": "video/mp4", "buffer": data}]
    )
    expect(tab.page.get_by_text(name, exact=True).first).to_be_visible()
    return tab.settled()


def threads(server: Server) -> list[str]:
    names = Path(f"/proc/{server.pid}/task").glob("*/comm")
    return [name for path in names if (name := path.read_text().strip()).startswith("vov-video")]


def test_the_whole_way_of_a_video(person: Tab, server: Server) -> None:
    upload = rendered(RESTING)
    # A long tail behind the last box, so that a temporary file would not go unnoticed.
    padded = upload + b"\0\0\0\x08free" + (3_000_000).to_bytes(4, "big") + b"free"
    padded += np.random.default_rng(3).bytes(3_000_000 - 8)
    tab = person.open("protect").go("video")
    with watched(server) as temporary:
        drop(tab, "wave hello.mp4", padded)
        tab.button("video.start").click()
        expect(tab.button("actions.approve")).to_be_visible(timeout=WORK_MS)
    assert temporary == set()
    tab.settled()
    tab.page.wait_for_function(f"() => (({_VIDEO})?.readyState ?? 0) >= 2")
    source = tab.page.evaluate(f"({_VIDEO}).src")
    assert source.startswith("blob:")
    tab.page.evaluate(f"({_VIDEO}).play()")
    tab.page.wait_for_function(f"() => ({_VIDEO}).currentTime > 0.2")
    tab.button("video.look").click()
    expect(tab.page.locator("img-comparison-slider img").first).to_be_visible()
    assert not [address for address in tab.addresses if ".mp4" in address]

    tab.button("actions.approve").click()
    expect(tab.button("actions.download")).to_be_visible()
    with tab.page.expect_download() as event:
        tab.button("actions.download").click()
    assert event.value.suggested_filename == "wave hello_protected.mp4"
    output = Path(event.value.path()).read_bytes()
    facts = probe(output)
    assert (facts.frames, facts.metadata, facts.sound) == (12, (), None)
    label = next(labelled(RESTING, *SMALL, RATE))
    for before, after in zip(frames(upload, probe(upload)), frames(output, facts), strict=True):
        for pad in label.pads:
            ridges = [float(np.std(shown.pixels[pad], 0).mean()) for shown in (before, after)]
            assert ridges[1] < ridges[0]

    tab.button("actions.save").click()
    expect(tab.page.get_by_text(tab.t("video.saved"))).to_be_visible()
    tab.go("my_photos")
    expect(tab.page.get_by_text("wave hello_protected.mp4").first).to_be_visible()
    expect(tab.page.locator(".vov-play")).to_be_visible()
    piece, digest = padded[-4000:-3900], sha256(padded).hexdigest().encode()
    for path in server.written():
        content = path.read_bytes()
        assert piece not in content and digest not in content, path
    tab.sound()


def test_a_closed_browser_ends_the_work(
    people: Callable[..., BrowserContext], server: Server
) -> None:
    context = people()
    tab = Tab(context, server.url, Language.ENGLISH).open("video")
    drop(tab, "long.mp4", clip(900, 30, size=(320, 240), options={"preset": "ultrafast"}))
    tab.button("video.start").click()
    expect(tab.button("video.cancel")).to_be_visible()
    deadline = time.monotonic() + 60
    while not threads(server) and time.monotonic() < deadline:
        time.sleep(0.1)
    context.close()
    deadline = time.monotonic() + 150
    while threads(server):
        assert time.monotonic() < deadline, threads(server)
        time.sleep(0.25)
    assert not list((server.folder / "tmp").rglob("*.mp4"))
