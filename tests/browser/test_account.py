"""Members in a real browser: signing up, saving, logging out, and other browsers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import Server
from tests.browser.steps import save
from tests.browser.tab import Tab
from tests.browser.uploads import sample
from vov_core.database import Database
from vov_core.people import People
from vov_core.settings import Settings
from vov_core.texts import Language

PASSWORD = "three small boats"


def fill_sign_up(tab: Tab, login: str, name: str, email: str) -> None:
    """All fields; leaves the button to the caller."""
    tab.page.get_by_role("radio", name=tab.t("account.view_sign_up")).click()
    # The log-in form has a field of the same name.
    expect(tab.button("account.sign_up").last).to_be_visible()
    expect(tab.page.get_by_test_id("stForm")).to_have_count(0)
    tab.settled()
    field = tab.page.get_by_label(tab.t("account.id"), exact=True)
    field.press_sequentially(login)
    # Told while typing: no Enter, no click elsewhere.
    expect(tab.page.get_by_text(tab.t("account.id_free"))).to_be_visible()
    tab.page.get_by_label(tab.t("account.password"), exact=True).fill(PASSWORD)
    tab.page.get_by_label(tab.t("account.name"), exact=True).fill(name)
    tab.page.get_by_label(tab.t("account.email"), exact=True).fill(email)
    choose_field(tab)


def choose_field(tab: Tab) -> None:
    tab.page.get_by_role("combobox", name=tab.t("account.field")).click()
    tab.page.get_by_role("option", name=tab.t("fields.research")).click()
    tab.settled()


def log_in(tab: Tab, login: str) -> None:
    tab.page.get_by_label(tab.t("account.id"), exact=True).fill(login)
    tab.page.get_by_label(tab.t("account.password"), exact=True).fill(PASSWORD)
    tab.page.get_by_test_id("stBaseButton-primaryFormSubmit").click()


def cookie(context: BrowserContext) -> str | None:
    return next((c["value"] for c in context.cookies() if c["name"] == "vov_member"), None)


@pytest.fixture
def two(people: Callable[..., BrowserContext], server: Server) -> Iterator[tuple[Tab, Tab]]:
    tabs = tuple(Tab(people(language), server.url, language) for language in Language)
    yield tabs[1], tabs[0]
    for tab in tabs:
        assert tab.problems == []


def test_a_member_s_photos_follow_the_member(two: tuple[Tab, Tab], server: Server) -> None:
    anna, other = two
    fill_sign_up(anna.open("account"), "anna.kim", "Anna <b>Kim</b>", "anna@example.org")
    anna.button("account.sign_up").last.click()
    expect(anna.button("account.log_out")).to_be_visible()
    expect(anna.page.get_by_text("Anna <b>Kim</b>").first).to_be_visible()
    anna.page.wait_for_function("() => document.cookie.match(/vov_member=[\\w-]{43}(;|$)/)")
    token = cookie(anna.page.context)
    (kept,) = [c for c in anna.page.context.cookies() if c["name"] == "vov_member"]
    assert (kept["sameSite"], kept["expires"]) == ("Lax", -1)

    anna.go("protect").upload(("annas hand.jpg", sample("00119")))
    anna.button("actions.approve").click()
    save(anna)
    anna.go("my_photos")
    expect(anna.page.get_by_text("annas hand_protected.jpg")).to_be_visible()

    other.open("my_photos")
    expect(other.page.get_by_text(other.t("my_photos.empty"))).to_be_visible()

    second = Tab(anna.page.context, server.url, Language.ENGLISH).open("my_photos")
    expect(second.page.get_by_text("annas hand_protected.jpg")).to_be_visible()

    anna.go("account")
    anna.button("account.log_out").click()
    expect(anna.page.get_by_role("radio", name=anna.t("account.view_sign_up"))).to_be_visible()
    anna.page.wait_for_function("() => !document.cookie.includes('vov_member=')")
    second.go("about").go("my_photos")
    expect(second.page.get_by_text(second.t("my_photos.empty"))).to_be_visible()
    second.page.context.add_cookies(
        [{"name": "vov_member", "value": token or "", "url": server.url}]
    )
    second.open("my_photos")
    expect(second.page.get_by_text(second.t("my_photos.empty"))).to_be_visible()

    log_in(other.open("account"), "anna.kim")
    expect(other.button("account.log_out")).to_be_visible()
    other.go("my_photos")
    expect(other.page.get_by_text("annas hand_protected.jpg")).to_be_visible()
    assert cookie(other.page.context) not in (None, token)
    other.page.reload()
    expect(other.settled().page.get_by_text("annas hand_protected.jpg")).to_be_visible()


def test_secrets_stay_out_of_log_and_files(two: tuple[Tab, Tab], server: Server) -> None:
    anna, _ = two
    fill_sign_up(anna.open("account"), "quiet.one", "Quiet One", "quiet@example.org")
    anna.button("account.sign_up").last.click()
    expect(anna.button("account.log_out")).to_be_visible()
    anna.page.wait_for_function("() => document.cookie.match(/vov_member=[\\w-]{43}(;|$)/)")
    token = cookie(anna.page.context)
    assert token
    anna.button("account.log_out").click()
    expect(anna.page.get_by_role("radio", name=anna.t("account.view_sign_up"))).to_be_visible()

    # The operator's one-time link: its token leaves the address at once.
    database = Database(Settings(data_dir=server.data).database_url)
    link = People(database).operators_link("quiet.one")
    anna.open(f"account?reset={link}")
    anna.page.wait_for_function("() => !location.search")
    anna.page.get_by_label(anna.t("account.new_password"), exact=True).fill(PASSWORD[::-1])
    anna.button("account.reset_send").click()
    expect(anna.button("account.log_out")).to_be_visible()

    log = server.log.read_text()
    for secret in (PASSWORD, PASSWORD[::-1], token, link, "quiet@example.org"):
        assert secret not in log
    for file in (path for path in Path(server.folder).rglob("*") if path.is_file()):
        content = file.read_bytes()
        assert not any(each.encode() in content for each in (PASSWORD, PASSWORD[::-1], token, link))
