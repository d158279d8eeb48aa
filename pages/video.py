"""Video: upload, follow the hands, compare, leave open by choice, approve, save."""

import streamlit as st

from pages._shared import video_review
from pages._shared.frame import go_through_frame, upload_words
from pages._shared.session import escape, log, say, t
from pages._shared.video_desk import limits, video_desk
from vov_core.errors import VovError
from vov_core.images import safe_name

go_through_frame("video")


def take_in(name: str, data: bytes) -> None:
    """Looks at a new video. One that can't be used is told, and what was here stays."""
    st.session_state.video_problem = None
    try:
        video_desk().take(name, data)
    except VovError as error:
        log.warning("a video was refused: %s", error)
        st.session_state.video_problem = t(
            "protect.problem", name=escape(safe_name(name)), reason=say(error)
        )


def uploader() -> None:
    """The drop area. It is emptied after reading, so that no second copy stays in memory."""
    generation = st.session_state.setdefault("video_generation", 0)
    most = limits()
    upload_words(
        t("video.drop", mb=most.max_bytes // 1024**2, minutes=f"{most.max_seconds / 60:g}"),
        t("video.browse"),
    )
    file = st.file_uploader(
        t("video.upload"),
        key=f"video-upload-{generation}",
        label_visibility="collapsed",
        max_upload_size=most.max_bytes // 1024**2,
    )
    if file is not None:
        with st.spinner(t("video.reading")):
            take_in(file.name, file.getvalue())
        st.session_state.video_generation = generation + 1
        st.rerun()


st.title(t("video.title"))
if video_desk().item is None:
    st.markdown(t("video.lede"))
    uploader()
    st.caption(f":material/lock: {t('video.promise')}")
else:
    with st.expander(t("video.another"), icon=":material/video_call:"):
        uploader()
if problem := st.session_state.get("video_problem"):
    st.error(problem, icon=":material/movie_off:")
if video_desk().item is not None:
    video_review.show()
