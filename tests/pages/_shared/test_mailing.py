"""E-mailing saved photos: button, dialog, progress, result."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest

from pages._shared import mailing, session
from tests.mail.post_office import PostOffice, post_office
from tests.pages.files import distinct
from tests.pages.test_my_photos import save, tick
from tests.pages.visit import Visit
from tests.suites.people import HERE, PASSWORD, details
from vov_core.archive import Archive, Owner

TO = "somebody@example.org"


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    with post_office() as running:
        for name, value in {
            "HOST": "127.0.0.1",
            "PORT": str(running.port),
            "SECURITY": "none",
        }.items():
            monkeypatch.setenv(f"VOV_SMTP_{name}", value)
        monkeypatch.setenv("VOV_MAIL_FROM", "VOV <vov@example.org>")
        yield running
        session.outbox().close()


@pytest.fixture
def me() -> Owner:
    return Owner.new_guest()


@pytest.fixture
def mine(office: PostOffice, visit: Callable[..., Visit], me: Owner) -> Callable[[], Visit]:
    assert office
    return lambda: visit("my_photos", guest_token=me.token)


def send(tab: Visit, to: str = TO) -> Visit:
    tab.at.text_input(key="mail_to").set_value(to)
    return tab.answer("mail_send")


def attachments(letter: EmailMessage) -> dict[str | None, bytes]:
    return {part.get_filename(): part.get_content() for part in letter.iter_attachments()}


def test_two_photos_are_sent(
    mine: Callable[[], Visit], office: PostOffice, archive: Archive, me: Owner
) -> None:
    photos = [save(archive, me, n, f"{n}.png") for n in range(3)]
    tab = mine()
    assert tab.at.button(key="mail").disabled
    send(tick(tab, *photos[:2]).click("mail"))
    assert [box.value for box in tab.at.success] == [tab.t("mail.state_sent")]
    (letter,) = office.letters
    assert office.recipients == [TO] and letter["Subject"] == tab.t("mail.subject")
    assert attachments(letter) == {"0.png": distinct(0), "1.png": distinct(1)}
    body = letter.get_body()
    assert body is not None
    assert body.get_content().split() == tab.t("mail.text", n=2).split()
    tab.run()
    assert tab.t("mail.recent") in [box.label for box in tab.at.expander]
    assert tab.t("mail.state_sent") in tab.words


def test_a_member_begins_with_their_own_address_and_leaves_no_letter(
    office: PostOffice, visit: Callable[..., Visit], archive: Archive
) -> None:
    anna = session.people().sign_up("anna.kim", PASSWORD, details(), HERE)
    saved = save(archive, anna.member.owner)
    tab = tick(visit("my_photos", member_token=anna.token), saved).click("mail")
    assert tab.at.text_input(key="mail_to").value == anna.member.details.email
    tab.answer("mail_send")
    assert office.recipients == [anna.member.details.email]
    assert len(session.outbox().recent(anna.member.owner.key)) == 1
    tab.open("account")
    tab.at.text_input(key="close_typed").set_value("anna.kim")
    tab.at.text_input(key="close_password").set_value(PASSWORD)
    tab.click("close_send")
    assert session.outbox().recent(anna.member.owner.key) == ()


def test_one_photo_from_its_menu(
    mine: Callable[[], Visit], office: PostOffice, archive: Archive, me: Owner
) -> None:
    saved = save(archive, me)
    tab = mine()
    tab.at.menu_button(key=f"menu-{saved.id}").click("mail")
    send(tab.run())
    assert len(attachments(office.letters[0])) == 1


@pytest.mark.parametrize("wrong", ["", "somebody", "a@b.org, c@d.org", "a@b.org\r\nBcc: c@d.org"])
def test_a_wrong_address_is_told(
    mine: Callable[[], Visit], office: PostOffice, archive: Archive, me: Owner, wrong: str
) -> None:
    saved = save(archive, me)
    tab = tick(mine(), saved).click("mail")
    send(tab, wrong)
    assert tab.errors == [tab.t("errors.mail_address_invalid")]
    send(tab)
    assert tab.errors == [] and len(office.letters) == 1


def test_what_goes_wrong_is_told(
    mine: Callable[[], Visit], office: PostOffice, archive: Archive, me: Owner
) -> None:
    saved = save(archive, me)
    tab = tick(mine(), saved).click("mail")
    office.refuse[TO] = "550 nobody here"
    send(tab)
    assert tab.errors == [f"{tab.t('mail.state_gave_up')} {tab.t('mail.reason_refused')}"]
    office.refuse[TO] = "450 later"
    tab.run().click("mail")
    send(tab)
    (warning,) = [box.value for box in tab.at.warning]
    assert tab.t("mail.reason_server") in warning and tab.t("mail.may_close") in warning


def test_a_slow_server_does_not_hold_the_page(
    mine: Callable[[], Visit],
    office: PostOffice,
    archive: Archive,
    me: Owner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailing, "_FOLLOW_SECONDS", 0)
    office.hold.clear()
    saved = save(archive, me)
    tab = tick(mine(), saved).click("mail")
    send(tab)
    assert tab.t("mail.may_close") in tab.at.warning[0].value
    office.hold.set()
