"""Protect: upload, find, tune, compare, approve, save."""

from typing import Any

import streamlit as st

from pages._shared import review
from pages._shared.components import pictures_to_pick
from pages._shared.frame import go_through_frame
from pages._shared.intake import examine, put, tell_problems
from pages._shared.pictures import data_url
from pages._shared.samples import NAMES, sample_bytes, sample_thumbnail
from pages._shared.session import t, workspace

go_through_frame("protect")


def uploader() -> None:
    """The drop area. It is emptied after reading, so that no second copy stays in memory."""
    generation = st.session_state.setdefault("upload_generation", 0)
    files = st.file_uploader(
        t("protect.upload"),
        accept_multiple_files=True,
        key=f"upload-{generation}",
        label_visibility="collapsed",
    )
    if files:
        put([(file.name, file.getvalue()) for file in files])
        st.session_state.upload_generation = generation + 1
        st.rerun()


def pick_sample() -> None:
    """Takes the clicked sample as if it had been uploaded."""
    name = st.session_state.samples.pick
    if name in NAMES:
        st.session_state.wanted_sample = name


def samples() -> None:
    """Samples for people without a photo at hand."""
    options: list[dict[str, Any]] = [
        {
            "id": name,
            "name": t(f"samples.{name}"),
            "picture": data_url(sample_thumbnail(name)),
        }
        for name in NAMES
    ]
    pictures_to_pick(
        options, "", key="samples", label=t("protect.samples"), on_pick=pick_sample, shape="strip"
    )


def wanted_sample() -> None:
    """Takes in the sample that was clicked here or on the home page."""
    name = st.session_state.pop("wanted_sample", None)
    if name:
        put([(f"{name}.jpg", sample_bytes(name))])


st.title(t("protect.title"))
wanted_sample()
with st.container():
    examine()
if workspace().items:
    with st.expander(t("protect.more"), icon=":material/add_photo_alternate:"):
        uploader()
        samples()
else:
    st.markdown(t("protect.lede"))
    uploader()
    st.markdown(f"**{t('protect.samples')}**")
    samples()
tell_problems()
if workspace().items:
    review.show()
