"""My photos: what this person saved; search, select, download, e-mail, share, delete."""

import streamlit as st

from pages._shared import gallery, mailing
from pages._shared.frame import go_through_frame
from pages._shared.receipts import size_text
from pages._shared.session import archive, number, owner, t
from vov_core.archive import OwnerKind

go_through_frame("my_photos")

PER_PAGE = 24

st.title(t("my_photos.title"))
everything = archive().totals(owner())
if not everything.photos:
    gallery.nothing_yet()
    st.stop()

st.markdown(
    t("my_photos.total", n=number(everything.photos), size=size_text(everything.bytes)),
)
if owner().kind == OwnerKind.GUEST:
    st.caption(f":material/cookie: {t('my_photos.guest_note')}")
if days := archive().retention.days(owner().kind):
    st.caption(f":material/timer: {t('my_photos.kept_days', days=days)}")
wanted = gallery.search()
found = archive().totals(owner(), **wanted.filters).photos if wanted.filters else everything.photos
if not found:
    st.info(t("my_photos.no_match"), icon=":material/search_off:")
    st.button(t("my_photos.show_all"), on_click=gallery.forget_search, key="show_all")
    st.stop()
if wanted.filters:
    st.caption(t("my_photos.found", n=number(found), of=number(everything.photos)))

pages = -(-found // PER_PAGE)
page = min(st.session_state.get("gallery_page", 1), pages)
photos = archive().list(
    owner(),
    offset=(page - 1) * PER_PAGE,
    limit=PER_PAGE,
    newest_first=wanted.newest_first,
    **wanted.filters,
)
gallery.toolbar(photos, found, wanted)
gallery.grid(photos)
if pages > 1:
    st.pagination(pages, key="gallery_page")
mailing.recent_letters()
