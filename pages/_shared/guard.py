"""What stands before Streamlit's own web server: headers, limits of uploads, private media.

Streamlit gives everything that can be downloaded an address below ``/media/`` that is made from the
content and works for everybody who knows it. Here an address holds a secret of this process and
answers only the browser whose session it was made for.
"""

import re
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path, PurePosixPath
from secrets import token_bytes
from time import time
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import file_util
from streamlit.runtime import Runtime, memory_media_file_storage
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryFile, MemoryMediaFileStorage
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from pages._shared.session import settings

CSP: Final = "; ".join(
    (
        "default-src 'none'",
        # Streamlit's page has one line of inline script; its components are loaded as blobs.
        "script-src 'self' 'sha256-{inline}' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        # The live picture's part, which is a page of its own.
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors {ancestors}",
    )
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
_POLICY: Final = "Content-Security-Policy"
COOKIE: Final = "vov_browser"
_WORD: Final = re.compile(r"[0-9a-f]{32}")
_WINDOW_SECONDS: Final = 600
_MEDIA: Final = "/media/"
_PARTS: Final = "/component/"
_UPLOADS: Final = "/_stcore/upload_file/"
_MEGABYTE: Final = 1024**2
_MOST_REFUSED: Final = 1000  # sessions that are remembered; anybody may make one up
_secret: Final = token_bytes(32)
_deferred_session: ContextVar[str | None] = ContextVar("deferred_session", default=None)


def browser_of(cookies: Mapping[str, str]) -> str | None:
    """What tells browsers apart: a word that the guard keeps in a cookie of each."""
    word = cookies.get(COOKIE, "")
    return word if _WORD.fullmatch(word) else None


def new_browser(headers: Headers, address: str, now: float) -> str:
    """The word for a browser that has none yet.

    A new browser may ask for several things at once, in two tabs even, and keeps the last answer's
    word: so all answers within some minutes hold the same one. Two browsers of one kind behind one
    address that are both new in these minutes share it; addresses of media still can't be guessed.
    """
    facts = (headers.get("user-agent", ""), headers.get("x-forwarded-for", ""), address)
    window = str(int(now // _WINDOW_SECONDS))
    words = "\0".join((*facts, window)).encode("utf-8", "surrogatepass")
    return blake2b(words, key=_secret, digest_size=16, person=b"browser").hexdigest()


def _browser_of_session(session_id: str) -> str | None:
    client = Runtime.instance().get_client(session_id) if Runtime.exists() else None
    context = client.client_context if client else None
    return browser_of(context.cookies) if context else None


class PrivateMedia(MemoryMediaFileStorage):
    """Media files whose addresses can't be guessed and answer one browser only."""

    def __init__(self, media_endpoint: str) -> None:
        super().__init__(media_endpoint)
        self._browsers: dict[str, str] = {}

    def load_and_get_id(
        self,
        path_or_data: str | bytes,
        mimetype: str,
        kind: MediaFileKind,
        filename: str | None = None,
    ) -> str:
        """Keeps a file for the session that is running; the same one keeps its address."""
        data = self._read_file(path_or_data) if isinstance(path_or_data, str) else path_or_data
        context = get_script_run_ctx(suppress_warning=True)
        session = _deferred_session.get() or (context.session_id if context else "")
        address = blake2b(key=_secret, digest_size=32)
        for part in (session, mimetype, filename or ""):
            words = part.encode("utf-8", "surrogatepass")
            address.update(len(words).to_bytes(8) + words)
        address.update(data)
        file_id = address.hexdigest()
        # Without the cookie no browser is known, and nobody gets the file.
        self._browsers[file_id] = _browser_of_session(session) or ""
        self._files_by_id.setdefault(file_id, MemoryFile(data, mimetype, kind, filename))
        return file_id

    def delete_file(self, file_id: str) -> None:
        """Forgets a file and whose it was."""
        super().delete_file(file_id)
        self._browsers.pop(file_id, None)

    def may_have(self, file_name: str, browser: str | None) -> bool:
        """Whether a file was made for this browser."""
        owner = self._browsers.get(PurePosixPath(file_name).stem)
        return bool(owner) and owner == browser


class Uploads:
    """Memory that arriving and unread uploads take, of each session and of all.

    Args:
        each: Bytes that one session may have.
        total: Bytes that all sessions may have.
    """

    def __init__(self, each: int, total: int) -> None:
        self._each = each
        self._total = total
        self._lock = threading.Lock()
        self._arriving: dict[str, int] = {}
        self._refused: OrderedDict[str, int] = OrderedDict()

    def begin(self, session: str, size: int, unread: Callable[[str | None], int]) -> bool:
        """Reserves room for an upload before any of it is read; False if there is none.

        Args:
            session: Whose.
            size: Its bytes.
            unread: Tells the bytes of a session (None: of all) that no page has taken yet.
        """
        with self._lock:
            mine = self._arriving.get(session, 0) + unread(session) + size
            everybody = sum(self._arriving.values()) + unread(None) + size
            if mine > self._each or everybody > self._total:
                self._refused[session] = self._refused.pop(session, 0) + 1
                while len(self._refused) > _MOST_REFUSED:
                    self._refused.popitem(last=False)
                return False
            self._arriving[session] = self._arriving.get(session, 0) + size
            return True

    def refused(self, session: str) -> int:
        """How many uploads of a session found no room since this was asked last."""
        with self._lock:
            return self._refused.pop(session, 0)

    def end(self, session: str, size: int) -> None:
        """The upload has arrived or failed."""
        with self._lock:
            left = self._arriving.pop(session) - size
            if left:
                self._arriving[session] = left


def _unread(session: str | None) -> int:
    if not Runtime.exists():
        return 0
    stored = dict(getattr(Runtime.instance().uploaded_file_mgr, "file_storage", {}))
    chosen = stored.values() if session is None else [stored.get(session, {})]
    return sum(len(record.data) for files in chosen for record in list(files.values()))


class Guard:
    """The outermost part of the web server.

    Args:
        app: What it stands before.
        uploads: Gives the memory for uploads.
        media: Gives the store of media files, None before there is one.
    """

    def __init__(
        self, app: ASGIApp, uploads: Callable[[], Uploads], media: Callable[[], PrivateMedia | None]
    ) -> None:
        self._app = app
        self._uploads = uploads
        self._media = media

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, headers = scope["path"], Headers(scope=scope)
        # As Streamlit reads them: a damaged cookie of another name spoils nothing.
        browser = browser_of(cookie_parser(headers.get("cookie", "")))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                own_policy = _POLICY in answer
                _add_headers(answer, path)
                # What has a policy of its own is no page of Streamlit's and knows no browser.
                if browser is None and not own_policy:
                    address = scope["client"][0] if scope.get("client") else ""
                    word = new_browser(headers, address, time())
                    answer.append("Set-Cookie", f"{COOKIE}={word}; Path=/; HttpOnly; SameSite=Lax")
            await send(message)

        if _MEDIA in path and not self._may_have(path, browser):
            await PlainTextResponse("Not found", 404)(scope, receive, guarded)
        elif _UPLOADS in path and scope["method"] in {"PUT", "POST"}:
            await self._upload(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)

    def _may_have(self, path: str, browser: str | None) -> bool:
        if "/static/" in path:
            return True  # Streamlit's own fonts and pictures.
        media = self._media()
        return media is not None and media.may_have(path.rpartition(_MEDIA)[2], browser)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "")
        if not length.isdecimal():
            await PlainTextResponse("Length required", 411)(scope, receive, send)
            return
        session, size = scope["path"].rpartition(_UPLOADS)[2].split("/")[0], int(length)
        uploads = self._uploads()
        if not uploads.begin(session, size, _unread):
            await PlainTextResponse("Too much", 413)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            uploads.end(session, size)


def _add_headers(headers: MutableHeaders, path: str) -> None:
    # Parts of pages are shown in VOV's own pages; nothing is shown in anybody else's.
    is_part = _PARTS in path
    if is_part:
        headers["X-Frame-Options"] = "SAMEORIGIN"
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault(_POLICY, _policy("'self'" if is_part else "'none'"))
    if _MEDIA in path and "/static/" not in path:
        headers["Cache-Control"] = "private, no-store"


@cache
def _policy(ancestors: str) -> str:
    """The policy with the hash of the one inline script of Streamlit's page.

    Args:
        ancestors: Whose pages may show the answer in a frame.
    """
    page = (Path(file_util.get_static_dir()) / "index.html").read_bytes()
    (script,) = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    inline = b64encode(sha256(script).digest()).decode()
    return CSP.format(inline=inline, ancestors=ancestors)


def _execute_deferred(self: MediaFileManager, file_id: str) -> str:
    """Streamlit makes such a download outside of a session's run; here it still belongs to one."""
    entry = self._deferred_callables.get(file_id)
    token = _deferred_session.set(entry["session_id"] if entry else None)
    try:
        return _plain_execute_deferred(self, file_id)
    finally:
        _deferred_session.reset(token)


_plain_execute_deferred = MediaFileManager.execute_deferred


def _running_media() -> PrivateMedia | None:
    storage = Runtime.instance().media_file_mgr._storage if Runtime.exists() else None
    return storage if isinstance(storage, PrivateMedia) else None


@cache
def _process_uploads() -> Uploads:
    chosen = settings()
    return Uploads(chosen.session_mb * _MEGABYTE, chosen.uploads_mb * _MEGABYTE)


def refused_uploads() -> int:
    """How many uploads of the session that is running found no room since this was asked last."""
    context = get_script_run_ctx(suppress_warning=True)
    return _process_uploads().refused(context.session_id) if context else 0


def middleware() -> list[Middleware]:
    """The guard, for the web server's outermost place."""
    return [Middleware(Guard, uploads=_process_uploads, media=_running_media)]


def keep_media_private() -> None:
    """Lets the runtime that is made after this keep its media files in :class:`PrivateMedia`."""
    replacements: tuple[tuple[Any, str, Any], ...] = (
        (memory_media_file_storage, "MemoryMediaFileStorage", PrivateMedia),
        (MediaFileManager, "execute_deferred", _execute_deferred),
    )
    for place, name, replacement in replacements:
        getattr(place, name)  # An upgrade of Streamlit that moves it must not go unnoticed.
        setattr(place, name, replacement)
