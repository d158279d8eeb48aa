"""Tuning lab: what a setting does to many photos at once."""

import streamlit as st

from pages._shared.frame import go_through_frame
from pages._shared.lab import engines, labels, loading, panel, presets, views
from pages._shared.lab.state import VIEWS, lab, prepare, trial, write_address
from pages._shared.session import show_flashes, t

go_through_frame("lab")

SHOWN = {
    "grid": views.grid,
    "multiples": views.multiples,
    "scores": views.distribution,
    "changes": views.differences,
    "labels": labels.show,
    "engines": engines.show,
    "presets": presets.show,
}


@st.fragment
def tune() -> None:
    """Everything that answers a slider. A fragment, so that the rest stays as it is."""
    show_flashes()
    state = lab()
    if not state.detector:
        st.info(t("lab.needs_detector"), icon=":material/info:")
    panel.sliders(state.detector)
    now = trial()
    panel.numbers(state, now)
    view = st.segmented_control(
        t("lab.view"),
        VIEWS,
        required=True,
        format_func=lambda name: t(f"lab.view_{name}"),
        key="lab_view",
        label_visibility="collapsed",
        persist_state="session",
    )
    write_address(now)
    SHOWN[view](state, now)


st.title(t("lab.title"))
st.html(f'<p class="lede">{t("lab.lede")}</p>')
prepare()
if "lab_seen" not in st.session_state:
    st.session_state.lab_seen = True
    if st.query_params.get("set") == "samples":
        loading.load_samples()
state = lab()
for problem in state.problems:
    st.error(problem, icon=":material/broken_image:")
if state.queue:
    loading.examine_next(state, state.queue)
elif state.entries:
    with st.expander(t("lab.load_more"), icon=":material/add_photo_alternate:"):
        loading.chooser()
    tune()
else:
    loading.chooser()
