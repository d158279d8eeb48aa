"""The guard before the web server: headers, and uploads that are refused before they are read."""

import http.client
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.browser.uploads import sample

PATHS = ("/", "/protect", "/static/nothing-here", "/_stcore/health", "/media/" + "0" * 64 + ".jpg")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(server: Server, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("GET", path)
    headers = connection.getresponse().headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert "unsafe" not in scripts and "http" not in scripts


def test_only_a_components_page_may_be_framed_and_by_this_server_only(server: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("GET", "/component/streamlit_webrtc.component.webrtc_streamer/index.html")
    headers = connection.getresponse().headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]


def script_runs(page: Page, script: str) -> bool:
    page.evaluate(
        """source => {
            window.ran = false;
            const script = document.createElement("script");
            script.textContent = source;
            document.body.append(script);
        }""",
        script,
    )
    return bool(page.evaluate("window.ran"))


def test_scripts_and_addresses_of_others_are_refused(person: Tab) -> None:
    tab = person.open("about")
    assert not script_runs(tab.page, "window.ran = true")
    with tab.page.expect_console_message(lambda m: "Content Security Policy" in m.text):
        sent = "fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
        assert tab.page.evaluate(sent) == "refused"
    assert any("Content Security Policy" in problem for problem in tab.problems)
    tab.problems.clear()  # They were meant.


def put(server: Server, path: str, headers: dict[str, str]) -> int:
    """Begins an upload, sends none of it, and returns what the server says all the same."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.putrequest("PUT", path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse().status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(500 * 1024**2)}, 413),
        ({"Content-Length": "many"}, 400),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({}, 411),
    ],
)
def test_uploads_are_refused_before_they_are_read(
    server: Server, headers: dict[str, str], status: int
) -> None:
    assert put(server, "/_stcore/upload_file/somebody/something", headers) == status


def test_an_upload_without_a_session_or_its_token_is_refused(person: Tab) -> None:
    sent: list[str] = []
    person.page.on("request", lambda request: sent.append(request.url))
    tab = person.open("protect").upload(("mine.jpg", sample("00119")))
    address = next(address for address in sent if "upload_file" in address)
    files = {"file": {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"x"}}
    assert tab.page.request.put(address, multipart=files).status == 403
    tab.sound()
