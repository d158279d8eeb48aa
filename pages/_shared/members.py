"""Signing in and out of this session, and who may open which page."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import streamlit as st

from pages._shared.components import member_cookie
from pages._shared.leaving import empty_session
from pages._shared.session import (
    MEMBER_COOKIE,
    escape,
    flash,
    language,
    log,
    member,
    people,
    settings,
    t,
)
from vov_core.errors import LogInFailedError, VovError
from vov_core.people import (
    PROVIDERS,
    Member,
    Place,
    SignedIn,
    Visitor,
    browser_name,
    is_token,
    visitor,
)

OPEN_PAGES = frozenset({"home", "about", "account"})
"""What everybody may open where a log-in is required."""
_FRESH_SECONDS = 10.0
# What a session keeps when somebody logs out; everything else might show the next person something.
_KEPT = frozenset({"framed", "language", "guest_token"})


def auth_mode() -> str:
    """``off``, ``optional`` or ``required``; ``off`` while the settings can't be read."""
    try:
        return settings().auth
    except VovError:
        return "off"


def known_member() -> Member | None:
    """Who is signed in, for the frame, which must not fail: None if nobody knows."""
    try:
        return member()
    except VovError as error:
        log.warning("nobody knows who is here: %s", error)
        return None


def place() -> Place:
    """Where this person is, for limits and the list of browsers."""
    return Place(
        address=st.context.ip_address,
        browser=browser_name(st.context.headers.get("User-Agent", "")),
        language=language(),
    )


def sign_in(signed_in: SignedIn, *, stay: bool) -> None:
    """Makes this session that of somebody who has just logged in, and starts over."""
    state = st.session_state
    state.member_token = signed_in.token
    state.member_stay = stay
    state.member_since = monotonic()
    for name in ("gallery_thumbnails", "social_visitor", "sign_up_checked"):
        state.pop(name, None)
    flash(
        t("account.welcome", name=escape(signed_in.member.details.name)), ":material/waving_hand:"
    )
    st.rerun()


def sign_out(message: str) -> None:
    """Ends the log-in and empties the session: the next person here must find nothing."""
    state = st.session_state
    token = state.get("member_token", "")
    if token:
        people().log_out(token)
    _empty(token)
    flash(message, ":material/logout:")
    if user().get("is_logged_in"):
        # Streamlit keeps what the other service told in a cookie of its own, and leads the browser
        # past an address that removes it. A rerun would overtake that.
        st.logout()
        st.stop()
    st.rerun()


def _empty(dead: str) -> None:
    empty_session(_KEPT)
    state = st.session_state
    state.member_token, state.member_dead = "", dead


def remember_member() -> None:
    """Mounts the cookie. What happens in another tab of this browser counts here as well."""
    if auth_mode() == "off":
        return
    state = st.session_state
    known_member()
    if state.get("member_gone"):
        # Logged out elsewhere: here, too, nothing of theirs may stay.
        _empty(state.member_dead)
        st.rerun()
    token, dead = state.get("member_token", ""), state.get("member_dead", "")
    days = settings().stay_signed_in_days if state.get("member_stay", True) else 0
    fresh = monotonic() - state.get("member_since", -_FRESH_SECONDS) < _FRESH_SECONDS
    found = member_cookie(MEMBER_COOKIE, token, dead, days * 24 * 3600, fresh)
    if fresh or not is_token(found) or found in (token, dead):
        return
    try:
        valid = people().who(found or "") is not None
    except VovError:
        return
    if valid:
        state.member_token = found
        state.pop("gallery_thumbnails", None)
    else:
        state.member_dead = found
    st.rerun()


def who_is_here() -> None:
    """The line in the sidebar: who is signed in, or where to."""
    if auth_mode() == "off":
        return
    someone = known_member()
    if someone is None:
        st.page_link("pages/account.py", label=t("account.log_in"), icon=":material/login:")
        return
    st.page_link(
        "pages/account.py",
        label=escape(someone.details.name),
        icon=":material/account_circle:",
        help=t("account.signed_in_as", login=someone.login),
    )


def user() -> Mapping[str, Any]:
    """What another service told about this browser's person, if they came through one."""
    return st.user.to_dict()


def providers() -> list[str]:
    """The services that the operator has configured."""
    try:
        configured = st.secrets.get("auth", {})
    except FileNotFoundError:
        return []
    return [name for name in PROVIDERS if name in configured]


def arrive() -> None:
    """Lets in whoever comes back from another service."""
    if auth_mode() == "off" or not user().get("is_logged_in"):
        return
    state = st.session_state
    if state.get("social_seen") or known_member() is not None:
        return
    state.social_seen = True
    try:
        who = visitor(user())
        if people().is_used(who):
            return
        signed_in = people().social_log_in(who, place())
    except LogInFailedError:
        # An old visit; its cookie stays for weeks, its meaning does not.
        return
    except VovError as error:
        log.warning("a log-in through another service failed: %s", error)
        return
    if signed_in is not None:
        sign_in(signed_in, stay=True)
    state.social_visitor = who
    st.switch_page("pages/account.py")


def social_visitor() -> Visitor | None:
    """Somebody from another service who has no account here yet."""
    found: Visitor | None = st.session_state.get("social_visitor")
    return found
