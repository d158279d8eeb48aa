"""What protects? How often covered prints could still be matched, measured."""

import streamlit as st

from pages._shared import proven
from pages._shared.frame import figures, go_through_frame
from pages._shared.session import number, t
from vov_core.masks import STYLES
from vov_core.protection import proof

go_through_frame("proof")

CHART = {"displayModeBar": False}
measured = proof()
safe = [name for name in STYLES if STYLES[name].irreversible]
worst = max((rate for name in safe if (rate := measured.worst(name))), key=lambda r: r.share)

st.title(t("proof.title"))
st.html(f'<p class="lede">{t("proof.lede")}</p>')
figures(
    {
        t("proof.tile_before"): proven.percent(measured.uncovered[0]),
        t("proof.tile_after"): proven.percent(worst),
        t("proof.tile_fingers"): number(measured.identities),
        t("proof.tile_pictures"): number(measured.attempts),
    }
)
st.markdown(t("proof.meaning"))

st.subheader(t("proof.by_style"))
st.caption(t("proof.by_style_text", rate=f"{measured.rates[0]:.0%}"))
st.plotly_chart(proven.by_style(measured), config=CHART, key="proof_styles")
share, low, high = (f"{value:.0%}" for value in measured.coin)
st.markdown(t("proof.coin", share=share, low=low, high=high))
with st.expander(t("proof.table"), icon=":material/table:"):
    st.dataframe(proven.table(measured), hide_index=True)
    st.caption(t("proof.table_text"))

st.subheader(t("proof.attacks"))
st.markdown(t("proof.attacks_text"))
st.html(proven.pictures(measured))

st.subheader(t("proof.limits"))
st.markdown(t("proof.limits_text"))
for column, (name, limit) in zip(st.columns(2), measured.limits.items(), strict=False):
    with column:
        st.markdown(f"**{t(f'styles.{name}')}**")
        st.plotly_chart(proven.limit(limit, measured.rates[0]), config=CHART, key=f"proof_{name}")
        st.caption(proven.limit_words(limit))

if rendered := measured.rendered:
    st.subheader(t("proof.rendered"))
    st.markdown(
        t(
            "proof.rendered_text",
            hands=number(rendered.hands),
            fingers=number(rendered.fingers),
            photos=number(rendered.photos),
            scale=f"{rendered.per_ridge:.1f}",
            found=number(rendered.found),
            pads=number(rendered.pads),
            before=proven.interval(rendered.uncovered[0]),
            after=proven.interval(rendered.worst(safe)),
        )
    )
    with st.expander(t("proof.rendered_table"), icon=":material/table:"):
        st.dataframe(proven.table(rendered), hide_index=True)

st.subheader(t("proof.how"))
st.markdown(
    t(
        "proof.how_text",
        fingers=number(measured.identities),
        scales=proven.scales(measured),
        pairs=number(measured.stranger_pairs),
        pictures=number(measured.attempts),
    )
)
honest, never = st.columns(2)
with honest.container(border=True, height="stretch"):
    st.markdown(f"#### :material/balance: {t('proof.limits_of_proof')}")
    st.markdown(t("proof.limits_of_proof_text"))
with never.container(border=True, height="stretch"):
    st.markdown(f"#### :material/block: {t('proof.never')}")
    st.markdown(t("proof.never_text"))
st.page_link("pages/protect.py", label=t("proof.to_protect"), icon=":material/back_hand:")
