"""A letter as it travels and as it waits."""

from email import message_from_bytes
from email.policy import SMTP, default

import pytest

from vov_core.archive import File
from vov_core.mail.letter import Letter, compose

SENDER = "VOV 지문 <vov@example.org>"


def test_a_letter_comes_back_from_the_queue() -> None:
    letter = Letter("a@b.org", "제목", "Zeile 1\n“둘”\0", ("0" * 32, "1" * 32))
    assert Letter.from_bytes(letter.to_bytes()) == letter


@pytest.mark.parametrize("subject", ["a\r\nBcc: c@d.org", "a\nb", "a\0", "a\x85b", "a\u2028b"])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(ValueError, match="one printable line"):
        Letter("a@b.org", subject, "")


def test_nothing_of_a_letter_is_in_its_repr() -> None:
    assert "secret" not in repr(Letter("secret@b.org", "secret", "secret"))


def test_what_the_recipient_sees() -> None:
    letter = Letter("a@b.org", "가려진 사진", "안녕하세요\n.\n.\nBye")
    name = '손 "1"; x=\u2028.jpg'
    message = compose(
        letter,
        [File("hand.jpg", "jpeg", b"\xff\xd8one"), File(name, "png", b"two")],
        sender=SENDER,
        message_id="<1@example.org>",
    )
    read = message_from_bytes(message.as_bytes(policy=SMTP), policy=default)
    assert (read["From"], read["To"], read["Subject"]) == (SENDER, "a@b.org", "가려진 사진")
    assert read["Message-ID"] == "<1@example.org>" and read["Auto-Submitted"] == "auto-generated"
    assert len(read.get_all("To")) == 1 and read["Bcc"] is None
    assert read.get_body().get_content().splitlines() == ["안녕하세요", ".", ".", "Bye"]
    first, second = read.iter_attachments()
    assert (first.get_filename(), first.get_content_type()) == ("hand.jpg", "image/jpeg")
    assert first.get_content() == b"\xff\xd8one" and second.get_content() == b"two"
    assert second.get_content_type() == "image/png" and second.get_filename()
