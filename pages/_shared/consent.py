"""What saving means, shown at the save button until the person has agreed."""

from datetime import datetime

import streamlit as st

from pages._shared.session import archive, log, owner, t
from vov_core.consent import Terms
from vov_core.errors import VovError


def open_terms() -> Terms | None:
    """What has yet to be agreed to before anything can be saved; None if nothing.

    The archive refuses by itself, so if it does not answer now, saving will tell what is wrong.
    """
    try:
        me, kept = owner(), archive()
        return None if kept.has_agreed(me) else kept.terms(me)
    except VovError as error:
        log.warning("could not look up a consent: %s", error)
        return None


def show(terms: Terms, *, key: str = "consent") -> None:
    """The terms, compact. The button that agrees to them comes right below.

    Args:
        terms: What is agreed to.
        key: Of the box, if a page has several; begins with ``consent``.
    """
    how_long = t("consent.days", days=terms.days) if terms.days else t("consent.for_ever")
    with st.container(border=True, key=key):
        st.markdown(f"**{t('consent.title')}**")
        st.markdown(t("consent.text", how_long=how_long))
        st.page_link("pages/privacy.py", label=t("consent.more"), icon=":material/shield_person:")


def kept_until(saved_at: datetime) -> str | None:
    """Until when a photo that this person saved then is kept, as a sentence; None if for ever."""
    end = archive().retention.until(owner().kind, saved_at)
    return t("consent.kept_until", date=f"{end:%Y-%m-%d}") if end else None
