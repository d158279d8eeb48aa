"""Every page in both languages, both themes, on a wide screen and on a phone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import ROOT, Server, running
from tests.browser.steps import save
from tests.browser.tab import NARROW, WIDE, Tab
from tests.browser.uploads import sample
from tests.suites.people import HERE, PASSWORD, details
from vov_core.database import Database
from vov_core.people import People
from vov_core.settings import Settings
from vov_core.texts import Language

PAGES = (
    "home",
    "protect",
    "camera",
    "booth",
    "live",
    "video",
    "my_photos",
    "history",
    "lab",
    "proof",
    "privacy",
    "about",
    "account",
)


def brightness(tab: Tab) -> float:
    colour = tab.page.locator('[data-testid="stApp"]').evaluate(
        "app => getComputedStyle(app).backgroundColor.match(/\\d+/g).map(Number)"
    )
    return float(sum(colour[:3]) / 3)


def broken_words(tab: Tab) -> list[str]:
    """Headings and paragraphs in which a line may end in the middle of a Korean word."""
    found: list[str] = tab.page.evaluate(
        "[...document.querySelectorAll('.block-container :is(h1, h2, h3, h4, p, li)')]"
        ".filter(e => getComputedStyle(e).wordBreak !== 'keep-all').map(e => e.innerText)"
    )
    return found


def broken_pictures(tab: Tab) -> list[str]:
    found: list[str] = tab.page.evaluate(
        "[...document.images].filter(e => e.complete && e.naturalWidth === 0)"
        ".map(e => e.outerHTML.slice(0, 120))"
    )
    return found


def fits(tab: Tab, size: tuple[int, int]) -> None:
    tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    tab.settled()
    tab.page.wait_for_function(
        "() => document.scrollingElement.scrollWidth <= window.innerWidth", timeout=15_000
    )
    wide = tab.page.evaluate(
        "[...document.querySelectorAll('.block-container *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        " && !(e instanceof HTMLInputElement)"
        " && getComputedStyle(e).position !== 'absolute'"
        " && !e.closest('.strip, .vov-attacks, [data-testid=stDataFrame], .js-plotly-plot'))"
        ".map(e => e.outerHTML.slice(0, 120))"
    )
    assert wide == []


def looked_at(tab: Tab, title: str) -> None:
    """The open page, wide and narrow."""
    expect(tab.heading(title)).to_be_visible()
    for size in (WIDE, NARROW):
        fits(tab, size)
    tab.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    tab.sound()
    assert tab.page.title() == "VOV" and broken_words(tab) == []
    assert broken_pictures(tab) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", list(Language), ids=str)
def test_every_page(
    language: Language, theme: str, people: Callable[..., BrowserContext], server: Server
) -> None:
    tab = Tab(people(language, theme), server.url, language)
    for page in PAGES:
        tab.open("" if page == "home" else page)
        looked_at(tab, f"{page}.title")
        assert (brightness(tab) > 128) == (theme == "light")


def test_no_page_is_left_out() -> None:
    files = {file.stem for file in (ROOT / "pages").glob("*.py")}
    assert files == {*PAGES, "admin"}


@pytest.mark.parametrize("language", list(Language), ids=str)
def test_the_admin_s_page(
    language: Language,
    people: Callable[..., BrowserContext],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VOV_ADMINS", "boss")
    with running(tmp_path / "app") as server:
        tab = Tab(people(language, "dark"), server.url, language).open()
        settings = Settings(data_dir=server.data)
        accounts = People(Database(settings.database_url), admins=("boss",))
        accounts.sign_up("a" * 20, PASSWORD, details(name="N" * 40), HERE)
        tab.open(f"account?reset={accounts.operators_link('boss')}")
        tab.page.get_by_label(tab.t("account.new_password"), exact=True).fill(PASSWORD)
        tab.button("account.reset_send").click()
        expect(tab.button("account.log_out")).to_be_visible()
        tab.page.wait_for_function("() => document.cookie.includes('vov_member=')")
        tab.open("admin")
        expect(tab.page.get_by_test_id("stDataFrame")).to_be_visible()
        looked_at(tab, "admin.title")
        tab.page.close()


@pytest.mark.parametrize("language", list(Language), ids=str)
def test_the_review_and_saved_photos_on_a_phone(
    language: Language, people: Callable[..., BrowserContext], server: Server
) -> None:
    tab = Tab(people(language, "light", NARROW), server.url, language)
    name = "a_very_long_name_" * 6 + "end.jpg"
    tab.open("protect").upload((name, sample("00119")))
    fits(tab, NARROW)
    tab.key("draw").click()
    tab.key("canvas").press("Enter")
    expect(tab.shapes).to_have_count(6)
    tab.button("actions.approve").click()
    save(tab)
    fits(tab, NARROW)
    for page, part in (("my_photos", "stCheckbox"), ("history", "stMetric")):
        tab.open(page)
        expect(tab.page.get_by_test_id(part).first).to_be_visible()
        for size in (NARROW, WIDE):
            fits(tab, size)
    with tab.page.expect_download() as waiting:
        tab.button("history.csv").click()
    headings = Path(waiting.value.path()).read_text("utf-8-sig").splitlines()[0]
    assert tab.t("history.csv_bytes") in headings
    assert language is Language.ENGLISH or not re.search("[A-Za-z]", headings)
    tab.sound()


def test_the_language_switch(person: Tab) -> None:
    tab = person.open("about")
    tab.page.get_by_role("radio", name="한국어").click()
    tab.language = Language.KOREAN
    expect(tab.heading("about.title")).to_be_visible()
    tab.go("history")
    expect(tab.page.locator("html")).to_have_attribute("lang", "ko")
    tab.sound()
