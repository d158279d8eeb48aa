"""What S3 may answer, spoken over real HTTP; a whole S3 server is in ``tests/services``."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.suites.store import new_key
from vov_core.errors import (
    ArchiveError,
    ObjectMissingError,
    StoreFullError,
    StoreUnavailableError,
)
from vov_core.settings import Settings
from vov_core.storage import S3Store, open_store

SECRET = "very-secret-key"


class Answers(ThreadingHTTPServer):
    """Answers every request alike and remembers them."""

    status = 200
    body = b""
    cut = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    def refuse(self, status: int, code: str) -> None:
        self.status = status
        self.body = f"<Error><Code>{code}</Code><Message>about {SECRET}</Message></Error>".encode()


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body) + 100 * self.server.cut))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def server() -> Iterator[Answers]:
    with Answers() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def store_at(server: Answers, **options: str) -> S3Store:
    return S3Store(
        bucket="bucket",
        endpoint=f"http://127.0.0.1:{server.server_port}",
        access_key="key",
        secret_key=SECRET,
        **options,
    )


def error_of(store: S3Store) -> ArchiveError:
    """The one error that every method tells."""
    key = new_key()
    errors = []
    for call in (
        lambda: store.put(key, b"x", "image/png"),
        lambda: store.get(key),
        lambda: store.delete(key),
        lambda: list(store.keys()),
        store.check,
    ):
        with pytest.raises(ArchiveError) as caught:
            call()
        assert SECRET not in repr(caught.value)
        assert caught.value.__suppress_context__
        errors.append(caught.value)
    assert len({(type(error), str(error)) for error in errors}) == 1
    return errors[0]


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (403, "SignatureDoesNotMatch", StoreUnavailableError, "SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId", StoreUnavailableError, "InvalidAccessKeyId"),
        (404, "NoSuchBucket", StoreUnavailableError, "NoSuchBucket"),
        (404, "NoSuchKey", ObjectMissingError, None),
        (403, "QuotaExceeded", StoreFullError, None),
        (507, "InsufficientStorage", StoreFullError, None),
        (403, f"odd {SECRET}", StoreUnavailableError, "403"),
    ],
)
def test_refusals(
    server: Answers, status: int, code: str, kind: type[ArchiveError], reason: str | None
) -> None:
    server.refuse(status, code)
    error = error_of(store_at(server))
    assert type(error) is kind
    assert error.details.get("reason") == reason


def test_a_failing_server_is_tried_again_but_not_for_long(server: Answers) -> None:
    server.refuse(500, "InternalError")
    with pytest.raises(StoreUnavailableError):
        store_at(server).check()
    assert len(server.requests) == 3


def test_nobody_answers() -> None:
    store = S3Store(
        bucket="bucket", endpoint="http://127.0.0.1:1", access_key="key", secret_key=SECRET
    )
    with pytest.raises(StoreUnavailableError) as caught:
        store.check()
    assert caught.value.details == {"reason": "EndpointConnectionError"}


def test_an_answer_cut_short(server: Answers) -> None:
    server.body, server.cut = b"half", True
    with pytest.raises(StoreUnavailableError):
        store_at(server).get(new_key())


def test_a_bucket_name_that_can_not_be() -> None:
    store = S3Store(
        bucket="no/bucket", endpoint="http://127.0.0.1:1", access_key="a", secret_key="b"
    )
    with pytest.raises(StoreUnavailableError) as caught:
        store.check()
    assert caught.value.details == {"reason": "ParamValidationError"}


def test_encryption_and_prefix_are_asked_for(server: Answers) -> None:
    store, key = store_at(server, sse="aws:kms", prefix="shared/vov/"), new_key()
    store.put(key, b"x", "image/webp")
    method, path, headers = server.requests[0]
    assert (method, path) == ("PUT", f"/bucket/shared/vov/{key}")
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["Content-Type"] == "image/webp"
    assert SECRET not in str(headers)


def test_without_encryption_none_is_asked_for(server: Answers) -> None:
    store_at(server).put(new_key(), b"x", "image/webp")
    assert "x-amz-server-side-encryption" not in server.requests[0][2]


def test_only_our_keys_are_listed(server: Answers) -> None:
    key = new_key()
    entries = "".join(
        f"<Contents><Key>{name}</Key></Contents>"
        for name in (f"vov/{key}", "vov/somebody/elses.jpg", "vov/")
    )
    server.body = f"<ListBucketResult>{entries}</ListBucketResult>".encode()
    assert list(store_at(server, prefix="vov/").keys("ab")) == [key]
    assert parse_qs(urlsplit(server.requests[0][1]).query)["prefix"] == ["vov/ab"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hand.jpg", "attachment; filename=\"hand.jpg\"; filename*=UTF-8''hand.jpg"),
        ("손 1.jpg", "attachment; filename=\"_ 1.jpg\"; filename*=UTF-8''%EC%86%90%201.jpg"),
        (
            'a"; x="\r\nEvil: 1',
            'attachment; filename="a_; x=___Evil: 1"; '
            "filename*=UTF-8''a%22%3B%20x%3D%22%0D%0AEvil%3A%201",
        ),
    ],
)
def test_a_link_downloads_under_the_name(server: Answers, name: str, expected: str) -> None:
    key = new_key()
    public = "https://files.example.org"
    url = urlsplit(store_at(server, public_endpoint=public).link(key, 60, name) or "")
    query = parse_qs(url.query)
    assert url.netloc == "files.example.org"
    assert url.path == f"/bucket/{key}"
    assert query["response-content-disposition"] == [expected]
    assert query["X-Amz-Expires"] == ["60"]
    assert SECRET not in url.query
    assert server.requests == []


def test_a_server_that_nobody_outside_reaches_has_no_links(server: Answers) -> None:
    assert store_at(server).link(new_key(), 60, "a.jpg") is None


def test_amazons_links_need_no_address_of_their_own() -> None:
    store = S3Store(bucket="bucket", access_key="key", secret_key=SECRET)
    url = urlsplit(store.link(new_key(), 60, "a.jpg") or "")
    assert (url.netloc or "").endswith("amazonaws.com")


def test_open_store_takes_everything_from_the_settings(server: Answers) -> None:
    store = open_store(
        Settings(
            store="s3",
            s3_endpoint=f"http://127.0.0.1:{server.server_port}",
            s3_bucket="ours",
            s3_region="ap-northeast-2",
            s3_access_key="the-key",
            s3_secret_key=SECRET,
            s3_sse="AES256",
            s3_prefix="p/",
        )
    )
    store.put(new_key(), b"x", "image/png")
    _, path, headers = server.requests[0]
    assert path.startswith("/ours/p/")
    assert "the-key/" in headers["Authorization"]
    assert "/ap-northeast-2/s3/" in headers["Authorization"]
    assert headers["x-amz-server-side-encryption"] == "AES256"
