"""Milliseconds per stage, and the installed engines side by side."""

from time import perf_counter

import pandas as pd
import streamlit as st

from pages._shared.lab import charts
from pages._shared.lab.state import LabState
from pages._shared.session import t
from vov_core.detector import ONNX_MODEL, PT_MODEL, Engine, load_detector
from vov_core.findings import Detection
from vov_core.lab import Trial, agreement, rendered
from vov_core.models import is_available

PHOTOS = 8
_ENGINES = {"onnx": ("ONNX Runtime", ONNX_MODEL), "torch": ("PyTorch", PT_MODEL)}


@st.cache_resource(show_spinner=False)
def _engine(name: str) -> Engine | None:
    """An engine with its weights; it holds no photo."""
    return load_detector("onnx" if name == "onnx" else "torch")


def show(state: LabState, trial: Trial) -> None:
    """Bars of all stages, then the comparison."""
    st.caption(t("lab.engines_text"))
    stages = [s for s in ("decode", "hands", "detector", "fuse") if s in state.entries[0].ms]
    row = {s: sum(e.ms.get(s, 0) for e in state.entries) / len(state.entries) for s in stages}
    shown = state.entries[:PHOTOS]
    start = perf_counter()
    for entry in shown:
        rendered(entry, trial)
    row["mask"] = (perf_counter() - start) * 1000 / len(shown)
    st.plotly_chart(charts.stages({"": row}), config=charts.CONFIG, key="lab_stages")
    installed = [name for name, (_, model) in _ENGINES.items() if is_available(model)]
    if len(installed) > 1:
        _comparison(state, installed)
    elif installed:
        st.info(t("lab.engines_one"), icon=":material/info:")


def _comparison(state: LabState, installed: list[str]) -> None:
    st.caption(t("lab.engines_compare_text", n=PHOTOS))
    if not st.button(t("lab.engines_compare"), icon=":material/compare:", key="lab_engines"):
        return
    photos = [(entry.pixels()[0], entry.findings.hands) for entry in state.entries[:PHOTOS]]
    found: dict[str, list[tuple[Detection, ...]]] = {}
    rows = []
    bar = st.progress(0.0)
    for number, name in enumerate(installed):
        engine = _engine(name)
        if engine is None:
            continue
        engine.detect(*photos[0])  # the first call of an engine is slow
        start = perf_counter()
        found[name] = []
        for step, (pixels, hands) in enumerate(photos):
            bar.progress((number + step / len(photos)) / len(installed))
            found[name].append(engine.detect(pixels, hands))
        spent = (perf_counter() - start) * 1000 / len(photos)
        rows.append((name, engine.version, spent))
    bar.empty()
    st.dataframe(
        pd.DataFrame(
            [
                {
                    t("lab.engine"): _ENGINES[name][0],
                    t("lab.version"): version,
                    t("lab.milliseconds"): round(spent, 1),
                }
                for name, version, spent in rows
            ]
        ),
        hide_index=True,
    )
    bars = {_ENGINES[name][0]: {"detector": spent} for name, _, spent in rows}
    st.plotly_chart(charts.stages(bars), config=charts.CONFIG, key="lab_engine_bars")
    one, other = (found[name] for name, _, _ in rows[:2])
    seen = agreement(one, other)
    st.markdown(
        t(
            "lab.agree",
            share=f"{seen.share:.0%}",
            pixels=f"{seen.pixels:.2f}",
            score=f"{seen.confidence:.3f}",
        )
    )
