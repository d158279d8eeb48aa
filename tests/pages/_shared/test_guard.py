"""The guard's rules, without a server."""

import threading

import pytest
from starlette.datastructures import Headers, MutableHeaders
from streamlit.runtime.media_file_storage import MediaFileKind

from pages._shared import guard
from pages._shared.guard import PrivateMedia, Uploads, browser_of, new_browser

ANNA, BEN = "a" * 32, "b" * 32


@pytest.fixture
def media(monkeypatch: pytest.MonkeyPatch) -> PrivateMedia:
    browsers = {"anna": ANNA, "ben": BEN}
    monkeypatch.setattr(guard, "_browser_of_session", browsers.get)
    return PrivateMedia("/media")


def keep(media: PrivateMedia, session: str, data: bytes = b"output") -> str:
    token = guard._deferred_session.set(session)
    try:
        return media.load_and_get_id(data, "image/jpeg", MediaFileKind.DOWNLOADABLE, "a.jpg")
    finally:
        guard._deferred_session.reset(token)


def test_the_same_file_of_two_people_has_two_addresses(media: PrivateMedia) -> None:
    hers, his = keep(media, "anna"), keep(media, "ben")
    assert hers != his and len(hers) == 64
    assert keep(media, "anna") == hers, "or each rerun would load every picture anew"
    assert media.may_have(f"{hers}.jpg", ANNA) and not media.may_have(f"{hers}.jpg", BEN)
    assert not media.may_have(f"{hers}.jpg", None)
    assert not media.may_have("0" * 64, ANNA)


def test_large_files_that_differ_in_the_middle_only(media: PrivateMedia) -> None:
    """Streamlit's own addresses look at parts of a file only."""
    one, two = bytearray(3_000_000), bytearray(3_000_000)
    two[500_000] = 1
    assert keep(media, "anna", bytes(one)) != keep(media, "anna", bytes(two))


def test_a_session_without_a_cookie_shows_nothing_to_anybody(media: PrivateMedia) -> None:
    address = keep(media, "nobody")
    assert not media.may_have(address, None) and not media.may_have(address, "")


def test_what_is_deleted_has_no_owner_left(media: PrivateMedia) -> None:
    address = keep(media, "anna")
    media.delete_file(address)
    assert not media.may_have(address, ANNA) and media._browsers == {}


def test_a_browser_is_known_by_its_word() -> None:
    assert browser_of({guard.COOKIE: ANNA}) == ANNA
    for damaged in ("", "short", "A" * 32, ANNA + "\n"):
        assert browser_of({guard.COOKIE: damaged}) is None
    assert browser_of({}) is None


def test_new_browsers_get_one_word_for_all_first_answers() -> None:
    firefox, chrome = (Headers({"user-agent": name}) for name in ("Firefox", "Chrome"))
    behind_a_proxy = Headers({"user-agent": "Firefox", "x-forwarded-for": "10.0.0.9"})
    word = new_browser(firefox, "10.0.0.1", 6000.0)
    assert browser_of({guard.COOKIE: word}) == word
    assert new_browser(firefox, "10.0.0.1", 6010.0) == word
    others = {
        new_browser(chrome, "10.0.0.1", 6000.0),
        new_browser(firefox, "10.0.0.2", 6000.0),
        new_browser(firefox, "10.0.0.1", 6700.0),
        new_browser(behind_a_proxy, "10.0.0.1", 6000.0),
    }
    assert len(others) == 4 and word not in others


def test_uploads_are_bounded_by_session_and_altogether() -> None:
    uploads, unread = Uploads(each=100, total=150), {"a": 30}

    def waiting(session: str | None) -> int:
        return sum(unread.values()) if session is None else unread.get(session, 0)

    assert uploads.begin("a", 70, waiting)
    assert not uploads.begin("a", 1, waiting), "30 unread and 70 on their way"
    assert not uploads.begin("b", 51, waiting), "others' count for all"
    assert uploads.begin("b", 50, waiting)
    uploads.end("a", 70)
    unread.clear()
    assert uploads.begin("a", 100, waiting)
    uploads.end("a", 100)
    uploads.end("b", 50)
    assert uploads._arriving == {}


def test_what_found_no_room_is_remembered_until_it_is_told() -> None:
    uploads = Uploads(each=10, total=10**6)
    for _ in range(2):
        assert not uploads.begin("anna", 11, lambda _: 0)
    assert uploads.refused("ben") == 0
    assert uploads.refused("anna") == 2 and uploads.refused("anna") == 0
    for n in range(3000):
        uploads.begin(f"made up {n}", 11, lambda _: 0)
    assert len(uploads._refused) <= 1000


def test_uploads_of_many_threads_never_exceed_the_total() -> None:
    uploads, lock, now, most = Uploads(each=10, total=35), threading.Lock(), [0], [0]

    def upload(n: int) -> None:
        for _ in range(200):
            if uploads.begin(str(n), 10, lambda _: 0):
                with lock:
                    now[0] += 10
                    most[0] = max(most[0], now[0])
                with lock:
                    now[0] -= 10
                uploads.end(str(n), 10)

    threads = [threading.Thread(target=upload, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 10 <= most[0] <= 30


@pytest.mark.parametrize(
    ("path", "ancestors", "option"),
    [
        ("/live", "'none'", "DENY"),
        (
            "/component/streamlit_webrtc.webrtc_streamer/index.html",
            "'self'",
            "SAMEORIGIN",
        ),
        ("/below/component/x/index.html", "'self'", "SAMEORIGIN"),
    ],
)
def test_only_parts_of_pages_may_be_framed_and_by_vov_alone(
    path: str, ancestors: str, option: str
) -> None:
    headers = MutableHeaders()
    guard._add_headers(headers, path)
    assert headers["X-Frame-Options"] == option
    rules = headers["Content-Security-Policy"].split("; ")
    assert f"frame-ancestors {ancestors}" in rules and "frame-src 'self'" in rules
