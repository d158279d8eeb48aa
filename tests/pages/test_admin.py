"""Admin: only for those whom the settings name; numbers and accounts, never a picture."""

from collections.abc import Callable

import pytest
from streamlit.runtime.context import ContextProxy

from pages._shared import session
from tests.pages.test_account import HOSTILE_NAME
from tests.pages.test_my_photos import save
from tests.pages.visit import Visit
from tests.suites.people import HERE, PASSWORD, details
from vov_core.archive import Archive
from vov_core.people import SignedIn


@pytest.fixture(autouse=True)
def _browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: None))
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: {}))


@pytest.fixture
def boss(archive: Archive, monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str]) -> SignedIn:
    assert archive
    monkeypatch.setenv("VOV_ADMINS", "boss, chief")
    session.settings.clear()
    people = session.people()
    signed_in = people.reset(people.operators_link("boss"), PASSWORD, HERE)
    cookies["vov_member"] = signed_in.token
    return signed_in


@pytest.fixture
def anna(boss: SignedIn, archive: Archive) -> SignedIn:
    assert boss
    made = session.people().sign_up("anna.kim", PASSWORD, details(name=HOSTILE_NAME), HERE)
    save(archive, made.member.owner, name="annas secret.png")
    return made


def chosen(tab: Visit, login: str) -> Visit:
    tab.at.selectbox(key="admin_user").set_value(login)
    return tab.run()


def test_an_admin_sees_accounts_numbers_and_health(
    visit: Callable[..., Visit], anna: SignedIn
) -> None:
    tab = visit("admin")
    assert anna and tab.errors == [] and tab.at.title[0].value == tab.t("admin.title")
    assert [metric.value for metric in tab.at.metric][:4] == ["2", "2", "0", "1"]
    assert list(tab.at.dataframe[0].value.iloc[:, 0]) == ["anna.kim", "boss"]
    assert tab.words.count(":green[:material/check_circle:]") == 3
    assert f":orange[:material/warning:] **{tab.t('admin.mail')}**" in tab.words
    assert "data:image" not in tab.words and "secret" not in tab.words


@pytest.mark.parametrize("who", ["guest", "member"])
def test_nobody_else_gets_in(
    who: str, visit: Callable[..., Visit], cookies: dict[str, str], anna: SignedIn
) -> None:
    cookies["vov_member"] = anna.token if who == "member" else ""
    tab = visit("admin")
    assert tab.t("admin.promise") not in tab.words and not tab.at.dataframe
    assert "boss" not in tab.words


def test_search(english: Callable[..., Visit], anna: SignedIn) -> None:
    tab = english("admin")
    tab.at.text_input(key="admin_search").set_value("KIM")
    tab.run()
    assert anna and list(tab.at.dataframe[0].value.iloc[:, 0]) == ["anna.kim"]
    tab.at.text_input(key="admin_search").set_value("'; DROP TABLE accounts; --")
    tab.run()
    assert tab.t("admin.none") in tab.words and tab.errors == []


def test_many_accounts_come_in_pages(english: Callable[..., Visit], boss: SignedIn) -> None:
    accounts = session.people().accounts
    for n in range(25):
        accounts.add(f"user{n:02}", details(email=f"{n}@example.org"), None, None)
    tab = english("admin")
    assert boss and len(tab.at.dataframe[0].value) == 20
    tab.at.pagination[0].set_value(2)
    tab.run()
    assert len(tab.at.dataframe[0].value) == 6
    tab.at.text_input(key="admin_search").set_value("user01")
    tab.run()
    assert list(tab.at.dataframe[0].value.iloc[:, 0]) == ["user01"]


def test_disable_enable_link_delete(
    visit: Callable[..., Visit], anna: SignedIn, archive: Archive
) -> None:
    people = session.people()
    tab = chosen(visit("admin"), "anna.kim").click("admin_disable")
    assert people.who(anna.token) is None and tab.t("admin.state_disabled") in tab.words
    tab.click("admin_enable").click("admin_link")
    (link,) = [code.value for code in tab.at.code]
    assert people.whose_link(link.partition("reset=")[2]).login == "anna.kim"
    tab.click("admin_delete").answer("admin_delete_no")
    assert people.accounts.by_login("anna.kim") is not None
    tab.click("admin_delete").answer("admin_delete_yes")
    assert people.accounts.by_login("anna.kim") is None and archive.everything() == {}
    assert list(tab.at.dataframe[0].value.iloc[:, 0]) == ["boss"]


def test_admins_are_left_alone(english: Callable[..., Visit], boss: SignedIn) -> None:
    tab = chosen(english("admin"), "boss")
    assert boss and tab.t("admin.not_admins") in tab.words
    assert not tab.has_button("admin_delete")
