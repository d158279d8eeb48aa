"""Account: what a guest and a member see and do, and what never shows."""

from collections.abc import Callable

import pytest
from streamlit.runtime.context import ContextProxy

from pages._shared import session
from tests.pages.files import sample
from tests.pages.test_my_photos import cards, save
from tests.pages.visit import Visit
from tests.suites.people import HERE, OTHER, PASSWORD, details
from vov_core.archive import Archive, Owner
from vov_core.people import People, SignedIn

HOSTILE_NAME = "<img src=x onerror=alert(1)> **Kim** [x](javascript:alert(1)) $a$ :red[b]"


@pytest.fixture(autouse=True)
def _browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest has no browser, so neither an address nor a name of it."""
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: "203.0.113.7"))
    agent = {"User-Agent": "Chrome/140 (Windows NT 10.0)"}
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: agent))


@pytest.fixture
def people(archive: Archive) -> People:
    assert archive
    return session.people()


@pytest.fixture
def anna(people: People) -> SignedIn:
    return people.sign_up("anna.kim", PASSWORD, details(), HERE)


def fill(tab: Visit, **values: str) -> Visit:
    for key, value in values.items():
        tab.at.text_input(key=key).set_value(value)
    return tab


def log_in(tab: Visit, login: str = "anna.kim", password: str = PASSWORD) -> Visit:
    return fill(tab, log_in_id=login, log_in_password=password).click("log_in_send")


def sign_up(tab: Visit, login: str, name: str = "Anna Kim") -> Visit:
    tab.choose("account_view", "sign_up")
    fill(tab, sign_up_id=login, sign_up_password=PASSWORD, sign_up_name=name)
    fill(tab, sign_up_email="anna@example.org")
    tab.at.selectbox(key="sign_up_field").set_value("research")
    return tab.run().click("sign_up_send")


def test_sign_up_and_out(visit: Callable[..., Visit], archive: Archive) -> None:
    tab = sign_up(visit("account"), "anna.kim")
    assert tab.errors == [] and tab.toasts == [tab.t("account.welcome", name="Anna Kim")]
    assert "anna\\.kim" in tab.words and tab.shown("member_cookie")["fresh"]
    token = tab.at.session_state["member_token"]
    shown = tab.shown("member_cookie")
    assert (shown["token"], shown["seconds"]) == (token, 0)
    tab.click("log_out")
    assert tab.has_button("log_in_send") and tab.shown("member_cookie")["dead"] == token
    assert session.people().who(token) is None and archive.everything() == {}


def test_what_is_missing_is_told(visit: Callable[..., Visit]) -> None:
    tab = visit("account").choose("account_view", "sign_up").click("sign_up_send")
    assert tab.errors == [tab.t("errors.field_of_work_missing")]
    tab.at.selectbox(key="sign_up_field").set_value("it")
    tab.run().click("sign_up_send")
    assert tab.errors == [tab.t("errors.name_not_usable", limit=80)]
    fill(tab, sign_up_name="Anna", sign_up_email="anna@").click("sign_up_send")
    assert tab.errors == [tab.t("errors.mail_address_invalid")]
    fill(tab, sign_up_email="anna@example.org").click("sign_up_send")
    assert tab.errors == [tab.t("errors.id_not_usable")]


@pytest.mark.usefixtures("anna")
def test_the_id_and_the_password_are_judged_while_typed(visit: Callable[..., Visit]) -> None:
    tab = visit("account").choose("account_view", "sign_up")
    for login, words in (
        ("anna.kim", "account.id_taken"),
        ("anna.lee", "account.id_free"),
        ("a", "errors.id_not_usable"),
    ):
        fill(tab, sign_up_id=login).run()
        assert session.escape(tab.t(words)) in tab.words or tab.t(words) in tab.words
    fill(tab, sign_up_id="anna.lee", sign_up_password="password123").run()
    assert session.escape(tab.t("errors.password_common")) in tab.words
    fill(tab, sign_up_password=PASSWORD).run()
    assert tab.t("account.password_good") in tab.words


@pytest.mark.usefixtures("anna")
def test_one_message_for_a_wrong_password_and_an_unknown_id(visit: Callable[..., Visit]) -> None:
    tab = visit("account")
    wrong = log_in(tab, "anna.kim", OTHER).errors
    unknown = log_in(tab, "nobody.here", PASSWORD).errors
    assert wrong == unknown == [tab.t("errors.log_in_failed")]
    for _ in range(5):
        log_in(tab, "anna.kim", OTHER)
    assert tab.errors == [tab.t("errors.too_many_tries", minutes=1)]


@pytest.mark.usefixtures("anna")
def test_a_cookie_opens_the_account(
    english: Callable[..., Visit], cookies: dict[str, str], anna: SignedIn
) -> None:
    cookies["vov_member"] = anna.token
    tab = english("account")
    assert tab.has_button("log_out") and tab.t("account.my_data") in str(tab.at.tabs)
    session.people().log_out(anna.token)
    tab.at.session_state["member_known"] = ("", 0.0, None)
    tab.run()
    assert tab.has_button("log_in_send") and tab.shown("member_cookie")["dead"] == anna.token


def test_a_log_out_elsewhere_empties_this_tab(
    english: Callable[..., Visit], anna: SignedIn
) -> None:
    tab = log_in(english("account")).open("protect").upload(("hand.jpg", sample("00119")))
    assert len(tab.names) == 1
    session.people().log_out_others(anna.member, anna.token)
    tab.at.session_state["member_known"] = ("", 0.0, None)
    tab.run()
    assert "workspace" not in tab.at.session_state or tab.names == []
    assert tab.t("account.log_in") in [link.label for link in tab.at.sidebar.get("page_link")]


@pytest.mark.parametrize("forged", ["", "x", "a" * 43, "'; DROP TABLE accounts; --", "\0" * 43])
def test_a_forged_cookie_opens_nothing(
    forged: str, english: Callable[..., Visit], cookies: dict[str, str]
) -> None:
    cookies["vov_member"] = forged
    tab = english("account")
    assert tab.has_button("log_in_send") and tab.shown("member_cookie")["token"] == ""


def test_a_log_in_in_another_tab_counts_here(english: Callable[..., Visit], anna: SignedIn) -> None:
    tab = english("about")
    component = tab._component("member_cookie")
    for token, known in (("b" * 43, False), (anna.token, True)):
        states = tab.at._tree.get_widget_states()
        state = states.widgets.add()
        state.id, state.json_value = component.id, f'{{"token": "{token}"}}'
        tab.at._run(states)
        assert (tab.at.session_state["member_token"] == anna.token) is known


def test_photos_belong_to_the_member_and_vanish_with_the_log_out(
    english: Callable[..., Visit], archive: Archive, anna: SignedIn
) -> None:
    tab = log_in(english("account"))
    tab.open("protect").upload(("hand.jpg", sample("00119"))).click("approve").click("save")
    assert archive.totals(anna.member.owner).photos == 1 and archive.totals(tab.owner).photos == 0
    tab.open("my_photos")
    assert cards(tab) == ["hand_protected.jpg"]
    assert tab.t("my_photos.guest_note") not in tab.words
    tab.open("account").click("log_out")
    assert "workspace" not in tab.at.session_state
    assert "gallery_thumbnails" not in tab.at.session_state
    tab.open("my_photos")
    assert not any("hand" in each.label for each in tab.at.checkbox)
    assert tab.t("my_photos.empty") in tab.words


def test_a_guest_s_photos_are_offered(
    visit: Callable[..., Visit], archive: Archive, anna: SignedIn
) -> None:
    me = Owner.new_guest()
    saved = save(archive, me)
    tab = log_in(visit("account", guest_token=me.token))
    assert tab.t("account.take_over_text", n=1) in tab.words
    tab.click("take_over_yes")
    assert [photo.id for photo in archive.list(anna.member.owner)] == [saved.id]
    assert archive.totals(me).photos == 0 and not tab.has_button("take_over_yes")
    other = Owner.new_guest()
    save(archive, other)
    tab = log_in(visit("account", guest_token=other.token)).click("take_over_no")
    assert not tab.has_button("take_over_yes") and archive.totals(other).photos == 1


def test_change_data_and_password(visit: Callable[..., Visit], anna: SignedIn) -> None:
    tab = log_in(visit("account"))
    fill(tab, data_name=HOSTILE_NAME, data_email="new@example.org").click("data_send")
    assert tab.errors == [tab.t("errors.wrong_password")]
    fill(tab, data_password=PASSWORD).click("data_send")
    assert tab.errors == [] and tab.t("account.data_sent") in tab.toasts
    found = session.people().accounts.by_id(anna.member.id)
    assert found is not None and found.details.name == HOSTILE_NAME
    fill(tab, password_old=OTHER, password_new=OTHER).click("password_send")
    assert tab.errors == [tab.t("errors.wrong_password")]
    fill(tab, password_old=PASSWORD, password_new=OTHER).click("password_send")
    assert tab.errors == [] and session.people().who(anna.token) is None
    assert tab.has_button("log_out")


def test_a_name_is_only_a_name_everywhere(english: Callable[..., Visit]) -> None:
    tab = sign_up(english("account"), "anna.kim", HOSTILE_NAME)
    assert session.escape(HOSTILE_NAME) in tab.words
    raw = [html for html in tab.at.get("html") if "<img src=x" in html.proto.body]
    assert raw == []
    for words in (*tab.at.markdown, *tab.at.caption, *tab.at.toast):
        assert "<img" not in words.value.replace("\\<", "")


def test_browsers(visit: Callable[..., Visit], anna: SignedIn) -> None:
    tab = log_in(visit("account"))
    assert "Chrome · Windows" in tab.words and "Firefox · Linux" in tab.words
    tab.click("end_others")
    assert session.people().who(anna.token) is None and tab.has_button("log_out")


def test_delete_the_account(visit: Callable[..., Visit], archive: Archive, anna: SignedIn) -> None:
    save(archive, anna.member.owner)
    tab = log_in(visit("account"))
    fill(tab, close_typed="anna", close_password=PASSWORD).click("close_send")
    assert tab.errors == [tab.t("account.delete_typed_wrong")]
    fill(tab, close_typed="anna.kim", close_password=OTHER).click("close_send")
    assert tab.errors == [tab.t("errors.wrong_password")]
    assert archive.totals(anna.member.owner).photos == 1
    fill(tab, close_password=PASSWORD).click("close_send")
    assert tab.has_button("log_in_send") and tab.toasts == [tab.t("account.deleted")]
    assert archive.everything() == {} and session.people().is_free("anna.kim", HERE)


def test_forgotten_without_mail_says_so(visit: Callable[..., Visit]) -> None:
    tab = visit("account").choose("account_view", "forgot")
    assert [info.value for info in tab.at.info] == [tab.t("account.no_mail")]


def test_forgotten_with_mail_says_the_same_to_everybody(
    visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch, anna: SignedIn
) -> None:
    for name, value in {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "1",
        "SMTP_SECURITY": "none",
        "MAIL_FROM": "vov@example.org",
        "PUBLIC_URL": "https://vov.example.org",
    }.items():
        monkeypatch.setenv(f"VOV_{name}", value)
    session.settings.clear()
    session.outbox.clear()
    tab = visit("account").choose("account_view", "forgot")
    for asked, waiting in (("nobody.here", 0), (anna.member.login, 1), ("new@example.org", 2)):
        fill(tab, forgot_who=asked).click("forgot_send")
        assert [each.value for each in tab.at.success] == [tab.t("account.forgot_sent")]
        assert tab.errors == [] and session.outbox().waiting() == waiting
    session.outbox().close()


def test_an_operator_s_link_sets_a_password(
    visit: Callable[..., Visit], people: People, anna: SignedIn
) -> None:
    token = people.operators_link("anna.kim")
    tab = visit("account", reset_token=token)
    fill(tab, reset_password="short").click("reset_send")
    assert tab.errors == [tab.t("errors.password_too_short", limit=10)]
    fill(tab, reset_password=OTHER).click("reset_send")
    assert tab.has_button("log_out") and people.who(anna.token) is None
    assert visit("account", reset_token=token).errors == [tab.t("errors.link_not_valid")]


@pytest.mark.parametrize("page", ["protect", "my_photos", "history"])
def test_where_a_log_in_is_required(
    page: str, visit: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch, anna: SignedIn
) -> None:
    monkeypatch.setenv("VOV_AUTH", "required")
    session.settings.clear()
    tab = visit(page)
    assert anna and tab.at.title[0].value == tab.t(f"nav.{page}")
    assert tab.t("account.needed") in tab.words and not tab.at.get("file_uploader")
    log_in(tab)
    assert tab.at.title[0].value == tab.t(f"{page}.title")
    assert tab.t("account.needed") not in tab.words
    for open_page in ("home", "about", "account"):
        assert tab.t("account.needed") not in visit(open_page).words


def test_without_accounts(
    english: Callable[..., Visit],
    cookies: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    anna: SignedIn,
) -> None:
    monkeypatch.setenv("VOV_AUTH", "off")
    session.settings.clear()
    cookies["vov_member"] = anna.token
    tab = english("my_photos")
    assert tab.t("account.log_in") not in tab.words and not tab.has_component("member_cookie")
    assert not tab.at.sidebar.get("page_link")
