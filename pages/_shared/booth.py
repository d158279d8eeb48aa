"""The booth's guest in this session: shots, choices, the print, and how all of it is forgotten."""

import secrets
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import cv2
import numpy as np
import streamlit as st

from pages._shared.components import idle
from pages._shared.leaving import empty_session
from pages._shared.pictures import data_url, fit, jpeg
from pages._shared.receipts import settings_of
from pages._shared.samples import sample_bytes
from pages._shared.session import archive, finder, flash, log, owner, people, settings, t
from vov_core.archive import Receipt
from vov_core.booth import COLOURS, SHOTS, Design, Guest, Layout, Print, cell_size, compose
from vov_core.errors import VovError
from vov_core.images import ReadLimits, read_photo
from vov_core.masks import DEFAULT_STYLE, STYLES
from vov_core.pipeline import Look, Tuning, mask
from vov_core.select import Edits, Rules, select
from vov_core.workspace import Workspace

KEPT_IN_A_KIOSK = {"language", "framed"}
"""What of a session outlives its guest."""

BOOTH_STYLES = tuple(name for name, style in STYLES.items() if style.irreversible)
_SHOWN = ("hand_00300", "hand_00302", "hand_00119", "hand_00120")
_GRACE = 20.0
_WARN_SECONDS = 10
_SWATCH = 240


def guest() -> Guest:
    """This session's guest; made with the first shot."""
    if "booth_guest" not in st.session_state:
        limits = ReadLimits(
            max_bytes=settings().max_upload_mb * 1024**2,
            max_pixels=settings().max_megapixels * 1_000_000,
        )
        space = Workspace(finder, limits, settings().session_mb * 1024**2)
        st.session_state.booth_guest = Guest(space)
    found: Guest = st.session_state.booth_guest
    return found


def forget() -> None:
    """The guest is gone: nothing of theirs stays in this session."""
    state = st.session_state
    if "booth_guest" in state:
        state.booth_guest.clear()
    for key in [key for key in state if str(key).startswith("booth")]:
        del state[key]
    if settings().booth_kiosk:
        forget_everything()


def forget_everything() -> None:
    """In a kiosk the other pages are shared, too: their photos go, and so does who it was."""
    state = st.session_state
    member = state.get("member_token", "")
    if member:
        try:
            people().log_out(member)
        except VovError as error:
            # The session forgets the log-in anyway; the database's own time limit ends it.
            log.warning("a kiosk could not end a log-in: %s", error)
    empty_session(KEPT_IN_A_KIOSK)
    state.member_token, state.member_dead = "", member
    state.guest_token = secrets.token_urlsafe(32)
    state.guest_is_new = True


def watch() -> None:
    """Forgets the guest after idle time."""
    seconds = settings().booth_idle_seconds
    data = {
        "seconds": seconds,
        "warn": min(_WARN_SECONDS, seconds // 2),
        "title": t("booth.still_there"),
        "stay": t("booth.stay"),
    }
    idle(data, key="booth_idle", on_idle=_left)


def _left() -> None:
    """Nobody has touched the page for a while."""
    forget()
    flash(t("booth.forgotten"), ":material/cleaning_services:")
    if settings().booth_kiosk:
        st.session_state.booth_called = True


def watch_kiosk(page: str) -> None:
    """In a kiosk, guests also leave from other pages: they are forgotten there, too.

    Args:
        page: The address of the page that is shown.
    """
    if not settings().booth_kiosk:
        return
    if st.session_state.pop("booth_called", False) and page != "booth":
        st.switch_page("pages/booth.py")
    if page != "booth":
        forget_the_absent()
        watch()


def forget_the_absent() -> None:
    """For browsers whose clocks stood still (a closed laptop): forgets a guest who left."""
    last = st.session_state.get("booth_seen")
    if last and time.monotonic() - last > settings().booth_idle_seconds + _GRACE:
        forget()
    st.session_state.booth_seen = time.monotonic()


def layout() -> Layout:
    """The chosen layout."""
    return Layout(st.session_state.get("booth_layout", Layout.GRID))


def tuning() -> Tuning:
    """How the shots are covered: safe rules, in the chosen style."""
    return Tuning(look=Look(style=st.session_state.get("booth_style", DEFAULT_STYLE)))


def today() -> date:
    """The guest's own day."""
    return (datetime.now(UTC) - timedelta(minutes=st.context.timezone_offset or 0)).date()


def design() -> Design:
    """What the guest chose for the frame."""
    state = st.session_state
    return Design(
        layout=layout(),
        colour=state.get("booth_colour", next(iter(COLOURS))),
        caption=state.get("booth_caption", ""),
        day=today() if state.get("booth_dated", True) else None,
        brand=t("booth.brand"),
    )


def aspect() -> str:
    """Width to height of a shot, for the camera's window."""
    width, height = cell_size(layout())
    return f"{width} / {height}"


def cell_picture(slot: int) -> str | None:
    """A covered shot for the screen, as a data address."""
    cell = guest().cell(slot, tuning(), layout())
    return None if cell is None else data_url(jpeg(cell, 85))


def receipt_of(made: Print) -> Receipt:
    """The facts of a print; nothing that shows it."""
    report = made.output.report
    return Receipt(
        output_sha256=report.sha256,
        file_name=file_name(made),
        format=str(made.output.format),
        width=report.width,
        height=report.height,
        verdict=made.verdict,
        hands=sum(len(item.findings.hands) for item in made.items),
        regions_found=sum(len(selection.found) for selection in made.selections),
        fingerprints_covered=made.covered,
        left_out=0,
        drawn=0,
        models=made.items[0].findings.models,
        ms_total=made.output.ms + sum(sum(item.findings.ms.values()) for item in made.items),
        **settings_of(made.tuning.look, made.tuning.rules),
        **asdict(made.exposure),
    )


def file_name(made: Print) -> str:
    """What the download is called."""
    suffix = {"jpeg": "jpg"}.get(str(made.output.format), str(made.output.format))
    return f"vov_four_cut.{suffix}"


def save() -> None:
    """Puts the print into the archive, like a photo."""
    made: Print = st.session_state.booth_prints["jpeg"]
    saved = archive().save(made.output.data, receipt_of(made), owner(), save_id=made.save_id)
    st.session_state.booth_saved = saved.id


# Safe to share between sessions: the samples are rendered and come with the app.
@st.cache_resource(show_spinner=False)
def shown_frames(brand: str) -> dict[str, str]:
    """Finished frames of the samples, as data addresses, for the attract screen and the choices."""
    shots = []
    for name in _SHOWN:
        photo = read_photo(sample_bytes(name))
        selection = select(finder().find(photo.sha256, photo.pixels), Rules(), Edits())
        shots.append(mask(photo, selection, Look()).pixels)
    made = {}
    for form, colour in ((Layout.GRID, "peach"), (Layout.STRIP, "night"), (Layout.GRID, "mint")):
        frame = compose(shots, Design(layout=form, colour=colour, caption="VOV", brand=brand))
        made[f"{form}-{colour}"] = data_url(jpeg(frame[::2, ::2], 86))
    return made


@st.cache_resource(show_spinner=False)
def swatch(form: Layout, colour: str) -> str:
    """An empty frame in the middle of a clear square, as a data address."""
    frame = fit(compose([None] * SHOTS, Design(layout=form, colour=colour)), _SWATCH)
    height, width = frame.shape[:2]
    square = np.zeros((_SWATCH, _SWATCH, 4), np.uint8)
    left = (_SWATCH - width) // 2
    square[:height, left : left + width] = np.dstack(
        (frame[..., ::-1], np.full((height, width), 255, np.uint8))
    )
    return data_url(cv2.imencode(".png", square)[1].tobytes(), "image/png")
