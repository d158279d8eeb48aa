"""The frame around every page: navigation, language, and styles that Streamlit lacks."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from pages._shared.components import choosing, page_language
from pages._shared.members import auth_mode, known_member
from pages._shared.session import language, t
from vov_core.texts import Language

PAGES = {
    "home": ":material/home:",
    "protect": ":material/back_hand:",
    "camera": ":material/photo_camera:",
    "booth": ":material/view_comfy_alt:",
    "live": ":material/videocam:",
    "video": ":material/movie:",
    "my_photos": ":material/photo_library:",
    "history": ":material/monitoring:",
    "lab": ":material/experiment:",
    "proof": ":material/verified_user:",
    "privacy": ":material/shield_person:",
    "about": ":material/info:",
}
_PEOPLE = {"account": ":material/account_circle:", "admin": ":material/admin_panel_settings:"}
_PHOTOS = "image/*,.heic,.heif,.avif,.tif,.tiff"
_VIDEOS = "video/*,.mkv"
CHOICES = {
    "upload-": _PHOTOS,
    "booth_upload": _PHOTOS,
    "lab-photos": _PHOTOS,
    "lab-zip": ".zip",
    "lab-import": ".json",
    "video-upload": _VIDEOS,
}
"""What is chosen from in each uploader, by the first part of its key."""
_NAMES = {Language.KOREAN: "한국어", Language.ENGLISH: "English"}


def navigation() -> Page:
    """All pages; returns the one that is asked for."""
    return st.navigation(
        [
            st.Page(
                f"pages/{name}.py",
                title=t(f"nav.{name}"),
                icon=icon,
                url_path=name,
                default=name == "home",
            )
            for name, icon in (PAGES | _people_pages()).items()
        ],
        # Folded, the list ends in Streamlit's English "View more".
        expanded=True,
    )


def _people_pages() -> dict[str, str]:
    """The pages of people with an account; the one for admins does not even exist for others."""
    if auth_mode() == "off":
        return {}
    someone = known_member()
    names = ("account", "admin") if someone and someone.is_admin else ("account",)
    return {name: _PEOPLE[name] for name in names}


def go_through_frame(name: str) -> None:
    """Starts over through ``streamlit_app.py`` if this page was run without it.

    For the sake of old apps Streamlit runs files of a ``pages/`` folder by themselves until the
    process has called ``st.navigation`` once, so a fresh process that is first asked for
    ``/protect`` would show that page without its frame.
    """
    if not st.session_state.get("framed"):
        # Without an icon of its own, the browser would fetch the page's from Google.
        st.set_page_config(page_icon="static/icon.png")
        navigation()
        st.switch_page(f"pages/{name}.py")


def language_switch() -> None:
    """Korean or English; the choice lives in the session."""
    if "language" not in st.session_state:
        st.session_state.language = language()
    st.segmented_control(
        t("nav.language"),
        list(Language),
        format_func=_NAMES.__getitem__,
        key="language",
        required=True,
        label_visibility="collapsed",
        width="stretch",
        persist_state="session",
    )
    st.caption(t("nav.promise"))
    page_language(language())
    choosing(CHOICES)


def figures(values: Mapping[str, str], key: str = "figures") -> None:
    """Label -> value as a row of tiles, two in a row on a phone.

    Args:
        values: What to show.
        key: Of the row; starts with ``figures`` and is another one for each row of a page.
    """
    with st.container(key=key):
        for column, (label, value) in zip(st.columns(len(values)), values.items(), strict=True):
            column.metric(label, value, border=True)


def picture(address: str) -> None:
    """A picture from a data address over the full width."""
    st.html(f'<img class="vov-picture" src="{address}" alt="">')


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\A ") + '"'


@cache
def _stylesheet() -> str:
    return (Path(__file__).parent / "frontend" / "frame.css").read_text(encoding="utf-8")


def style() -> None:
    """Page width, the upload area's words in the person's language, and print-like headings.

    Streamlit's uploader speaks English only; its words are replaced by the catalogue's.
    """
    st.html(
        f"<style>:root {{ --vov-drop: {_quoted(t('protect.drop'))};"
        f" --vov-browse: {_quoted(t('protect.browse'))}; }}\n{_stylesheet()}</style>"
    )


def upload_words(drop: str, browse: str) -> None:
    """Other words for the upload area of one page."""
    st.html(
        f"<style>:root {{ --vov-drop: {_quoted(drop)}; --vov-browse: {_quoted(browse)}; }}</style>"
    )
