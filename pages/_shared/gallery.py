"""The grid of saved photos and what can be done with them."""

import html
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import streamlit as st

from pages._shared.pictures import data_url, fit, jpeg
from pages._shared.receipts import lines, size_text
from pages._shared.review import unique
from pages._shared.session import archive, escape, flash, log, owner, say, t
from vov_core.archive import Archive, Owner, SavedPhoto
from vov_core.errors import VovError

_THUMBNAIL = 420
_KEPT = 96


def _thumbnail(archive: Archive, owner: Owner, photo: SavedPhoto) -> str | None:
    try:
        data = np.frombuffer(archive.read(owner, photo.id), np.uint8)
    except VovError as error:
        log.warning("no thumbnail: %s", error)
        return None
    # An eighth is decoded many times faster, and is enough unless the picture is small itself.
    small = max(photo.receipt.width, photo.receipt.height) < 8 * _THUMBNAIL
    flag = cv2.IMREAD_COLOR_RGB if small else cv2.IMREAD_REDUCED_COLOR_8 | cv2.IMREAD_COLOR_RGB
    pixels = cv2.imdecode(data, flag)
    return data_url(jpeg(fit(np.asarray(pixels, np.uint8), _THUMBNAIL), 82))


def thumbnails(photos: tuple[SavedPhoto, ...]) -> dict[str, str | None]:
    """Small pictures of saved outputs, kept in this session."""
    kept: dict[str, str | None] = st.session_state.setdefault("gallery_thumbnails", {})
    store, me = archive(), owner()
    missing = [photo for photo in photos if not kept.get(photo.id)]
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda photo: _thumbnail(store, me, photo), missing)
        kept.update(zip((photo.id for photo in missing), made, strict=True))
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)))
    return kept


def chosen(photos: tuple[SavedPhoto, ...]) -> list[SavedPhoto]:
    """The photos of this page that are ticked."""
    return [photo for photo in photos if st.session_state.get(f"tick-{photo.id}")]


def toolbar(photos: tuple[SavedPhoto, ...]) -> None:
    """Select all, download as zip, delete."""
    picked = chosen(photos)

    def tick_all() -> None:
        for photo in photos:
            st.session_state[f"tick-{photo.id}"] = st.session_state.tick_all

    with st.container(horizontal=True, vertical_alignment="center"):
        st.checkbox(t("my_photos.select_all"), key="tick_all", on_change=tick_all)
        st.caption(t("my_photos.selected", n=len(picked)))
        st.space("stretch")
        me, store = owner(), archive()
        st.download_button(
            t("my_photos.zip"),
            lambda: zipped(store, me, picked),
            file_name="vov_photos.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            disabled=not picked,
            on_click="ignore",
            key="zip",
        )
        if st.button(
            t("my_photos.delete"), icon=":material/delete:", disabled=not picked, key="delete"
        ):
            confirm_delete(picked)


def zipped(archive: Archive, owner: Owner, photos: list[SavedPhoto]) -> bytes:
    """The files of several photos in one archive; one that can't be read is left out."""
    buffer = io.BytesIO()
    used: set[str] = set()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for photo in photos:
            try:
                data = archive.read(owner, photo.id)
            except VovError as error:
                log.warning("left out of a zip: %s", error)
                continue
            bundle.writestr(unique(photo.receipt.file_name, used), data)
    return buffer.getvalue()


def confirm_delete(photos: list[SavedPhoto]) -> None:
    """Asks once, then deletes for good."""

    @st.dialog(t("my_photos.delete_title", n=len(photos)), icon=":material/delete_forever:")
    def ask() -> None:
        st.markdown(t("my_photos.delete_text"))
        with st.container(horizontal=True):
            if st.button(t("my_photos.delete_yes"), type="primary", key="delete_yes"):
                try:
                    deleted = archive().delete(owner(), [photo.id for photo in photos])
                except VovError as error:
                    st.error(say(error), icon=":material/error:")
                    return
                st.session_state.pop("tick_all", None)
                flash(t("my_photos.deleted", n=deleted), ":material/delete:")
                st.rerun()
            if st.button(t("my_photos.cancel"), key="delete_no"):
                st.rerun()

    ask()


def show_receipt(photo: SavedPhoto) -> None:
    """The receipt of one photo, with its picture and download."""

    @st.dialog(t("receipt.title"), width="large", icon=":material/receipt_long:")
    def receipt() -> None:
        picture = thumbnails((photo,)).get(photo.id)
        left, right = st.columns([1, 1.4])
        if picture:
            left.html(f'<img class="vov-picture" src="{picture}" alt="">')
        rows = "".join(
            f"<tr><th>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
            for label, value in lines(photo).items()
        )
        right.html(f'<table class="vov-receipt">{rows}</table>')

    receipt()


def _card(photo: SavedPhoto, picture: str | None) -> None:
    name = escape(photo.receipt.file_name)
    if picture:
        st.html(f'<img class="vov-picture vov-cover" src="{picture}" alt="" loading="lazy">')
    else:
        st.warning(t("my_photos.missing"), icon=":material/broken_image:")
    st.markdown(f"**{name}**")
    st.checkbox(t("my_photos.select"), key=f"tick-{photo.id}")
    st.caption(
        f"{photo.saved_at:%Y-%m-%d %H:%M} UTC · {size_text(photo.bytes)}  \n"
        f"{t(f'receipt.{photo.receipt.verdict}')} · {t(f'styles.{photo.receipt.style}')}"
    )
    with st.container(horizontal=True):
        me, store = owner(), archive()
        st.download_button(
            t("my_photos.download"),
            lambda: store.read(me, photo.id),
            file_name=photo.receipt.file_name,
            mime=f"image/{photo.receipt.format}",
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{photo.id}",
        )
        if st.button(
            t("my_photos.details"), icon=":material/receipt_long:", key=f"receipt-{photo.id}"
        ):
            show_receipt(photo)


def grid(photos: tuple[SavedPhoto, ...], columns: int = 3) -> None:
    """The photos as cards."""
    pictures = thumbnails(photos)
    for start in range(0, len(photos), columns):
        row = st.columns(columns)
        for column, photo in zip(row, photos[start : start + columns], strict=False):
            with column.container(border=True):
                _card(photo, pictures.get(photo.id))
