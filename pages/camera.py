"""Camera: take a photo here, then review it like an upload."""

import streamlit as st

from pages._shared import review
from pages._shared.components import camera
from pages._shared.frame import go_through_frame
from pages._shared.intake import take_in, tell_problems
from pages._shared.session import t, workspace
from pages._shared.shots import shot_of, texts

go_through_frame("camera")


def taken() -> None:
    """The browser sent a photo; it is read when the page runs, where progress can be shown."""
    shot = shot_of(st.session_state.camera.shot)
    if shot:
        st.session_state.camera_shot = shot
        st.session_state.camera_open = False


def again() -> None:
    """Opens the camera for another photo."""
    st.session_state.camera_open = True


st.title(t("camera.title"))
if shot := st.session_state.pop("camera_shot", None):
    count = st.session_state.get("camera_count", 0) + 1
    st.session_state.camera_count = count
    take_in([(f"camera_{count}.jpg", shot.data)])

if st.session_state.get("camera_open", True) or not workspace().items:
    st.markdown(t("camera.lede"))
    data = {"texts": texts(), "facing": "environment", "countdown": 0, "still": True}
    camera(data, key="camera", on_shot=taken)
else:
    st.button(
        t("camera.another"), icon=":material/photo_camera:", on_click=again, key="camera_again"
    )
tell_problems()
if workspace().items and not st.session_state.get("camera_open", True):
    review.show()
