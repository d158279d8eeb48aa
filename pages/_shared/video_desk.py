"""This session's video and the process's queue of video work."""

from collections.abc import Callable

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages._shared.session import finder, settings, workspace
from vov_core.video import JobQueue, VideoDesk, VideoLimits


@st.cache_resource(show_spinner=False)
def queue() -> JobQueue:
    """Shared by all sessions, so that a few videos at a time get all the machine."""
    return JobQueue(settings().video_jobs)


def _presence() -> Callable[[], bool]:
    """Tells whether this session's browser is still there, from any thread."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    session, running = context.session_id, runtime.get_instance()
    return lambda: running.is_active_session(session)


def limits() -> VideoLimits:
    """What a video may be here."""
    chosen = settings()
    return VideoLimits(
        max_bytes=chosen.max_video_mb * 1024**2,
        max_seconds=chosen.max_video_seconds,
        max_pixels=chosen.max_video_megapixels * 1_000_000,
    )


def video_desk() -> VideoDesk:
    """This session's video. Made on first use, gone with the session."""
    if "video_desk" not in st.session_state:
        space = workspace()
        st.session_state.video_desk = VideoDesk(
            finder,
            queue(),
            limits(),
            settings().session_mb * 1024**2,
            held_elsewhere=lambda: space.held,
            present=_presence(),
            grace_seconds=settings().video_grace_seconds,
        )
    desk: VideoDesk = st.session_state.video_desk
    return desk
