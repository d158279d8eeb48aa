"""Links that let others download a photo for minutes."""

from collections.abc import Sequence

import streamlit as st

from pages._shared.components import copy_text
from pages._shared.downloads import share
from pages._shared.session import escape, local, say, t
from vov_core.archive import SavedPhoto
from vov_core.errors import VovError

MOST = 24


def show_links(photos: Sequence[SavedPhoto]) -> None:
    """A link for each photo, with a button that copies it, and until when they work."""

    @st.dialog(t("share.title"), width="medium", icon=":material/link:")
    def dialog() -> None:
        try:
            links = [share(photo.id) for photo in photos]
        except VovError as error:
            st.error(say(error), icon=":material/error:")
            return
        made = [link for link in links if link]
        if not made:
            st.info(t("share.off"), icon=":material/link_off:")
            return
        st.markdown(t("share.until", time=f"{local(min(link.until for link in made)):%H:%M:%S}"))
        for photo, link in zip(photos, links, strict=True):
            if link:
                name = photo.receipt.file_name
                st.caption(escape(name))
                copy_text(
                    link.address,
                    label=t("share.label", name=name),
                    copy=t("share.copy"),
                    copied=t("share.copied"),
                    key=f"link-{photo.id}",
                )
        st.caption(t("share.note"))

    dialog()
