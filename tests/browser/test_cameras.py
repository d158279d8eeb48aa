"""Camera, booth and live picture in a browser whose camera shows a rendered hand."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Frame, expect

from tests.browser.fake_camera import SAMPLES, with_camera, write_clip
from tests.browser.server import Server
from tests.browser.tab import NARROW, PATIENCE_MS, WIDE, Tab, new_context
from tests.live.clips import Pixels, pads, still
from vov_core.texts import Language

# Keeps every frame that the browser shows, from the very first one on, as a small PNG.
WATCH = """
() => {
  window.shown = [];
  const canvas = document.createElement("canvas");
  const keep = (video) => {
    if (window.shown.length < 40 && video.videoWidth) {
      canvas.width = video.videoWidth; canvas.height = video.videoHeight;
      canvas.getContext("2d").drawImage(video, 0, 0);
      window.shown.push(canvas.toDataURL("image/png"));
    }
    video.requestVideoFrameCallback(() => keep(video));
  };
  const seen = new Set();
  setInterval(() => {
    for (const video of document.querySelectorAll("video")) {
      if (!seen.has(video)) { seen.add(video); video.requestVideoFrameCallback(() => keep(video)); }
    }
  }, 5);
}
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "hand.mjpeg")


@pytest.fixture(scope="module")
def camera(browser: Browser, clip: Path) -> Iterator[Browser]:
    with with_camera(browser, clip) as launched:
        yield launched


@pytest.fixture
def tabs(camera: Browser, server: Server) -> Iterator[Callable[..., Tab]]:
    contexts: list[BrowserContext] = []

    def make(language: Language = Language.ENGLISH, size: tuple[int, int] = WIDE) -> Tab:
        contexts.append(new_context(camera, language, "light", size))
        return Tab(contexts[-1], server.url, language)

    yield make
    for context in contexts:
        context.close()


def picture(tab: Tab) -> tuple[int, int]:
    """Size of the camera's picture as the browser gets it."""
    video = tab.page.locator("video")
    expect(video).to_be_visible()
    tab.page.wait_for_function("() => true")
    size: list[int] = video.evaluate(
        "async v => { while (!v.videoWidth) await new Promise(r => setTimeout(r, 20));"
        " return [v.videoWidth, v.videoHeight]; }"
    )
    return size[0], size[1]


def test_a_photo_from_the_camera_is_reviewed_like_an_upload(tabs: Callable[..., Tab]) -> None:
    tab = tabs(size=NARROW).open("camera")
    tab.key("start").click()
    width, height = picture(tab)
    tab.key("shutter").click()
    expect(tab.button("actions.approve").first).to_be_visible()
    expect(tab.page.get_by_text(f"{width} × {height} px")).to_be_visible()
    expect(tab.shapes).to_have_count(5)
    # The camera is off again.
    expect(tab.page.locator("video")).to_have_count(0)
    original = tab.page.locator(".pane.before image").first.get_attribute("href") or ""
    # Shown like in a mirror, but taken as it is: the thumb of this left hand points to the left.
    assert thumb_side(decoded(original)) == "left"
    tab.button("actions.approve").click()
    expect(tab.button("actions.download").first).to_be_visible()
    tab.sound()


def decoded(address: str) -> Pixels:
    """RGB pixels of a data address."""
    data = base64.b64decode(address.split(",", 1)[1])
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"), np.uint8)


def thumb_side(pixels: Pixels) -> str:
    """On which side the thumb of the sample is: at half height it is the smaller piece of skin."""
    row = pixels[len(pixels) // 2].astype(int)
    columns = np.nonzero(row[:, 0] > row[:, 2] + 15)[0]
    gap = int(np.diff(columns).argmax()) + 1
    return "left" if gap < len(columns) - gap else "right"


@pytest.mark.parametrize("language", list(Language), ids=str)
def test_a_refused_camera_is_explained_and_a_file_taken_instead(
    language: Language, browser: Browser, clip: Path, server: Server
) -> None:
    with with_camera(browser, clip, allowed=False) as refusing:
        tab = Tab(new_context(refusing, language, "light", NARROW), server.url, language)
        tab.open("camera")
        tab.key("start").click()
        expect(tab.page.get_by_text(tab.t("camera.refused_title"))).to_be_visible()
        expect(tab.page.get_by_text(tab.t("camera.refused_text"))).to_be_visible()
        expect(tab.key("again")).to_be_visible()
        assert tab.overflow() <= 0
        file: Any = {
            "name": "photo.jpg",
            "mimeType": "image/jpeg",
            "buffer": (SAMPLES / "hand_00119.jpg").read_bytes(),
        }
        tab.key("file").set_input_files(file)
        expect(tab.button("actions.approve").first).to_be_visible()
        tab.sound()


def test_without_https_the_page_says_so(tabs: Callable[..., Tab]) -> None:
    tab = tabs()
    tab.page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    tab.open("camera")
    tab.key("start").click()
    expect(tab.page.get_by_text(tab.t("camera.insecure_title"))).to_be_visible()
    expect(tab.key("again")).to_have_count(0)
    tab.sound()


def test_the_booth_from_countdown_to_print_and_back(tabs: Callable[..., Tab]) -> None:
    tab = tabs(Language.KOREAN).open("booth")
    tab.button("booth.start").click()
    expect(tab.heading("booth.ready")).to_be_visible()
    tab.key("start").click()
    picture(tab)
    tab.key("shutter").click()
    expect(tab.page.locator(".count b").first).to_have_text("3")
    # The four shots come one after the other, without another touch.
    expect(tab.heading("booth.all_there")).to_be_visible()
    tab.settled()
    expect(tab.page.get_by_text(tab.t("booth.covered", n=5))).to_have_count(4)
    tab.button("booth.next").click()
    caption = tab.page.get_by_label(tab.t("booth.caption"), exact=True)
    caption.fill("우리 ♥")
    caption.press("Enter")
    tab.settled()
    tab.button("booth.approve").click()
    expect(tab.heading("booth.done")).to_be_visible()
    with tab.page.expect_download() as waiting:
        tab.button("booth.download", format="PNG").click()
    path = waiting.value.path()
    with Image.open(path) as opened:
        assert opened.size == (1200, 1800)
        assert [round(dpi) for dpi in opened.info["dpi"]] == [300, 300]
        assert set(opened.info) == {"dpi"}
    tab.button("booth.finish").click()
    expect(tab.button("booth.start")).to_be_visible()
    tab.settled()
    assert tab.page.locator(".booth-print, video").count() == 0
    tab.sound()


def test_an_idle_booth_asks_and_then_forgets(tabs: Callable[..., Tab]) -> None:
    tab = tabs()
    tab.page.clock.install()
    tab.open("booth")
    tab.button("booth.start").click()
    question = tab.page.locator(".still-there")
    # Its clock runs once it has its words.
    expect(question.locator("b")).to_have_text(tab.t("booth.still_there"))
    tab.page.clock.fast_forward(85_000)
    tab.page.clock.run_for(1_000)
    expect(question).to_be_visible()
    # Any sign of life is an answer; a click would wait for the clock that the test holds.
    tab.page.keyboard.press("Shift")
    expect(question).to_be_hidden()
    tab.page.clock.fast_forward(91_000)
    tab.page.clock.run_for(1_000)
    expect(tab.button("booth.start")).to_be_visible()
    tab.sound()


def player(tab: Tab) -> Frame:
    """streamlit-webrtc's own frame in the page."""
    expect(tab.page.locator("iframe")).to_be_visible()
    (found,) = [frame for frame in tab.page.frames if "streamlit_webrtc" in frame.url]
    return found


PALM = (250, 215, 190, 230)
"""Left, top, width, height of a part of the hand that is never covered."""
REACH = 40
"""The clip moves the hand by less than this."""


def uncovered(frame: Pixels, palm: Pixels, centres: list[tuple[float, float]]) -> int:
    """Pads of the clip's frame that are not black; the palm tells how far the hand has moved."""
    left, top, width, _ = PALM
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    near = grey[top - REACH :, left - REACH : left + width + REACH]
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(near, palm, cv2.TM_CCOEFF_NORMED))
    dx, dy = x - REACH, y - REACH
    return sum(bool(frame[round(cy + dy), round(cx + dx)].max() > 70) for cx, cy in centres)


def start_live(tab: Tab, inner: Frame) -> None:
    """Starts the picture; on a machine that is too busy for the first packets, once more."""
    for _ in range(3):
        inner.get_by_role("button", name=tab.t("live.start"), exact=True).click()
        stalled = tab.page.get_by_text(tab.t("live.stalled"))
        expect(tab.page.locator(".live-pace").or_(stalled)).to_be_visible(timeout=2 * PATIENCE_MS)
        if not stalled.is_visible():
            return
        inner.get_by_role("button", name=tab.t("live.stop"), exact=True).click()
        expect(inner.get_by_role("button", name=tab.t("live.start"), exact=True)).to_be_enabled()


def test_the_live_picture_shows_covered_frames_only(
    tabs: Callable[..., Tab], tmp_path: Path
) -> None:
    tab = tabs()
    tab.open("live")
    tab.page.get_by_test_id("stSelectbox").locator("input").click()
    tab.page.get_by_role("option", name=tab.t("styles.solid"), exact=True).click()
    expect(tab.page.get_by_text(tab.t("styles.solid_text"))).to_be_visible()
    inner = player(tab)
    inner.evaluate(WATCH)
    start_live(tab, inner)
    inner.wait_for_function("() => window.shown.length >= 12", timeout=3 * PATIENCE_MS)
    shown = [decoded(address) for address in inner.evaluate("() => window.shown")]
    truth = json.loads((SAMPLES / "hand_00300.json").read_text())
    original = still((SAMPLES / "hand_00300.jpg").read_bytes())
    left, top, width, height = PALM
    grey = cv2.cvtColor(original, cv2.COLOR_RGB2GRAY)
    palm = np.asarray(grey[top : top + height, left : left + width], np.uint8)
    assert uncovered(original, palm, pads(truth)) == 5
    for number, frame in enumerate(shown):
        # A browser may begin with a smaller picture.
        whole = np.asarray(cv2.resize(frame, (640, 480)), np.uint8)
        if bad := uncovered(whole, palm, pads(truth)):
            Image.fromarray(whole).save(tmp_path / f"open-{number}.png")
            pytest.fail(f"frame {number} shows {bad} pads, see {tmp_path}")
    expect(tab.page.locator(".live-pace")).to_contain_text("5")

    tab.button("live.record", s=60).click()
    expect(tab.button("live.end_recording")).to_be_visible()
    begun = tab.t("live.recording", s="#").partition("#")[0]
    expect(tab.page.get_by_text(re.compile(f"{begun}[1-9]"))).to_be_visible()
    tab.button("live.end_recording").click()
    expect(tab.button("actions.approve").first).to_be_visible()
    tab.page.wait_for_function("() => document.querySelector('video')?.videoWidth === 640")

    tab.button("live.snap").click()
    expect(tab.page.get_by_text("live_1.png", exact=True).first).to_be_visible()
    snapshot = decoded(tab.page.locator(".pane.before image").first.get_attribute("href") or "")
    assert uncovered(snapshot, palm, pads(truth)) == 0
    inner.get_by_role("button", name=tab.t("live.stop"), exact=True).click()
    expect(inner.get_by_role("button", name=tab.t("live.start"), exact=True)).to_be_visible()
    tab.sound()
