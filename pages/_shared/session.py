"""What a page asks for: language, the person, their photos, the process's services."""

import logging
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone, tzinfo
from time import monotonic
from typing import Any

import streamlit as st
from streamlit.errors import FragmentHandledException

from pages._shared.components import guest_cookie
from pages._shared.server_log import join_log
from vov_core import metrics
from vov_core.archive import Archive, Owner, open_archive
from vov_core.errors import VovError
from vov_core.finder import Finder, open_finder
from vov_core.history import History
from vov_core.images import ReadLimits
from vov_core.links import Links
from vov_core.logs import places_of, start_log
from vov_core.mail import Outbox, open_outbox
from vov_core.people import Letters, Member, People, is_token, post_by
from vov_core.purge import Janitor
from vov_core.settings import Settings
from vov_core.texts import Language, best_language, explain, text
from vov_core.turns import Turns
from vov_core.workspace import Workspace

log = logging.getLogger("vov.pages")

_COOKIE = "vov_guest"
_COOKIE_SECONDS = 30 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
MEMBER_COOKIE = "vov_member"
_TRUSTED_SECONDS = 2.0


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The process's settings: environment first, then ``.streamlit/secrets.toml``."""
    try:
        stored: dict[str, Any] = dict(st.secrets)
    except FileNotFoundError:
        stored = {}
    loaded = Settings.load(stored)
    start_log(loaded)
    join_log()
    return loaded


@st.cache_resource(show_spinner=False)
def finder() -> Finder:
    """The models, loaded once per process. They hold no photo."""
    return open_finder()


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """Who may use the models next. It knows sessions by a random word only."""
    queue = Turns(settings().photos_at_once, settings().photos_waiting)
    metrics.watch(queue)
    return queue


@contextmanager
def model_turn(told: Callable[[int], None]) -> Iterator[None]:
    """Waits for this session's turn at the models; ``told`` shows the place in the queue.

    Raises:
        BusyError: Too many wait already.
    """
    session = st.session_state.setdefault("turns_session", secrets.token_hex(8))
    begun = monotonic()
    with turns().turn(session, told):
        metrics.observe_wait(monotonic() - begun)
        yield


@st.cache_resource(show_spinner=False, on_release=lambda _: janitor.clear())
def archive() -> Archive:
    """Object store and database. A failure to open is not cached: the next visit tries again."""
    opened = open_archive(settings())
    janitor(opened)
    return opened


@st.cache_resource(show_spinner=False)
def outbox() -> Outbox:
    """The queue of e-mails; its thread belongs to the process."""
    store = archive()
    return open_outbox(settings(), store.database, store)


def people() -> People:
    """Accounts and log-in."""
    chosen = settings()
    mails = chosen.smtp_host and chosen.public_url
    return People(
        archive().database,
        admins=chosen.admins,
        stay=timedelta(days=chosen.stay_signed_in_days),
        letters=Letters(post_by(outbox()), chosen.public_url) if mails else None,
    )


@st.cache_resource(show_spinner=False)
def links() -> Links:
    """Makes and opens links for others."""
    return Links(archive(), settings().secret_key, settings().link_seconds)


@st.cache_resource(show_spinner=False, on_release=Janitor.stop)
def janitor(_archive: Archive) -> Janitor:
    """The daily purge, once per process and as long as its archive is open."""
    return Janitor(_archive).start()


def history(*, mine: bool = False) -> History:
    """The usage figures of all saves, or of the photos that this person keeps."""
    database = archive().database
    if not mine:
        return History(database)
    ahead = -(st.context.timezone_offset or 0)
    return History(database, owner=owner(), utc_offset_minutes=ahead)


def language() -> Language:
    """The language chosen in the sidebar; the browser's until then."""
    chosen = st.session_state.get("language")
    return Language(chosen) if chosen else best_language(st.context.locale)


def t(key: str, **facts: object) -> str:
    """A text of the catalogue in the session's language."""
    return text(language(), key, **facts)


def say(error: VovError) -> str:
    """What is wrong and what to do, in the session's language."""
    metrics.count_error(error.code)
    return explain(language(), error)


def workspace() -> Workspace:
    """This session's photos. Made on first use, gone with the session."""
    if "workspace" not in st.session_state:
        chosen = settings()
        limits = ReadLimits(
            max_bytes=chosen.max_upload_mb * 1024**2,
            max_pixels=chosen.max_megapixels * 1_000_000,
        )
        st.session_state.workspace = Workspace(
            finder, limits, chosen.session_mb * 1024**2, chosen.session_photos
        )
    space: Workspace = st.session_state.workspace
    return space


def member() -> Member | None:
    """Who is signed in; None for a guest. Asked anew at each run, so a log-out counts at once.

    Raises:
        VovError: Nobody knows, since the database does not answer.
    """
    if settings().auth == "off":
        return None
    state = st.session_state
    if "member_token" not in state:
        known = st.context.cookies.get(MEMBER_COOKIE, "")
        state.member_token = known if is_token(known) else ""
    token = state.member_token
    if not token:
        return None
    asked, when, found = state.get("member_known", ("", 0.0, None))
    if asked != token or monotonic() - when > _TRUSTED_SECONDS:
        found = people().who(token)
        state.member_known = (token, monotonic(), found)
    if found is None:
        state.member_token, state.member_dead, state.member_gone = "", token, True
    return found


def owner() -> Owner:
    """Who saves and lists: whoever is signed in, else this browser's guest."""
    someone = member()
    return someone.owner if someone else guest()


def guest() -> Owner:
    """This browser's guest, known by a random token in a cookie."""
    token = st.session_state.get("guest_token")
    if not token:
        known = st.context.cookies.get(_COOKIE, "")
        token = known if _TOKEN.fullmatch(known) else secrets.token_urlsafe(32)
        st.session_state.guest_token = token
    return Owner(kind="guest", token=token)


def remember_guest() -> None:
    """Mounts the cookie; another tab that was first wins."""
    is_new = st.session_state.get("guest_is_new", False)
    found = guest_cookie(_COOKIE, guest().token, _COOKIE_SECONDS, is_new=is_new)
    if found and found != guest().token and _TOKEN.fullmatch(found):
        st.session_state.guest_token = found
        st.rerun()


@contextmanager
def told_errors() -> Iterator[None]:
    """Turns any failure into a sentence on the page. A traceback goes to the log only.

    The log gets where it happened, never the message: a library's message may quote content.
    """
    try:
        yield
    except FragmentHandledException:  # Told in the fragment's place by ``tell_uncaught``.
        raise
    except Exception as error:
        st.error(noted(error), icon=":material/error:")


def noted(error: Exception) -> str:
    """Logs a failure, an unexpected one with its place, and returns what to tell of it."""
    if not isinstance(error, VovError):
        log.error("unexpected %s at %s", type(error).__name__, " <- ".join(places_of(error)))
    return _sentence(error)


def tell_uncaught(error: Exception) -> bool:
    """Tells what a fragment or a callback could not do; Streamlit has logged it already.

    Returns:
        True, so that Streamlit shows no box of its own.
    """
    st.error(_sentence(error), icon=":material/error:")
    return True


def _sentence(error: Exception) -> str:
    if isinstance(error, VovError):
        log.warning("told a person: %s", error)
        return say(error)
    metrics.count_error(VovError.code)
    return t("errors.unexpected")


def flash(message: str, icon: str = ":material/check_circle:") -> None:
    """Shows a short message after the coming rerun."""
    st.session_state.setdefault("flashes", []).append((message, icon))


def show_flashes() -> None:
    """Shows what ``flash`` kept."""
    for message, icon in st.session_state.pop("flashes", []):
        st.toast(message, icon=icon)


def time_zone() -> tzinfo:
    """The zone of the person's clock, as far as the browser tells: its present offset."""
    return timezone(timedelta(minutes=-(st.context.timezone_offset or 0)))


def local(moment: datetime) -> datetime:
    """A moment as the person's clock shows it."""
    return moment.astimezone(time_zone())


def number(value: int) -> str:
    """A whole number with thousands separators (both languages use the comma)."""
    return f"{value:,}"


def escape(words: str) -> str:
    """A person's words as plain text inside Markdown."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>~$:" else c for c in words)
