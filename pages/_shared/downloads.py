"""What the web server hands out beside the pages: shared photos, and zips while they are written.

``serve.py`` adds these addresses to Streamlit's. None of them needs or sees a cookie: whoever has
an address may download, so addresses can't be guessed, and they end.
"""

import html
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from pages._shared.session import archive, language, links, log, owner
from vov_core.bundle import zip_stream
from vov_core.errors import PhotoNotFoundError, VovError
from vov_core.links import Link
from vov_core.media import media_type
from vov_core.storage import disposition
from vov_core.texts import Language, best_language, text

LINKS, ZIPS = "shared", "zips"
ZIP_NAME = "vov_photos.zip"
_ZIP_SECONDS = 3600
_MOST_ZIPS = 2000
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
_STYLE = (
    "body{font:1.05rem/1.6 system-ui,sans-serif;max-width:32rem;margin:18vh auto;padding:0 1.2rem}"
    "@media(prefers-color-scheme:dark){body{background:#0e1412;color:#e9f0ec}}"
)


@dataclass(frozen=True)
class _Parcel:
    """What may be fetched under a name until a time of the process's clock."""

    owner_key: str
    photo_ids: tuple[str, ...]
    language: Language
    until: float


class _Shelf:
    """Zips that may be fetched, by a random name that only the person's own page knows."""

    def __init__(self) -> None:
        self._parcels: dict[str, _Parcel] = {}
        self._lock = threading.Lock()
        self.is_served = False
        """Whether this process's web server has the addresses."""

    def put(self, name: str, parcel: _Parcel) -> None:
        with self._lock:
            self._parcels.pop(name, None)
            self._parcels[name] = parcel
            while len(self._parcels) > _MOST_ZIPS:
                self._parcels.pop(next(iter(self._parcels)))

    def drop(self, name: str) -> None:
        with self._lock:
            self._parcels.pop(name, None)

    def get(self, name: str) -> _Parcel:
        with self._lock:
            parcel = self._parcels.get(name)
            if parcel is None or parcel.until < time.monotonic():
                self._parcels.pop(name, None)
                raise PhotoNotFoundError()
            return parcel


shelf = _Shelf()


def zip_address(photo_ids: Sequence[str]) -> str | None:
    """Where this person's photos can be fetched as a zip; None without VOV's own server.

    The name stays the same in a session, so that the page's link does, too; what it stands for is
    what the page showed last.
    """
    if not shelf.is_served:
        return None
    whose, name = st.session_state.get("zip_name", ("", ""))
    if whose != owner().key:
        forget_zip()
        name = secrets.token_urlsafe(32)
        st.session_state.zip_name = (owner().key, name)
    parcel = _Parcel(owner().key, tuple(photo_ids), language(), time.monotonic() + _ZIP_SECONDS)
    shelf.put(name, parcel)
    return f"{ZIPS}/{name}"


def forget_zip() -> None:
    """Ends this session's address, as after a log-out: browsers keep what was downloaded listed."""
    _, name = st.session_state.pop("zip_name", ("", ""))
    shelf.drop(name)


def share(photo_id: str) -> Link | None:
    """A link for others; None where neither the store nor this process's server can have one."""
    link = links().make(owner(), photo_id)
    if not link.is_note:
        return link
    return Link(_whole(f"{LINKS}/{link.address}"), link.until, True) if shelf.is_served else None


def _whole(path: str) -> str:
    """An address of this app as the person's browser sees it."""
    parts = urlsplit(st.context.url or "")
    base = parts.path.rpartition("/")[0]
    return urlunsplit((parts.scheme, parts.netloc, f"{base}/{path}", "", ""))


def routes() -> list[Route]:
    """The addresses, for the web server; below any path, as Streamlit's base path is a setting."""
    shelf.is_served = True
    return [
        Route(f"{base}/{path}/{{name}}", answer, methods=["GET"])
        for path, answer in ((LINKS, _shared_photo), (ZIPS, _zip))
        for base in ("", "/{base:path}")
    ]


def _shared_photo(request: Request) -> Response:
    try:
        file = links().file(request.path_params["name"])
    except VovError as error:
        return _refusal(request, error)
    headers = {**_HEADERS, "Content-Disposition": disposition(file.name)}
    return Response(file.data, media_type=media_type(file.format), headers=headers)


def _zip(request: Request) -> Response:
    try:
        parcel = shelf.get(request.path_params["name"])
        content = _content(parcel)
    except VovError as error:
        return _refusal(request, error)
    headers = {**_HEADERS, "Content-Disposition": disposition(ZIP_NAME)}
    return StreamingResponse(content, media_type="application/zip", headers=headers)


def _content(parcel: _Parcel) -> Iterator[bytes]:
    store = archive()
    return zip_stream(
        parcel.photo_ids,
        lambda photo_id: store.file(parcel.owner_key, photo_id),
        lambda n: text(parcel.language, "my_photos.not_in_zip", n=n),
    )


def _refusal(request: Request, error: VovError) -> Response:
    """A page that says why, in the language of whoever followed the link."""
    log.info("a download was refused: %s", error)
    gone = isinstance(error, PhotoNotFoundError)
    spoken = best_language(request.headers.get("accept-language"))
    title = text(spoken, "share.ended_title" if gone else "share.failed_title")
    words = text(spoken, "share.ended" if gone else "share.failed")
    page = (
        f'<!doctype html><html lang="{spoken}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>VOV</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><p>{html.escape(words)}</p></html>"
    )
    return HTMLResponse(page, status_code=404 if gone else 503, headers=_HEADERS)
