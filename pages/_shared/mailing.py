"""E-mail of saved photos: a button, its dialog, and what became of the letters."""

import time
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._shared.receipts import size_text
from pages._shared.session import archive, local, member, outbox, owner, say, t
from vov_core.errors import VovError
from vov_core.mail import MailState, MailStatus

_FOLLOW_SECONDS = 30
_LOOK_SECONDS = 0.25
# For the browser, which tells a slip at once; the outbox looks closely.
_LOOKS_RIGHT = r"^\s*[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+\s*$"
_SHARE_DONE = {
    MailState.QUEUED: 0.1,
    MailState.SENDING: 0.5,
    MailState.HANDING_OVER: 0.85,
}
_ICONS = {
    MailState.SENT: ":material/mark_email_read:",
    MailState.GAVE_UP: ":material/error:",
    MailState.UNKNOWN: ":material/help:",
    MailState.FAILED: ":material/schedule_send:",
}


def mail_button(photo_ids: Sequence[str], *, key: str = "mail") -> None:
    """A button that e-mails saved photos of this person; nothing where VOV has no mail server.

    Args:
        photo_ids: Which; none disables the button.
        key: Of the button, if a page has several.
    """
    if not outbox().is_on:
        return
    if st.button(t("mail.button"), icon=":material/mail:", disabled=not photo_ids, key=key):
        ask_for_address(photo_ids)


def ask_for_address(photo_ids: Sequence[str]) -> None:
    """The dialog: an address (a member's own to begin with), the progress, the result."""
    me = member()
    to = me.details.email if me else ""

    @st.dialog(t("mail.title"), icon=":material/mail:")
    def dialog() -> None:
        place = st.empty()
        with place.form("mail_form", border=False):
            address = st.text_input(
                t("mail.to"),
                to,
                type="email",
                autocomplete="email",
                placeholder="name@example.org",
                max_chars=254,
                validate=(_LOOKS_RIGHT, t("errors.mail_address_invalid")),
                key="mail_to",
            )
            st.caption(_facts(photo_ids))
            asked = st.form_submit_button(
                t("mail.send"), type="primary", icon=":material/send:", key="mail_send"
            )
        if asked:
            _send(place, photo_ids, address or "")

    dialog()


def _facts(photo_ids: Sequence[str]) -> str:
    try:
        size = sum(archive().sizes(owner().key, photo_ids).values())
    except VovError as error:
        return say(error)
    limit = outbox().max_photo_bytes
    return t("mail.facts", n=len(photo_ids), size=size_text(size), limit=size_text(limit))


def _send(place: DeltaGenerator, photo_ids: Sequence[str], address: str) -> None:
    count = len(photo_ids)
    try:
        mail_id = outbox().add(
            owner().key, address, t("mail.subject"), t("mail.text", n=count), photo_ids
        )
        place.empty()
        status = _followed(mail_id)
    except VovError as error:
        st.error(say(error), icon=":material/error:")
        return
    _tell(status)


def _followed(mail_id: str) -> MailStatus:
    """Shows the progress until the letter's fate is known, or it has to wait for longer."""
    deadline = time.monotonic() + _FOLLOW_SECONDS
    bar = st.progress(0.0)
    while True:
        status = outbox().state(mail_id, owner().key)
        waits = status.state is MailState.FAILED or time.monotonic() > deadline
        if status.over or waits:
            bar.empty()
            return status
        bar.progress(_SHARE_DONE[status.state], t(f"mail.state_{status.state}"))
        time.sleep(_LOOK_SECONDS)


def _tell(status: MailStatus) -> None:
    words = described(status)
    if status.state is MailState.SENT:
        st.success(words, icon=_ICONS[status.state])
    elif status.over:
        st.error(words, icon=_ICONS[status.state])
    else:
        st.warning(f"{words} {t('mail.may_close')}", icon=_ICONS[MailState.FAILED])


def described(status: MailStatus) -> str:
    """What became of a letter, and why."""
    words = t(f"mail.state_{status.state}")
    if status.reason and status.state in (MailState.FAILED, MailState.GAVE_UP):
        words += " " + t(f"mail.reason_{status.reason}")
    if status.next_try and status.state is MailState.FAILED:
        words += " " + t("mail.again", time=f"{local(status.next_try):%H:%M}")
    return words


def recent_letters() -> None:
    """The last letters of this person, for whoever closed the dialog early."""
    letters = outbox().recent(owner().key) if outbox().is_on else ()
    if not letters:
        return
    with st.expander(t("mail.recent"), icon=":material/outbox:"):
        for letter in letters:
            when = f"{local(letter.created_at):%Y-%m-%d %H:%M}"
            icon = _ICONS.get(letter.state, ":material/schedule_send:")
            facts = t("mail.letter", time=when, n=letter.photos)
            st.markdown(f"{icon} {facts} · {described(letter)}")
