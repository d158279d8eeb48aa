"""About: how it works, what is active, what each style protects against, what is kept."""

import pandas as pd
import streamlit as st

from pages._shared import proven, workings
from pages._shared.demo import style_pictures
from pages._shared.frame import figures, go_through_frame, picture
from pages._shared.session import t
from vov_core import __version__
from vov_core.detector import ONNX_MODEL
from vov_core.masks import STYLES
from vov_core.models import WEIGHTS, Model, is_available, manifest, model

go_through_frame("about")


def origin(entry: Model) -> str:
    """Where a model comes from; a package's name and hash are the same in every language."""
    return t("about.origin_own") if entry.origin.startswith("training/") else entry.origin


st.title(t("about.title"))
st.html(f'<p class="lede">{t("about.lede")}</p>')

st.subheader(t("about.how"))
for column, step in zip(st.columns(4), workings.STEPS, strict=True):
    with column.container(border=True, height="stretch"):
        st.html(workings.markup(step))
        st.markdown(f"**{t(f'about.how_{step}')}**")
        st.caption(t(f"about.how_{step}_text"))

st.subheader(t("about.styles"))
st.markdown(t("about.styles_text"))
pictures = style_pictures()
PER_ROW = 4
names = list(STYLES)
for start in range(0, len(names), PER_ROW):
    with st.container(key=f"pictures-{start}"):
        row = st.columns(PER_ROW)
    for column, name in zip(row, names[start : start + PER_ROW], strict=False):
        with column.container(border=True, height="stretch"):
            picture(pictures[name])
            st.markdown(f"**{t(f'styles.{name}')}**")
            if STYLES[name].irreversible:
                st.badge(t("styles.irreversible"), icon=":material/lock:", color="green")
            else:
                st.badge(t("styles.cosmetic"), icon=":material/warning:", color="orange")
            st.caption(t(f"styles.{name}_text"))
            st.caption(f":material/verified_user: {proven.sentence(name)}")
st.page_link("pages/proof.py", label=t("proof.more"), icon=":material/verified_user:")

kept, never = st.columns(2)
with kept.container(border=True, height="stretch"):
    st.markdown(f"#### :material/inventory_2: {t('about.kept')}")
    st.markdown(t("about.kept_text"))
with never.container(border=True, height="stretch"):
    st.markdown(f"#### :material/block: {t('about.never')}")
    st.markdown(t("about.never_text"))

st.subheader(t("about.limits"))
st.markdown(t("about.limits_text"))

scores = model(ONNX_MODEL).facts.get("scores") if is_available(ONNX_MODEL) else None
if scores:
    joined, empty = scores["whole_way"], scores["without_hands"]
    st.subheader(t("about.found"))
    st.markdown(
        t("about.found_text", photos=scores["photos"], pads=joined["pads"], nails=joined["nails"])
    )
    figures(
        {
            t("about.found_covered"): f"{scores['covers']['safe']['covered']:.1%}",
            t("about.found_precision"): f"{joined['AP50']:.3f}",
            t("about.found_nails"): f"{joined['nails_called_fingerprint']:.1%}",
            t("about.found_empty"): f"{empty['covered']:.2f}",
        }
    )
    st.caption(t("about.found_empty_help", photos=empty["photos"]))
    with st.expander(t("about.card"), icon=":material/article:"):
        card = (WEIGHTS / "README.md").read_text("utf-8")
        for_all, _ = card[card.index("## Model card") :].split("### How to train")
        text, pictured = for_all.split("![", 1)
        st.markdown(text.replace("\n#", "\n##"))
        st.image((WEIGHTS / "failures.jpg").read_bytes())
        st.markdown(pictured.split("\n", 1)[1].replace("\n#", "\n##"))

st.subheader(t("about.models"))
st.dataframe(
    pd.DataFrame(
        [
            {
                t("about.model_name"): entry.name,
                t("about.model_version"): entry.version,
                t("about.model_licence"): entry.licence,
                t("about.model_origin"): origin(entry),
            }
            for entry in manifest()
        ]
    ),
    hide_index=True,
)
if not is_available(ONNX_MODEL):
    st.info(t("verdict.landmarks_only"), icon=":material/info:")
st.caption(t("about.credits", version=__version__))
