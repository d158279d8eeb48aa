"""Home: what VOV does, in one screen."""

import streamlit as st

from pages._shared.components import compare
from pages._shared.demo import demo_pictures
from pages._shared.frame import PAGES, figures, go_through_frame
from pages._shared.groups import count_of, field_name
from pages._shared.samples import DEMO
from pages._shared.session import escape, history, number, t, told_errors
from vov_core.history import without_small

go_through_frame("home")

STEPS = ("upload", "compare", "approve")
LINKS = (
    *("protect", "camera", "booth", "live", "video"),
    *("my_photos", "history", "lab", "proof", "about"),
)
LINKS_PER_ROW = 5


def start_demo() -> None:
    """Takes the demo sample to the Protect page."""
    st.session_state.wanted_sample = DEMO


left, right = st.columns([1, 1.05], gap="large", vertical_alignment="center")
with left:
    st.title(t("home.title"))
    st.html(f'<p class="lede">{t("home.lede")}</p>')
    with st.container(horizontal=True):
        if st.button(
            t("home.demo"),
            type="primary",
            icon=":material/play_arrow:",
            on_click=start_demo,
            key="demo",
        ):
            st.switch_page("pages/protect.py")
        if st.button(t("home.own"), icon=":material/upload:", key="own"):
            st.switch_page("pages/protect.py")
    st.caption(f":material/lock: {t('home.promise')}")

st.space("small")
with told_errors():
    source = history()
    totals, kinds = source.totals(), without_small(source.by_kind())
    share = totals.danger / totals.photos if totals.photos else 0
    figures(
        {
            t("home.photos"): number(totals.photos),
            t("home.fingerprints"): number(totals.fingerprints),
            t("home.danger_share"): f"{share:.0%}" if totals.photos else "–",
            t("home.members"): count_of("member", kinds),
            t("home.guests"): count_of("guest", kinds),
        }
    )
    if fields := source.fields_of_work():
        names = " · ".join(f"{escape(field_name(f.name))} {number(f.photos)}" for f in fields)
        st.caption(f":material/work: {t('home.fields')}: {names}")

st.subheader(t("home.how"))
for column, (n, step) in zip(st.columns(3), enumerate(STEPS, 1), strict=True):
    with column.container(border=True, height="stretch"):
        st.markdown(f"#### {n}. {t(f'home.step_{step}')}")
        st.markdown(t(f"home.step_{step}_text"))

st.subheader(t("home.where"))
for start in range(0, len(LINKS), LINKS_PER_ROW):
    row = st.columns(LINKS_PER_ROW)
    for column, name in zip(row, LINKS[start : start + LINKS_PER_ROW], strict=False):
        with column.container(border=True, height="stretch"):
            st.page_link(f"pages/{name}.py", label=t(f"nav.{name}"), icon=PAGES[name])
            st.caption(t(f"home.to_{name}"))

# Last, since the first visit of a process loads the models here: the page must not wait for it.
with right:
    before, after = demo_pictures()
    compare(before, after, t("review.before"), t("review.after"), t("review.slider_label"), "hero")
    st.caption(t("home.sample_note"))
