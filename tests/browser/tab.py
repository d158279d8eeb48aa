"""One tab of a real browser on the app, and what it must never see."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from vov_core.texts import Language, text

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCALES = {Language.ENGLISH: "en-US", Language.KOREAN: "ko-KR"}
WIDE, NARROW = (1360, 900), (390, 844)
PATIENCE_MS = 60_000
# On a deep link Streamlit first asks below the page's own path for its server, and is told 404.
_PROBE = re.compile(r"^/\w+/_stcore/(health|host-config)$")
_LOCAL = {"127.0.0.1", "localhost"}

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


def new_context(
    browser: Browser,
    language: Language = Language.ENGLISH,
    theme: str = "light",
    size: tuple[int, int] = WIDE,
) -> BrowserContext:
    """A person with a browser of their own: cookies, language, theme, window."""
    options: Any = {"color_scheme": theme, "viewport": {"width": size[0], "height": size[1]}}
    context = browser.new_context(locale=LOCALES[language], **options)
    context.set_default_timeout(PATIENCE_MS)
    return context


class Tab:
    """A tab; what goes wrong in it is noted in ``problems``."""

    def __init__(self, context: BrowserContext, url: str, language: Language) -> None:
        self.url = url
        self.language = language
        self.problems: list[str] = []
        self.addresses: list[str] = []
        self.received: list[bytes] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._told(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on("response", lambda response: self._answered(response.url, response.status))
        self.page.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._received))

    def _told(self, words: str) -> None:
        if "Content Security Policy" in words:
            self.problems.append(words)

    def _received(self, frame: str | bytes) -> None:
        self.received.append(frame.encode() if isinstance(frame, str) else frame)

    def _answered(self, address: str, status: int) -> None:
        parts = urlsplit(address)
        if parts.scheme in {"data", "blob"}:
            return
        self.addresses.append(address)
        if parts.hostname not in _LOCAL:
            self.problems.append(f"asked another host: {address}")
        if status >= 400 and not _PROBE.match(parts.path):
            self.problems.append(f"{status}: {address}")

    def _failed(self, address: str, failure: str | None) -> None:
        # What is cut off because the person leaves the page is no failure.
        if failure != "net::ERR_ABORTED":
            self.problems.append(f"{failure}: {address}")

    def t(self, key: str, **facts: object) -> str:
        return text(self.language, key, **facts)

    def open(self, page: str = "") -> Self:
        """Loads a page by its address."""
        self.page.goto(f"{self.url}/{page}")
        return self.settled()

    def settled(self) -> Self:
        """Waits until the server has nothing more to send."""
        app = self.page.locator('[data-testid="stApp"]')
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
        expect(self.page.locator("h1").first).to_be_visible()
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
        return self

    def select(self, name: str) -> None:
        """Ticks a saved photo."""
        self.page.locator("label", has_text=name).click()
        expect(self.page.get_by_role("checkbox", name=name)).to_be_checked()

    def go(self, page: str) -> Self:
        """Follows the link in the navigation."""
        links = self.page.get_by_test_id("stSidebarNavLink")
        links.and_(self.page.get_by_role("link", name=self.t(f"nav.{page}"), exact=True)).click()
        expect(self.heading(f"{page}.title")).to_be_visible()
        return self.settled()

    def heading(self, key: str) -> Locator:
        return self.page.get_by_role("heading", name=self.t(key), exact=True).first

    def button(self, key: str, **facts: object) -> Locator:
        return self.page.get_by_role("button", name=self.t(key, **facts))

    def key(self, name: str) -> Locator:
        """A part of the review component."""
        return self.page.locator(f'[data-key="{name}"]')

    @property
    def shapes(self) -> Locator:
        """The outlines on the photo."""
        return self.page.locator('[data-key^="shape-"]')

    @property
    def preview(self) -> str:
        """The result's picture as it is shown."""
        return self.page.locator(".pane.after image").first.get_attribute("href") or ""

    def changes(self, old: str) -> None:
        """Waits until another result is shown."""
        expect(self.page.locator(".pane.after image").first).not_to_have_attribute("href", old)

    def upload(self, *files: tuple[str, bytes]) -> Self:
        """Drops files on the page and waits for the review of the last one."""
        payload: Any = [
            {"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files
        ]
        self.page.locator('input[type="file"]').first.set_input_files(payload)
        expect(self.page.get_by_text(files[-1][0], exact=True).first).to_be_visible()
        expect(self.button("actions.approve").first).to_be_visible()
        return self.settled()

    def metric(self, key: str) -> Locator:
        tile = self.page.get_by_test_id("stMetric").filter(has_text=self.t(key))
        return tile.get_by_test_id("stMetricValue")

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth"))

    def boxes_of_errors(self) -> list[str]:
        """Tracebacks and error boxes on the page."""
        found = self.page.locator(
            '[data-testid="stException"], [data-testid="stAlertContentError"],'
            ' [data-testid="stBidiComponentError"], [role="dialog"]'
        )
        return found.all_inner_texts()

    def sound(self) -> None:
        """Nothing went wrong so far."""
        assert self.problems == []
        assert self.boxes_of_errors() == []
