"""Consent at the save button; the page that shows, gives out and deletes what is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pages._shared import session
from tests.pages.files import distinct, sample
from tests.pages.test_my_photos import save
from tests.pages.test_saving import store_down
from tests.pages.visit import Visit
from vov_core.archive import Archive, Owner
from vov_core.audit import AuditTrail
from vov_core.purge import Outcome, purge
from vov_core.storage import THUMBNAIL

HAND = ("hand.jpg", sample("00119"))


@pytest.fixture
def me() -> Owner:
    return Owner.new_guest()


@pytest.fixture
def mine(visit: Callable[..., Visit], me: Owner) -> Callable[..., Visit]:
    return lambda page="privacy": visit(page, guest_token=me.token)


def label(tab: Visit, key: str) -> str:
    return str(tab.at.button(key=key).label)


def test_the_first_save_asks_and_the_second_does_not(
    mine: Callable[..., Visit], archive: Archive, me: Owner
) -> None:
    tab = mine("protect").upload(HAND)
    assert tab.t("consent.title") not in tab.words, "not before there is something to save"
    tab.click("approve")
    assert tab.t("consent.title") in tab.words and tab.t("consent.days", days=30) in tab.words
    assert label(tab, "save") == tab.t("consent.agree") and tab.has_download("download")
    assert not archive.has_agreed(me), "reading is not agreeing"
    tab.click("save")
    assert tab.item.saved and archive.has_agreed(me)
    until = datetime.now(UTC) + timedelta(days=30)
    assert tab.t("consent.kept_until", date=f"{until:%Y-%m-%d}") in tab.words
    tab.upload(("next.png", distinct(1))).click("approve")
    assert tab.t("consent.title") not in tab.words
    assert label(tab, "save") == tab.t("actions.save")
    assert len(tab.click("save").errors) == 0 and len(archive.list(me)) == 2


def test_many_are_saved_with_one_consent(
    mine: Callable[..., Visit], archive: Archive, me: Owner
) -> None:
    tab = mine("protect").upload(*((f"{n}.png", distinct(n)) for n in range(3)))
    tab.click("approve_all")
    assert tab.words.count(tab.t("consent.title")) == 1
    assert label(tab, "save_all") == tab.t("consent.agree_all", n=3)
    tab.click("save_all")
    assert len(archive.list(me)) == 3 and len(archive.agreements(me)) == 1


def test_a_consent_withdrawn_elsewhere_is_asked_for_again(
    mine: Callable[..., Visit], archive: Archive, me: Owner
) -> None:
    archive.agree(me, archive.terms(me).version)
    tab = mine("protect").upload(HAND).click("approve")
    archive.withdraw(me)
    tab.click("save")
    assert len(tab.errors) == 1 and tab.t("errors.consent_missing") in tab.errors[0]
    assert tab.t("consent.title") in tab.words and archive.list(me) == ()
    assert tab.click("save").errors == [] and len(archive.list(me)) == 1


def test_other_terms_are_asked_for(
    mine: Callable[..., Visit], archive: Archive, me: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.agree(me, archive.terms(me).version)
    monkeypatch.setenv("VOV_GUEST_DAYS", "0")
    session.settings.clear()
    session.archive.clear()
    tab = mine("protect").upload(HAND).click("approve")
    assert tab.t("consent.for_ever") in tab.words
    tab.click("save")
    assert tab.item.saved and "2026-" not in tab.words


def test_the_page_tells_what_is_kept(
    mine: Callable[..., Visit], archive: Archive, me: Owner
) -> None:
    tab = mine()
    assert [m.value for m in tab.at.metric] == ["0", "0 B", tab.t("privacy.no_consent"), "0"]
    assert tab.t("privacy.withdraw_none") in tab.words and not tab.has_button("withdraw")
    save(archive, me)
    tab.run()
    values = [m.value for m in tab.at.metric]
    assert values[0] == "1" and values[3] == "2"
    assert values[2] == f"{datetime.now(UTC):%Y-%m-%d}"
    for key, facts in (
        ("privacy.days", {"days": 30}),
        ("privacy.days", {"days": 730}),
        ("privacy.row_consent_long_guest", {"days": 30}),
    ):
        assert tab.t(key, **facts) in tab.words
    title = "# Privacy notice" if tab.language == "en" else "# 개인정보 처리방침"
    assert title in tab.words


def test_take_along(mine: Callable[..., Visit], archive: Archive, me: Owner) -> None:
    save(archive, me, 1)
    save(archive, Owner.new_guest(), 2)
    tab = mine()
    assert not tab.has_download("export")
    tab.click("prepare")
    assert tab.has_download("export") and tab.errors == []
    (button,) = (b for b in tab.at.download_button if b.key == "export")
    assert button.label == tab.t("privacy.download")
    assert [str(e.what) for e in AuditTrail(archive.database).of(me.key)][-1] == "exported"


def test_withdraw(mine: Callable[..., Visit], archive: Archive, me: Owner) -> None:
    for n in range(2):
        save(archive, me, n)
    tab = mine()
    assert tab.t("privacy.withdraw_text", n="2") in tab.words
    tab.click("withdraw")
    assert archive.list(me) == () and not archive.has_agreed(me)
    assert tab.toasts == [tab.t("privacy.withdrawn", n=2)] and not tab.has_button("withdraw")


def test_delete_all_asks_for_the_word(
    mine: Callable[..., Visit], archive: Archive, me: Owner, data_dir: Path
) -> None:
    save(archive, me)
    other = save(archive, stranger := Owner.new_guest(), 2)
    tab = mine().click("erase")
    for wrong in ("", "nope"):
        tab.at.text_input(key="erase_word").set_value(wrong)
        tab.answer("erase_yes")
        assert len(archive.list(me)) == 1
        word = tab.t("privacy.erase_word")
        assert [w.value for w in tab.at.warning] == [tab.t("privacy.erase_ask", word=word)]
    tab.at.text_input(key="erase_word").set_value(tab.t("privacy.erase_word"))
    tab.answer("erase_yes")
    assert tab.toasts == [tab.t("privacy.erased", n=1)]
    assert archive.list(me) == () and archive.agreements(me) == ()
    assert archive.list(stranger) == (other,)
    objects = [path for path in (data_dir / "photos").rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in objects) == ["", THUMBNAIL], "the stranger's"


def test_delete_all_while_the_store_is_down(
    english: Callable[..., Visit], archive: Archive, me: Owner, data_dir: Path
) -> None:
    save(archive, me)
    tab = english("privacy", guest_token=me.token).click("erase")
    tab.at.text_input(key="erase_word").set_value("DELETE")
    with store_down(data_dir):
        tab.answer("erase_yes")
        assert tab.toasts == [tab.t("privacy.erased", n=1), tab.t("privacy.pending", n=1)]
        assert archive.list(me) == ()
    assert purge(archive).outcome is Outcome.DONE
    assert not [path for path in (data_dir / "photos").rglob("*") if path.is_file()]


def test_the_process_has_one_janitor(archive: Archive) -> None:
    first = session.janitor(archive)
    assert session.janitor(archive) is first and first._thread.is_alive()
    session.archive.clear()
    first._thread.join(30)
    assert not first._thread.is_alive()
