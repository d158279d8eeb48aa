"""What VOV writes to people, by way of the real queue."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.suites.local import place
from tests.suites.people import HERE, PASSWORD, Time, archive, details, time
from vov_core.archive import Archive
from vov_core.database import Mail
from vov_core.errors import MailLimitError
from vov_core.mail import Outbox, Smtp
from vov_core.people import Letters, People, Place, account_link, post_by
from vov_core.seal import Seal
from vov_core.texts import Language

__all__ = ["archive", "place", "time"]


class Refusing:
    """A queue that takes nothing, as a full one does."""

    def owner_of(self, address: str) -> str:
        return address[::-1]

    def add(self, *_: object) -> str:
        raise MailLimitError(limit=1)


@pytest.mark.parametrize("language", list(Language), ids=str)
def test_every_letter_in_both_languages(language: Language, archive: Archive, time: Time) -> None:
    sent: list[tuple[str, str, str]] = []
    letters = Letters(lambda *letter: sent.append(letter), "https://vov.example.org")
    people = People(archive.database, letters=letters, clock=time)
    here = Place(address=None, browser="?", language=language)
    anna = people.sign_up("anna.kim", PASSWORD, details(), here)
    confirm = re.findall(r"confirm=([\w-]{43})", sent[-1][2])[0]
    people.confirm(confirm)
    people.sign_up("another", PASSWORD, details(), here)
    people.forgot("anna.kim", here)
    time.pass_(timedelta(hours=7))
    people.forgot("stranger@example.org", here)
    member = people.who(anna.token)
    assert member is not None and member.email_confirmed
    people.change_password(member, PASSWORD, "four large lakes", anna.token, language)
    subjects = {subject for _, subject, _ in sent}
    assert len(subjects) == len(sent) == 5
    for _, subject, body in sent:
        assert subject.startswith("VOV: ") and "\n" not in subject and "{" not in subject + body
        assert "https://vov.example.org/account" in body
        assert bool(re.search("[가-힣]", subject)) == (language is Language.KOREAN)


def test_the_queue_takes_letters_and_holds_no_readable_link(archive: Archive, time: Time) -> None:
    nowhere = Smtp(host="127.0.0.1", port=1, security="none")
    outbox = Outbox(
        archive.database, archive, nowhere, sender="vov@example.org", seal=Seal("k" * 32, "mail")
    )
    letters = Letters(post_by(outbox), "https://vov.example.org")
    people = People(archive.database, letters=letters, clock=time)
    people.sign_up("anna.kim", PASSWORD, details(), HERE)
    assert outbox.waiting() == 1
    with archive.database.reading() as session:
        (row,) = session.execute(select(Mail.__table__)).all()
    assert "anna" not in str(row) and "confirm=" not in str(row) and "vov.example" not in str(row)
    outbox.close()


def test_a_refused_letter_is_not_told(
    archive: Archive, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    letters = Letters(post_by(Refusing()), "https://vov.example.org")  # type: ignore[arg-type]
    people = People(archive.database, letters=letters, clock=time)
    people.sign_up("anna.kim", PASSWORD, details(), HERE)
    people.forgot("anna.kim", HERE)
    assert "anna" not in caplog.text and "mail_limit" in caplog.text


def test_links_lead_where_the_operator_says() -> None:
    assert account_link("https://vov.example.org", "reset", "a-b_c") == (
        "https://vov.example.org/account?reset=a-b_c"
    )
