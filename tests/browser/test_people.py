"""Two tabs of one person, two people at once: no content ever crosses."""

from base64 import b64encode
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import Server
from tests.browser.steps import approve_and_download, save
from tests.browser.tab import Tab
from tests.browser.uploads import Traceable
from vov_core.texts import Language


def fetch(address: str) -> bytes:
    """What anybody gets who knows an address: no cookie, no session."""
    try:
        with urlopen(address, timeout=20) as answer:
            content: bytes = answer.read()
            return content
    except HTTPError as error:
        return f"refused: {error.code}".encode()


def media(tab: Tab) -> set[str]:
    return {address for address in tab.addresses if "/media/" in address.split("/static/")[0]}


def pictures(tab: Tab) -> list[str]:
    """The data addresses of all pictures that are on the page."""
    return [
        str(source)
        for kind in ("image", "img")
        for node in tab.page.locator(kind).all()
        if (source := node.get_attribute("href") or node.get_attribute("src") or "").startswith(
            "data:image/jpeg"
        )
    ]


def test_two_tabs_of_one_person(people: Callable[..., BrowserContext], server: Server) -> None:
    context = people()
    tabs = [Tab(context, server.url, Language.ENGLISH) for _ in range(2)]
    for tab in tabs:
        tab.page.goto(f"{tab.url}/protect", wait_until="commit")
    first, second = (tab.settled() for tab in tabs)
    one = Traceable.make("00119", "tab one.jpg", seed=20)
    two = Traceable.make("00121", "tab two.jpg", seed=21)
    first.upload((one.name, one.data))
    second.upload((two.name, two.data))
    for tab, own, other in ((first, one, two), (second, two, one)):
        expect(tab.page.get_by_text(own.name, exact=True)).to_be_visible()
        expect(tab.page.get_by_text(other.name, exact=True)).to_have_count(0)
    approve_and_download(first, "tab one_protected.jpg")
    save(first)
    approve_and_download(second, "tab two_protected.jpg")
    save(second)
    for tab in (first, second):
        tab.go("my_photos")
        for name in ("tab one_protected.jpg", "tab two_protected.jpg"):
            expect(tab.page.get_by_text(name)).to_be_visible()
        tab.sound()
    tokens = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "vov_guest"]
    assert len(tokens) == 1 and len(tokens[0]) == 43


def test_nothing_crosses_between_two_people(
    people: Callable[..., BrowserContext], server: Server
) -> None:
    anna, ben = (Tab(people(), server.url, Language.ENGLISH) for _ in range(2))
    hers = Traceable.make("00105", "annas photo.jpg", seed=30)
    his = Traceable.make("00128", "bens photo.jpg", seed=31)
    for tab in (anna, ben):
        tab.page.goto(f"{tab.url}/protect", wait_until="commit")
    anna.settled().upload((hers.name, hers.data))
    ben.settled().upload((his.name, his.data))
    seen = {"anna": set(pictures(anna)), "ben": set(pictures(ben))}
    samples = seen["anna"] & seen["ben"]
    assert len(seen["anna"] - samples) > 10 and len(seen["ben"] - samples) > 10

    outputs = {}
    for tab, name in ((anna, "annas photo_protected.jpg"), (ben, "bens photo_protected.jpg")):
        outputs[name] = approve_and_download(tab, name)
        save(tab)
        tab.go("my_photos")
        expect(tab.page.get_by_text(name)).to_be_visible()
        expect(tab.page.get_by_test_id("stCheckbox")).to_have_count(2)
    for tab, foreign, upload, kind in (
        (anna, "bens photo", his, "ben"),
        (ben, "annas photo", hers, "anna"),
    ):
        traffic = b"".join(tab.received)
        assert foreign.encode() not in traffic and upload.found_in(traffic) == 0
        for picture in seen[kind] - samples:
            assert picture.encode() not in traffic
        for output in outputs.values():
            own = output is outputs[f"{'annas' if tab is anna else 'bens'} photo_protected.jpg"]
            assert own or b64encode(output[2000:2300]) not in traffic
        tab.sound()
    tokens = {
        cookie["value"]
        for tab in (anna, ben)
        for cookie in tab.page.context.cookies()
        if cookie["name"] == "vov_guest"
    }
    assert len(tokens) == 2


def test_addresses_answer_their_own_browser_only(
    people: Callable[..., BrowserContext], server: Server
) -> None:
    """Streamlit gives a download an address; the guard answers it to the person's browser only."""
    tab, other = (Tab(people(), server.url, Language.ENGLISH) for _ in range(2))
    upload = Traceable.make("00112", "addressed.jpg", seed=40)
    tab.open("protect").upload((upload.name, upload.data))
    output = approve_and_download(tab, "addressed_protected.jpg")
    other.open("about")
    other.page.context.clear_cookies(name="vov_browser")  # Both are new, and of one kind.
    other.page.context.add_cookies([{"name": "vov_browser", "value": "0" * 32, "url": other.url}])
    assert output in {tab.page.request.get(address).body() for address in media(tab)}
    for address in media(tab):
        assert fetch(address) == b"refused: 404"
        assert other.page.request.get(address).status == 404
        answer = tab.page.request.get(address)
        assert answer.headers["cache-control"] == "private, no-store"
        assert upload.found_in(answer.body()) == 0
        assert len(address.rpartition("/")[2].split(".")[0]) == 64
    save(tab)
    tab.go("my_photos").go("history").go("about")
    contents = {tab.page.request.get(address).body() for address in media(tab)}
    assert output not in contents, "the address ends with the page"
    tab.sound()
    other.sound()


def test_uploads_have_no_address(person: Tab) -> None:
    """The address that a file is sent to gives nothing back."""
    upload = Traceable.make("00112", "sent.jpg", seed=41)
    sent: list[str] = []
    person.page.on("request", lambda request: sent.append(request.url))
    tab = person.open("protect").upload((upload.name, upload.data))
    targets = [address for address in sent if "upload_file" in address]
    assert targets
    for address in targets:
        assert upload.found_in(fetch(address)) == 0
    tab.sound()


@pytest.mark.parametrize("damaged", ["", "short", "%E0%A4%A", "x" * 44, "a b"])
def test_a_damaged_cookie_is_replaced(
    damaged: str, people: Callable[..., BrowserContext], server: Server
) -> None:
    context = people()
    context.add_cookies([{"name": "vov_guest", "value": damaged, "url": server.url}])
    tab = Tab(context, server.url, Language.ENGLISH).open("about")

    def token() -> str:
        return next(c["value"] for c in context.cookies() if c["name"] == "vov_guest")

    tab.page.wait_for_function("() => document.cookie.match(/vov_guest=[\\w-]{43}(;|$)/)")
    first = token()
    tab.page.reload()
    tab.settled()
    assert token() == first != damaged
    tab.sound()
