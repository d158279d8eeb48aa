"""One running app, one browser, people with their own contexts; pictures of failures."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error

from tests.browser.server import Server, running
from tests.browser.tab import WIDE, Tab, chromium, new_context
from vov_core.texts import Language

_FAILED = pytest.StashKey[bool]()
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: Any = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app that the tests share; each person in it has their own session and cookie."""
    with running(tmp_path_factory.mktemp("app") / "app") as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def people(
    browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., BrowserContext]]:
    """New people; their windows are photographed if the test fails."""
    contexts: list[BrowserContext] = []

    def make(
        language: Language = Language.ENGLISH,
        theme: str = "light",
        size: tuple[int, int] = WIDE,
    ) -> BrowserContext:
        contexts.append(new_context(browser, language, theme, size))
        return contexts[-1]

    yield make
    for context in contexts:
        if request.node.stash.get(_FAILED, False):
            for n, page in enumerate(context.pages):
                place = tmp_path / f"failed-{contexts.index(context)}-{n}.png"
                try:
                    page.screenshot(path=place)
                    print(f"screenshot: {place}")
                except Error as error:
                    print(f"no screenshot: {error}")
        context.close()


@pytest.fixture
def person(people: Callable[..., BrowserContext], server: Server) -> Iterator[Tab]:
    """One tab of one person; it must end without any problem."""
    tab = Tab(people(), server.url, Language.ENGLISH)
    yield tab
    assert tab.problems == []
