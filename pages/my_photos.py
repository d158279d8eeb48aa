"""My photos: what this person saved, with receipts; download, zip, delete."""

import streamlit as st

from pages._shared import gallery
from pages._shared.frame import figures, go_through_frame
from pages._shared.receipts import size_text
from pages._shared.session import archive, number, owner, t
from vov_core.archive import OwnerKind

go_through_frame("my_photos")

PER_PAGE = 12

st.title(t("my_photos.title"))
count, size = archive().totals(owner())
if not count:
    st.info(t("my_photos.empty"), icon=":material/photo_library:")
    st.page_link("pages/protect.py", label=t("nav.protect"), icon=":material/back_hand:")
    st.stop()

if owner().kind is OwnerKind.GUEST:
    st.caption(f":material/cookie: {t('my_photos.guest_note')}")
figures({t("my_photos.count"): number(count), t("my_photos.size"): size_text(size)})

pages = -(-count // PER_PAGE)
page = min(st.session_state.get("gallery_page", 1), pages)
photos = archive().list(owner(), offset=(page - 1) * PER_PAGE, limit=PER_PAGE)
gallery.toolbar(photos)
gallery.grid(photos)
if pages > 1:
    st.pagination(pages, key="gallery_page")
