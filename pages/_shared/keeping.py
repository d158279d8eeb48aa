"""An approved output's way into the archive: consent, save, and what can be done with it then."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from pages._shared import consent
from pages._shared.mailing import mail_button
from pages._shared.session import archive, log, owner, say, t
from vov_core.consent import Terms
from vov_core.errors import VovError


def offer(key: str, saved: str, save: Callable[[], None]) -> None:
    """The button that saves; once that is done, where the output is and e-mail.

    Args:
        key: Of the page: the widgets' keys begin with it.
        saved: Id of the saved output; empty before.
        save: Saves and notes the id. Streamlit keeps it until the session ends, so it must look up
            what it saves, not hold it.
    """
    if saved:
        where_it_is()
        mail_button([saved], key=f"{key}_mail")
        return
    terms = consent.open_terms()
    if terms:
        consent.show(terms, key=f"consent-{key}")
    st.button(
        t("consent.agree" if terms else "actions.save"),
        icon=":material/cloud_upload:",
        width="stretch",
        on_click=_save,
        args=(key, save, terms),
        help=t("actions.save_help"),
        key=f"{key}_save",
    )
    if problem := st.session_state.pop(f"{key}_save_problem", None):
        st.error(problem, icon=":material/error:")


def where_it_is() -> None:
    """Says that something just saved is in My photos, and until when."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/cloud_done: {t('actions.saved')}")
        st.page_link(
            "pages/my_photos.py", label=t("nav.my_photos"), icon=":material/photo_library:"
        )
    if until := consent.kept_until(datetime.now(UTC)):
        st.caption(f":material/timer: {until}")


def _save(key: str, save: Callable[[], None], agreed: Terms | None) -> None:
    """Agrees with the very click that saves; a failure is told and may be tried again."""
    try:
        if agreed:
            archive().agree(owner(), agreed.version)
        save()
    except VovError as error:
        log.warning("%s: not saved: %s", key, error)
        st.session_state[f"{key}_save_problem"] = say(error)
