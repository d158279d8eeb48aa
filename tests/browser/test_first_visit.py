"""The very first visitor of a fresh server sees what everybody sees."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from pages._shared.frame import PAGES
from tests.browser.server import MAKE_RUN, PLAIN, running
from tests.browser.tab import Tab
from vov_core.texts import Language


@pytest.mark.parametrize("start", [MAKE_RUN, PLAIN], ids=["make-run", "streamlit-run"])
@pytest.mark.parametrize("page", ["home", "protect"])
def test_the_first_page_of_a_fresh_server_has_its_frame(
    page: str, start: tuple[str, ...], people: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    with running(tmp_path / "app", start) as server:
        tab = Tab(people(Language.KOREAN), server.url, Language.KOREAN)
        tab.open("" if page == "home" else page)
        expect(tab.heading(f"{page}.title")).to_be_visible()
        expect(tab.page.get_by_test_id("stSidebarNavLink")).to_have_count(len(PAGES) + 1)
        expect(tab.page.get_by_test_id("stSidebarNavLink").first).to_contain_text(tab.t("nav.home"))
        expect(tab.page.get_by_role("radio", name="한국어")).to_be_visible()
        assert tab.page.title() == "VOV"
        tab.go("history" if page == "protect" else "protect")
        tab.sound()
        tab.page.close()
