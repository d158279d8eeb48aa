"""Saved photos: search, select, the grid, and what can be done with them."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import streamlit as st

from pages._shared.downloads import ZIP_NAME, zip_address
from pages._shared.mailing import ask_for_address, mail_button
from pages._shared.pictures import data_url
from pages._shared.receipts import lines, size_text
from pages._shared.session import (
    archive,
    escape,
    flash,
    language,
    local,
    log,
    number,
    outbox,
    owner,
    say,
    t,
    time_zone,
)
from pages._shared.sharing import MOST, show_links
from vov_core.archive import SavedPhoto
from vov_core.bundle import zip_stream
from vov_core.errors import VovError
from vov_core.findings import Verdict
from vov_core.images.thumbnail import FORMAT
from vov_core.media import is_video, media_type
from vov_core.texts import text

# Nothing that Markdown could take for its own: an underscore inside of a word is none.
_PLAIN_NAME = re.compile(r"(?!www\.)[^\W_](?:[\w ()-]*[\w)])?(?:\.[^\W_]+)?")
_AT_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_KEPT = 96
_MOST_IN_MEMORY = 200_000_000
_DELETED_AT_ONCE = 20


@dataclass(frozen=True)
class Search:
    """Which photos are asked for, in which order."""

    filters: Mapping[str, Any]
    newest_first: bool


def search() -> Search:
    """The row of filters."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="search"):
        days = st.date_input(
            t("my_photos.days"),
            (),
            max_value=local(datetime.now(UTC)).date(),
            format="YYYY-MM-DD",
            key="gallery_days",
            width=260,
        )
        verdict = st.selectbox(
            t("my_photos.verdict"),
            ["any", *Verdict],
            format_func=lambda verdict: t(f"my_photos.{verdict}"),
            key="gallery_verdict",
            width=220,
        )
        order = st.selectbox(
            t("my_photos.order"),
            ["newest", "oldest"],
            format_func=lambda name: t(f"my_photos.{name}"),
            key="gallery_order",
            width=150,
        )
    filters: dict[str, Any] = _between(days if isinstance(days, tuple) else ())
    if verdict and verdict != "any":
        filters["verdict"] = verdict
    return Search(filters, order != "oldest")


def _between(days: Sequence[date]) -> dict[str, datetime]:
    """Whole days of the person's own clock. A range of which only one end is chosen waits."""
    if len(days) != 2:
        return {}
    first, last = days
    return {
        "since": datetime.combine(first, time(), time_zone()),
        "until": datetime.combine(last + timedelta(days=1), time(), time_zone()),
    }


def forget_search() -> None:
    """Back to all photos."""
    for name in ("gallery_days", "gallery_verdict", "gallery_order", "gallery_page"):
        st.session_state.pop(name, None)


def nothing_yet() -> None:
    """What somebody without photos sees."""
    st.html(
        '<div class="vov-empty"><i aria-hidden="true">photo_library</i>'
        f"<h2>{t('my_photos.empty_title')}</h2><p>{t('my_photos.empty')}</p></div>"
    )
    with st.container(horizontal_alignment="center"):
        if st.button(
            t("my_photos.protect"), type="primary", icon=":material/back_hand:", key="protect"
        ):
            st.switch_page("pages/protect.py")


def thumbnails(photos: Sequence[SavedPhoto]) -> Mapping[str, str | None]:
    """Small pictures of saved outputs, kept in this session."""
    kept: dict[str, str | None] = st.session_state.setdefault("gallery_thumbnails", {})
    missing = [photo.id for photo in photos if not kept.get(photo.id)]
    if missing:
        found = archive().thumbnails(owner(), missing)
        for photo_id in missing:
            small = found.get(photo_id)
            kept[photo_id] = data_url(small, f"image/{FORMAT}") if small else None
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)))
    return kept


def picked() -> dict[str, int]:
    """What is selected, on all pages: photo id -> bytes. Another person starts with nothing."""
    whose, chosen = st.session_state.get("gallery_picked", ("", {}))
    if whose != owner().key:
        chosen = {}
        st.session_state.gallery_picked = (owner().key, chosen)
    selection: dict[str, int] = chosen
    return selection


def _pick(photos: Sequence[SavedPhoto], ticked: bool) -> None:
    chosen = picked()
    for photo in photos:
        if ticked:
            chosen[photo.id] = photo.bytes
        else:
            chosen.pop(photo.id, None)


def _pick_all(wanted: Search) -> None:
    try:
        picked().update(archive().all_sizes(owner(), **wanted.filters))
    except VovError as error:
        flash(say(error), ":material/error:")


def toolbar(photos: Sequence[SavedPhoto], found: int, wanted: Search) -> None:
    """Select, and what can be done with the selection."""
    chosen = picked()
    with st.container(horizontal=True, vertical_alignment="center", key="selection"):
        _select_page(photos)
        if len(chosen) < found > len(photos):
            st.button(
                t("my_photos.select_found", n=number(found)),
                type="tertiary",
                on_click=_pick_all,
                args=(wanted,),
                key="pick_all",
            )
        if chosen:
            clear = t("my_photos.select_none")
            st.button(clear, type="tertiary", on_click=chosen.clear, key="pick_none")
            size = size_text(sum(chosen.values()))
            st.caption(t("my_photos.selected", n=number(len(chosen)), size=size), width="content")
        st.space("stretch")
        _zip_button(chosen)
        mail_button(list(chosen))
        if st.button(
            t("share.button"),
            icon=":material/link:",
            disabled=not 0 < len(chosen) <= MOST,
            help=t("share.most", n=MOST) if len(chosen) > MOST else None,
            key="share",
        ):
            show_links([archive().get(owner(), photo_id) for photo_id in chosen])
        if st.button(
            t("my_photos.delete"), icon=":material/delete:", disabled=not chosen, key="delete"
        ):
            confirm_delete(list(chosen))


def _select_page(photos: Sequence[SavedPhoto]) -> None:
    st.session_state.tick_all = all(photo.id in picked() for photo in photos)
    st.checkbox(
        t("my_photos.select_all"),
        key="tick_all",
        on_change=lambda: _pick(photos, st.session_state.tick_all),
    )


def _zip_button(chosen: Mapping[str, int]) -> None:
    """A link to a zip that is written while it travels; without VOV's own server one in memory."""
    label, address = t("my_photos.zip"), zip_address(tuple(chosen))
    if address:
        href = (
            f'href="{address}" download="{ZIP_NAME}"'
            if chosen
            else 'role="link" aria-disabled="true"'
        )
        icon = '<i aria-hidden="true">folder_zip</i>'
        st.html(f'<a class="vov-button" {href}>{icon}{label}</a>', width="content")
        return
    too_large = sum(chosen.values()) > _MOST_IN_MEMORY
    limit = size_text(_MOST_IN_MEMORY)
    me, store, names, spoken = owner().key, archive(), list(chosen), language()
    st.download_button(
        label,
        lambda: b"".join(
            zip_stream(
                names,
                lambda name: store.file(me, name),
                lambda n: text(spoken, "my_photos.not_in_zip", n=n),
            )
        ),
        file_name=ZIP_NAME,
        mime="application/zip",
        icon=":material/folder_zip:",
        disabled=not chosen or too_large,
        help=t("my_photos.zip_limit", limit=limit) if too_large else None,
        on_click="ignore",
        key="zip",
    )


def confirm_delete(photo_ids: Sequence[str]) -> None:
    """Asks once, then deletes for good."""
    count = number(len(photo_ids))

    @st.dialog(t("my_photos.delete_title", n=count), icon=":material/delete_forever:")
    def ask() -> None:
        st.markdown(t("my_photos.delete_text"))
        with st.container(horizontal=True):
            sure = st.button(t("my_photos.delete_yes"), type="primary", key="delete_yes")
            if st.button(t("my_photos.cancel"), key="delete_no"):
                st.rerun()
        if sure and _deleted(photo_ids):
            st.rerun()

    ask()


def _deleted(photo_ids: Sequence[str]) -> bool:
    """Deletes with progress; says so, or what went wrong."""
    deleted, bar = 0, st.progress(0.0)
    try:
        for start in range(0, len(photo_ids), _DELETED_AT_ONCE):
            chunk = photo_ids[start : start + _DELETED_AT_ONCE]
            deleted += archive().delete(owner(), chunk)
            for photo_id in chunk:
                picked().pop(photo_id, None)
            bar.progress((start + len(chunk)) / len(photo_ids))
    except VovError as error:
        log.warning("a delete stopped: %s", error)
        st.error(say(error), icon=":material/error:")
        return False
    flash(t("my_photos.deleted", n=number(deleted)), ":material/delete:")
    return True


def show_receipt(photo: SavedPhoto) -> None:
    """The receipt of one photo, with its picture."""

    @st.dialog(t("receipt.title"), width="large", icon=":material/receipt_long:")
    def receipt() -> None:
        small = thumbnails((photo,)).get(photo.id)
        left, right = st.columns([1, 1.4])
        if small:
            left.html(f'<img class="vov-picture" src="{small}" alt="">')
        rows = "".join(
            f"<tr><th>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
            for label, value in lines(photo).items()
        )
        right.html(f'<table class="vov-receipt">{rows}</table>')

    receipt()


def grid(photos: Sequence[SavedPhoto]) -> None:
    """The photos as cards, as many in a row as fit."""
    pictures = thumbnails(photos)
    with st.container(key="gallery"):
        for photo in photos:
            with st.container(border=True, key=f"card-{photo.id}"):
                _card(photo, pictures.get(photo.id))


def _card(photo: SavedPhoto, small: str | None) -> None:
    receipt = photo.receipt
    if small:
        badge = '<i class="vov-play">▶</i>' if is_video(receipt.format) else ""
        image = f'<img class="vov-picture vov-cover" src="{small}" alt="" loading="lazy">'
        st.html(f'<div class="vov-card">{image}{badge}</div>')
    else:
        st.html(f'<div class="vov-lost">{t("my_photos.missing")}</div>')
    tick = f"tick-{photo.id}"
    st.session_state[tick] = photo.id in picked()
    st.checkbox(
        _label(receipt.file_name),
        key=tick,
        on_change=lambda: _pick((photo,), st.session_state[tick]),
    )
    st.html(
        f'<p class="vov-facts">{local(photo.saved_at):%Y-%m-%d %H:%M} · {size_text(photo.bytes)}'
        f"<br>{t(f'styles.{receipt.style}')}</p>"
        f'<span class="vov-pill {receipt.verdict}">{t(f"my_photos.{receipt.verdict}")}</span>'
    )
    with st.container(horizontal=True):
        me, store = owner(), archive()
        st.download_button(
            t("my_photos.download"),
            lambda: store.read(me, photo.id),
            file_name=receipt.file_name,
            mime=media_type(receipt.format),
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{photo.id}",
        )
        _menu(photo)


def _label(name: str) -> str:
    """A file name as the label of a widget: screen readers would read an escape aloud."""
    plain = _PLAIN_NAME.fullmatch(name) and not _AT_EDGE.search(name)
    return name if plain else escape(name)


def _menu(photo: SavedPhoto) -> None:
    """What else can be done with one photo."""
    choices = {
        "receipt": lambda: show_receipt(photo),
        "share": lambda: show_links((photo,)),
        "mail": lambda: ask_for_address((photo.id,)),
        "delete": lambda: confirm_delete((photo.id,)),
    }
    if not outbox().is_on:
        del choices["mail"]
    chosen = st.menu_button(
        t("my_photos.more"),
        list(choices),
        format_func=lambda name: t(f"my_photos.menu_{name}"),
        key=f"menu-{photo.id}",
    )
    if chosen:
        choices[chosen]()
