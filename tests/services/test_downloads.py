"""Saved photos from S3 and MariaDB: as a zip, by a link, by e-mail."""

import io
import zipfile
from secrets import token_bytes
from urllib.request import urlopen

import pytest

from tests.mail.post_office import post_office
from tests.suites.archive import archive, owner, picture, save
from tests.suites.outbox import outbox_of
from vov_core.archive import Archive, Owner
from vov_core.bundle import zip_stream
from vov_core.errors import PhotoNotFoundError
from vov_core.links import Links
from vov_core.mail import MailState

__all__ = ["archive", "owner"]

pytestmark = pytest.mark.services


def test_a_zip_of_objects(archive: Archive, owner: Owner) -> None:
    outputs = [token_bytes(30_000) for _ in range(12)]
    ids = [save(archive, owner, output, file_name="same.jpg").id for output in outputs]
    lost = save(archive, owner)
    archive.delete(owner, [lost.id])
    parts = zip_stream([*ids, lost.id], lambda n: archive.file(owner.key, n), lambda n: f"{n} lost")
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as bundle:
        assert bundle.testzip() is None
        found = [bundle.read(name) for name in bundle.namelist()]
    assert found == [*outputs, b"1 lost"]


def test_a_link_is_the_stores_own(archive: Archive, owner: Owner) -> None:
    links, output = Links(archive, None, 300), picture(800, 600)
    saved = save(archive, owner, output, width=800, height=600)
    link = links.make(owner, saved.id)
    assert not link.is_note
    with urlopen(link.address) as answer:
        assert answer.read() == output
    with pytest.raises(PhotoNotFoundError):
        links.make(Owner.new_guest(), saved.id)
    assert archive.thumbnails(owner, [saved.id])[saved.id]


def test_an_object_is_sent_by_e_mail(archive: Archive, owner: Owner) -> None:
    output = token_bytes(500_000)
    saved = save(archive, owner, output, file_name="a.webp", format="webp")
    with post_office() as office:
        outbox = outbox_of(archive, office.port)
        mail_id = outbox.add(owner.key, "a@example.org", "s", "t", [saved.id])
        assert outbox.send_one()
        assert outbox.state(mail_id, owner.key).state is MailState.SENT
        (attachment,) = office.letters[0].iter_attachments()
    assert attachment.get_content() == output
    assert attachment.get_content_type() == "image/webp"
