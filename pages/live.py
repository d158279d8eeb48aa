"""Live: the camera's picture with every finger tip covered, as it happens."""

from dataclasses import replace

import streamlit as st
from streamlit_webrtc import WebRtcMode, webrtc_streamer

from pages._shared import recordings, review
from pages._shared.frame import go_through_frame
from pages._shared.intake import take_in, tell_problems
from pages._shared.session import log, say, settings, t, workspace
from pages._shared.streaming import LiveStream
from pages._shared.stylesheets import stylesheet
from vov_core.errors import VovError
from vov_core.images import OutputFormat, encode
from vov_core.live import LiveMasker, VideoHands
from vov_core.masks import DEFAULT_STYLE, STYLES
from vov_core.pipeline import DEFAULT_COVERAGE, Look

go_through_frame("live")

KEY = "live_picture"
RECORD_SECONDS = 60
STALLED_SECONDS = 15
CONSTRAINTS = {
    "audio": False,
    "video": {
        "width": {"ideal": 640},
        "height": {"ideal": 480},
        "frameRate": {"ideal": 24, "max": 30},
    },
}
WORDS = (
    "start",
    "stop",
    "select_device",
    "select_camera",
    "media_api_not_available",
    "device_ask_permission",
    "device_not_available",
    "device_access_denied",
)
LIVE_STYLES = tuple(name for name, style in STYLES.items() if style.irreversible)


def look() -> Look:
    """Style and coverage as they are set now."""
    state = st.session_state
    return Look(
        style=state.get("live_style", DEFAULT_STYLE),
        coverage=state.get("live_coverage", round(DEFAULT_COVERAGE * 100)) / 100,
    )


def stream() -> LiveStream:
    """This session's live picture; one that has ended makes room for the next."""
    kept: LiveStream | None = st.session_state.get("live_stream")
    if kept is not None and kept.ended:
        # Stopped in the middle of a recording: what there is of it is not lost.
        finish()
    if kept is None or kept.ended:
        kept = LiveStream(lambda chosen: LiveMasker(VideoHands(), chosen), look(), RECORD_SECONDS)
        st.session_state.live_stream = kept
    kept.look = replace(look(), seed=kept.look.seed)
    return kept


def controls() -> None:
    """What may be changed while the picture runs."""
    st.session_state.setdefault("live_style", DEFAULT_STYLE)
    st.session_state.setdefault("live_coverage", round(DEFAULT_COVERAGE * 100))
    st.selectbox(
        t("controls.style"),
        LIVE_STYLES,
        format_func=lambda name: t(f"styles.{name}"),
        key="live_style",
        persist_state="session",
    )
    st.caption(t(f"styles.{st.session_state.live_style}_text"))
    st.slider(
        t("controls.coverage"),
        100,
        220,
        step=5,
        format="%d%%",
        help=t("controls.coverage_help"),
        key="live_coverage",
        persist_state="session",
    )


def snap() -> None:
    """Keeps the covered frame that was shown last, for the review."""
    pixels = st.session_state.live_stream.snapshot()
    if pixels is not None:
        st.session_state.live_snapshot = encode(pixels, OutputFormat.PNG)


def record() -> None:
    """Begins a recording."""
    recordings.forget()
    st.session_state.live_stream.record()


def finish() -> None:
    """Ends the recording and keeps it for the review."""
    try:
        recordings.keep(st.session_state.live_stream.finish_recording())
    except VovError as error:
        log.warning("a recording was not finished: %s", error)
        st.session_state.live_problem = say(error)


@st.fragment(run_every=1.0)
def figures(picture: LiveStream) -> None:
    """Frames per second and latency, measured here, every second."""
    pace = picture.pace()
    if picture.failed:
        st.error(t("live.failed"), icon=":material/error:")
        return
    if pace is None and picture.waited > STALLED_SECONDS:
        st.warning(t("live.stalled"), icon=":material/signal_disconnected:")
        return
    if pace is None:
        st.caption(f":material/hourglass_top: {t('live.waiting')}")
        return
    shown = {
        t("live.fps"): f"{pace.fps:.0f}",
        t("live.latency"): f"{pace.latency_ms:.0f} ms",
        t("live.covered"): f"{pace.covered}",
    }
    tiles = "".join(f"<div><b>{value}</b>{label}</div>" for label, value in shown.items())
    st.html(f'<div class="live-pace" role="status">{tiles}</div>')
    if (seconds := picture.recorded_seconds()) is not None:
        st.caption(
            f":red[:material/fiber_manual_record:] {t('live.recording', s=f'{seconds:.0f}')}"
        )


def buttons(picture: LiveStream, playing: bool) -> None:
    """Snapshot and recording; both take the covered picture."""
    with st.container(horizontal=True):
        st.button(
            t("live.snap"),
            icon=":material/photo_camera:",
            type="primary",
            disabled=not playing,
            on_click=snap,
            key="live_snap",
        )
        if picture.recorded_seconds() is None:
            st.button(
                t("live.record", s=RECORD_SECONDS),
                icon=":material/fiber_manual_record:",
                disabled=not playing,
                on_click=record,
                key="live_record",
            )
        else:
            st.button(
                t("live.end_recording"),
                icon=":material/stop_circle:",
                on_click=finish,
                key="live_end_recording",
            )


stylesheet("live")
st.title(t("live.title"))
st.markdown(t("live.lede"))
left, right = st.columns([2, 1], gap="large")
with right:
    controls()
picture = stream()
servers = [dict(server) for server in settings().ice_servers]
with left:
    context = webrtc_streamer(
        key=KEY,
        mode=WebRtcMode.SENDRECV,
        # Never None: streamlit-webrtc and aiortc would ask a server of Google's.
        rtc_configuration={"iceServers": servers},
        media_stream_constraints=CONSTRAINTS,
        source_video_track=picture.track,
        sink_video_track=picture,
        sendback_audio=False,
        media_toggle_controls=False,
        video_html_attrs={
            "autoPlay": True,
            "controls": False,
            "muted": True,
            "playsInline": True,
            "style": {"width": "100%", "borderRadius": "0.8rem", "background": "#0b110f"},
        },
        translations={name: t(f"live.{name}") for name in WORDS},
    )
    playing = bool(context.state.playing)
    if playing:
        figures(picture)
    buttons(picture, playing)
with right:
    st.caption(f":material/visibility_off: {t('live.promise')}")
    if not servers:
        st.caption(f":material/lan: {t('live.no_servers')}")
    st.caption(f":material/info: {t('live.limits')}")
if problem := st.session_state.pop("live_problem", None):
    st.error(problem, icon=":material/error:")
recordings.show()
if snapshot := st.session_state.pop("live_snapshot", None):
    count = st.session_state.get("live_count", 0) + 1
    st.session_state.live_count = count
    take_in([(f"live_{count}.png", snapshot)])
tell_problems()
if workspace().items:
    review.show()
