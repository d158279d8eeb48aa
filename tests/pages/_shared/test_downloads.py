"""What the web server hands out beside the pages, asked as anybody may ask."""

import html
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages._shared import downloads, session
from tests.pages.files import distinct
from tests.pages.test_my_photos import save
from vov_core.archive import Archive, Owner
from vov_core.errors import StoreUnavailableError
from vov_core.texts import Language, text


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Iterator[TestClient]:
    assert data_dir
    monkeypatch.setattr(downloads.shelf, "is_served", False)
    with TestClient(Starlette(routes=downloads.routes())) as browser:
        yield browser


def note(owner: Owner, photo_id: str) -> str:
    made: str = session.links().make(owner, photo_id).address
    return made


def parcel(owner: Owner, *photo_ids: str, until: float = 1e12) -> downloads._Parcel:
    return downloads._Parcel(owner.key, photo_ids, Language.KOREAN, until)


def test_a_shared_photo(client: TestClient, archive: Archive) -> None:
    me = Owner.new_guest()
    saved = save(archive, me, 7, "손 1.png")
    answer = client.get(f"/shared/{note(me, saved.id)}")
    assert (answer.status_code, answer.content) == (200, distinct(7))
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"].startswith('attachment; filename="_ 1.png"')
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer" and "set-cookie" not in headers
    assert client.head(f"/shared/{note(me, saved.id)}").status_code == 200
    assert client.post(f"/shared/{note(me, saved.id)}").status_code == 405


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("path", ["shared/gAAAA", "shared/%EC%86%90", "zips/abc", "zips/%00"])
def test_what_is_not_there_any_more(client: TestClient, language: Language, path: str) -> None:
    answer = client.get(f"/{path}", headers={"Accept-Language": language})
    assert answer.status_code == 404 and answer.headers["cache-control"] == "no-store"
    assert text(language, "share.ended") in html.unescape(answer.text)
    assert f'lang="{language}"' in answer.text


def test_a_deleted_photo_and_a_link_of_another_process(
    client: TestClient, archive: Archive
) -> None:
    me = Owner.new_guest()
    first, second = save(archive, me, 1), save(archive, me, 2)
    old, other = note(me, first.id), note(me, second.id)
    archive.delete(me, [first.id])
    assert client.get(f"/shared/{old}").status_code == 404
    session.links.clear()
    assert client.get(f"/shared/{other}").status_code == 404


def test_a_store_that_is_away(
    client: TestClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = Owner.new_guest()
    address = f"/shared/{note(me, save(archive, me).id)}"

    def away(*_: object) -> None:
        raise StoreUnavailableError(reason="test")

    monkeypatch.setattr(archive, "file", away)
    answer = client.get(address)
    assert answer.status_code == 503 and text(Language.ENGLISH, "share.failed") in html.unescape(
        answer.text
    )


def test_a_zip(client: TestClient, archive: Archive) -> None:
    me = Owner.new_guest()
    mine, theirs = save(archive, me, 1, "a.png"), save(archive, Owner.new_guest(), 2)
    downloads.shelf.put("name", parcel(me, mine.id, theirs.id))
    answer = client.get("/zips/name")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="vov_photos.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        assert bundle.namelist() == ["a.png", "not_in_this_zip.txt"]
        assert bundle.read("a.png") == distinct(1)
        told = bundle.read("not_in_this_zip.txt").decode()
    assert told == text(Language.KOREAN, "my_photos.not_in_zip", n=1)


def test_zips_end_and_are_bounded(
    client: TestClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = Owner.new_guest()
    saved = save(archive, me)
    downloads.shelf.put("old", parcel(me, saved.id, until=0))
    assert client.get("/zips/old").status_code == 404
    monkeypatch.setattr(downloads, "_MOST_ZIPS", 2)
    for name in ("one", "two", "one", "three"):
        downloads.shelf.put(name, parcel(me, saved.id))
    assert client.get("/zips/two").status_code == 404
    assert client.get("/zips/one").status_code == client.get("/zips/three").status_code == 200
