"""Links to one photo: they open this photo only, and end."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.suites.archive import archive, owner, save
from tests.suites.local import place
from vov_core import links
from vov_core.archive import Archive, Owner
from vov_core.errors import PhotoNotFoundError
from vov_core.links import Links
from vov_core.seal import Seal

__all__ = ["archive", "owner", "place"]

KEY = "a key that all processes share, long"


def test_a_link_opens_its_photo_in_any_process(archive: Archive, owner: Owner) -> None:
    output = b"approved"
    saved = save(archive, owner, output, file_name="손.jpg")
    link = Links(archive, KEY, 300).make(owner, saved.id)
    assert link.is_note and timedelta(0) < link.until - datetime.now(UTC) <= timedelta(minutes=5)
    assert Links(archive, KEY, 1).file(link.address) == ("손.jpg", "jpeg", output)
    assert owner.key not in link.address and saved.id not in link.address
    with pytest.raises(PhotoNotFoundError):
        Links(archive, None, 300).file(link.address)


def test_it_ends(archive: Archive, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = Links(archive, KEY, 300)
    link = maker.make(owner, save(archive, owner).id)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            assert tz is UTC
            return link.until + by

    monkeypatch.setattr(links, "datetime", Later)
    by = timedelta(seconds=-1)
    assert maker.file(link.address)
    by = timedelta(0)
    with pytest.raises(PhotoNotFoundError):
        maker.file(link.address)


def test_it_ends_with_the_photo(archive: Archive, owner: Owner) -> None:
    maker, saved = Links(archive, KEY, 300), save(archive, owner)
    link = maker.make(owner, saved.id)
    archive.delete(owner, [saved.id])
    with pytest.raises(PhotoNotFoundError):
        maker.file(link.address)


def test_nobody_makes_links_to_photos_of_others(archive: Archive, owner: Owner) -> None:
    theirs = save(archive, Owner.new_guest())
    for photo_id in (theirs.id, "0" * 32, "'; --"):
        with pytest.raises(PhotoNotFoundError):
            Links(archive, KEY, 300).make(owner, photo_id)


def test_forged_notes_open_nothing(archive: Archive, owner: Owner) -> None:
    maker, saved = Links(archive, KEY, 300), save(archive, owner)
    link = maker.make(owner, saved.id)
    note = json.dumps([owner.key, saved.id, 9e12]).encode()
    for forged in (
        "",
        "손",
        "../../etc/passwd",
        link.address[:-1],
        link.address.swapcase(),
        Seal("another key, just as long as that one", "links").close(note),
        Seal(KEY, "mail").close(note),
    ):
        with pytest.raises(PhotoNotFoundError):
            maker.file(forged)
