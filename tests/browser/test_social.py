"""Log-in through another service: a real provider, the whole code flow, in a real browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.provider import Provider, provider
from tests.browser.server import MAKE_RUN, Server, running
from tests.browser.tab import Tab
from tests.browser.test_account import choose_field, cookie, fill_sign_up
from vov_core.texts import Language


@pytest.fixture(scope="module")
def service() -> Iterator[Provider]:
    with provider() as started:
        yield started


@pytest.fixture(scope="module")
def social(service: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An app whose operator has configured Google and Kakao, but not Naver."""
    folder = tmp_path_factory.mktemp("social")
    file = folder / "secrets.toml"
    file.write_text(service.secrets_toml("google", "kakao"))
    with running(folder / "app", (*MAKE_RUN, "--secrets.files", str(file))) as started:
        yield started


@pytest.fixture
def somebody(people: Callable[..., BrowserContext], social: Server) -> Callable[[], Tab]:
    return lambda: Tab(people(), social.url, Language.ENGLISH).open("account")


def through(tab: Tab, service: str, who: str) -> None:
    tab.button("account.with", service=service).click()
    tab.page.get_by_role("link", name=who, exact=True).click()
    tab.page.wait_for_url(f"{tab.url}/**")
    tab.settled()


def test_first_time_again_and_a_stolen_cookie(
    somebody: Callable[[], Tab], service: Provider
) -> None:
    tab = somebody()
    assert tab.page.get_by_role("button", name="Naver").count() == 0
    through(tab, "Google", "minji")
    expect(tab.page.get_by_text(tab.t("account.first_time", service="Google"))).to_be_visible()
    email = tab.page.get_by_label(tab.t("account.email"), exact=True)
    expect(email).to_have_value("minji@example.org")
    expect(email).to_be_disabled()
    choose_field(tab)
    tab.button("account.sign_up").click()
    expect(tab.button("account.log_out")).to_be_visible()
    expect(tab.page.get_by_text("Minji Kim").first).to_be_visible()
    tab.page.wait_for_function("() => document.cookie.match(/vov_member=[\\w-]{43}(;|$)/)")
    assert service.problems == [] and all("code_verifier" in form for form in service.exchanged)
    handed = [c for c in tab.page.context.cookies() if c["name"].startswith("_streamlit_user")]
    assert handed and all(c["httpOnly"] for c in handed)

    tab.button("account.log_out").click()
    # By way of Streamlit's own log-out, which removes its cookie.
    expect(tab.heading("home.title")).to_be_visible()
    tab.open("account")
    expect(tab.page.get_by_role("button", name="Google")).to_be_visible()
    tab.page.wait_for_function("() => !document.cookie.includes('vov_member=')")
    names = {c["name"] for c in tab.page.context.cookies()}
    assert "_streamlit_user" not in names

    # What the service once told opens nothing a second time, in whatever browser.
    thief = somebody()
    thief.page.context.add_cookies(
        [{"name": c["name"], "value": c["value"], "url": thief.url} for c in handed]
    )
    thief.open("account")
    expect(thief.page.get_by_role("button", name="Google")).to_be_visible()
    assert cookie(thief.page.context) is None

    through(tab, "Google", "minji")
    expect(tab.page.get_by_role("link", name="Minji Kim")).to_be_visible()
    tab.go("account")
    expect(tab.button("account.log_out")).to_be_visible()
    for each in (tab, thief):
        assert each.problems == []


def test_an_account_that_is_there_already_needs_its_password(somebody: Callable[[], Tab]) -> None:
    tab = somebody()
    fill_sign_up(tab, "quiet.one", "Quiet One", "quiet@example.org")
    tab.button("account.sign_up").last.click()
    tab.button("account.log_out").click()
    expect(tab.page.get_by_role("radio", name=tab.t("account.view_sign_up"))).to_be_visible()
    through(tab, "Kakao", "unverified")
    tab.page.get_by_role("tab", name=tab.t("account.first_link")).click()
    panel = tab.page.get_by_role("tabpanel", name=tab.t("account.first_link"))
    panel.get_by_label(tab.t("account.id"), exact=True).fill("quiet.one")
    panel.get_by_label(tab.t("account.password"), exact=True).fill("three small boats")
    panel.get_by_role("button", name=tab.t("account.first_link")).click()
    expect(tab.button("account.log_out")).to_be_visible()
    expect(tab.page.get_by_text("quiet.one").first).to_be_visible()
    assert tab.problems == []


def test_a_token_signed_by_somebody_else_opens_nothing(
    somebody: Callable[[], Tab], social: Server
) -> None:
    tab = somebody()
    through(tab, "Google", "forged")
    tab.open("account")
    expect(tab.page.get_by_role("button", name="Google")).to_be_visible()
    assert cookie(tab.page.context) is None
    names = {c["name"] for c in tab.page.context.cookies()}
    assert "_streamlit_user" not in names and "forged" not in social.log.read_text().lower()
