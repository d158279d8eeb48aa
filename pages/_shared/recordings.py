"""A finished recording of the live picture: look, approve, download, save. Covered frames only."""

import uuid

import streamlit as st

from pages._shared import keeping
from pages._shared.pictures import data_url
from pages._shared.receipts import recording_receipt_of, size_text
from pages._shared.session import archive, flash, owner, t
from vov_core.findings import Verdict
from vov_core.live import Recording
from vov_core.media import VIDEO_FORMAT, media_type

FILE_NAME = "vov_live.mp4"


def keep(recording: Recording | None) -> None:
    """Takes a recording in for the review; what was here before is forgotten."""
    if recording is None:
        return
    forget()
    st.session_state.live_recording = recording
    flash(t("live.recorded"), ":material/movie:")


def forget() -> None:
    """Throws the recording away."""
    for name in ("live_recording", "live_save_id", "live_saved"):
        st.session_state.pop(name, None)


def _approve() -> None:
    """The person has seen it. The id makes saving twice harmless."""
    st.session_state.live_save_id = uuid.uuid4()


def _save() -> None:
    state = st.session_state
    recording: Recording = state.live_recording
    state.live_saved = (
        archive()
        .save(
            recording.data,
            recording_receipt_of(recording, FILE_NAME),
            owner(),
            save_id=state.live_save_id,
        )
        .id
    )


def show() -> None:
    """The recording, if there is one, and what comes next for it."""
    recording: Recording | None = st.session_state.get("live_recording")
    if recording is None:
        return
    with st.container(border=True):
        st.subheader(t("live.review_recording"))
        left, right = st.columns([1.6, 1], gap="medium")
        # In the page itself: Streamlit's media files have addresses that others could ask for.
        address = data_url(recording.data, media_type(VIDEO_FORMAT))
        left.html(f'<video class="vov-picture" controls playsinline src="{address}"></video>')
        with right:
            _verdict(recording)
            if "live_save_id" in st.session_state:
                _approved(recording)
            else:
                st.button(
                    t("actions.approve"),
                    type="primary",
                    icon=":material/verified_user:",
                    width="stretch",
                    on_click=_approve,
                    key="live_approve",
                )
            st.button(
                t("protect.remove"),
                icon=":material/close:",
                width="stretch",
                on_click=forget,
                key="live_remove",
            )
            facts = t(
                "live.recording_facts",
                seconds=f"{recording.seconds:.1f}",
                size=size_text(len(recording.data)),
            )
            st.caption(facts)


def _verdict(recording: Recording) -> None:
    if recording.verdict is Verdict.DANGER:
        kind, title = "danger", t("live.danger", n=recording.covered)
        words = t("live.danger_text")
    else:
        kind, title, words = "nothing_found", t("verdict.nothing"), t("video.nothing_text")
    st.html(f'<div class="verdict {kind}" role="status"><b>{title}</b>{words}</div>')


def _approved(recording: Recording) -> None:
    st.success(
        t(
            "actions.approved",
            kb=f"{len(recording.data) / 1024:,.0f}",
            hash=recording.sha256[:12],
        ),
        icon=":material/verified_user:",
    )
    st.download_button(
        t("actions.download"),
        recording.data,
        file_name=FILE_NAME,
        mime=media_type(VIDEO_FORMAT),
        type="primary",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        key="live_download",
    )
    keeping.offer("live", st.session_state.get("live_saved", ""), _save)
