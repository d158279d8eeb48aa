"""Milliseconds per stage, and engines and versions of the weights side by side."""

from time import perf_counter

import pandas as pd
import streamlit as st

from pages._shared.lab import charts
from pages._shared.lab.state import LabState
from pages._shared.session import say, settings, t
from vov_core.detector import Engine
from vov_core.errors import ModelError
from vov_core.lab import Run, Trial, Version, agreement, rendered, run, versions

PHOTOS = 8
COMPARED = len(charts.COLOURS)
_ENGINES = {"onnx": "ONNX Runtime", "torch": "PyTorch"}


def _key(version: Version) -> str:
    """A replaced file is another version."""
    return f"{version.engine} {version.model.sha256}"


# So few that candidates do not fill the memory.
@st.cache_resource(show_spinner=False, max_entries=COMPARED, hash_funcs={Version: _key})
def _engine(version: Version) -> Engine:
    """An engine with its weights; it holds no photo."""
    return version.load()


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
    found, problems = versions(settings().candidates_dir)
    for problem in problems:
        st.warning(say(problem), icon=":material/warning:")
    if len(found) > 1:
        _comparison(state, trial, found)
    elif found:
        st.info(t("lab.engines_one"), icon=":material/info:")
    if len({one.name for one in found}) == 1 and not problems:
        st.info(t("lab.versions_one"), icon=":material/info:")


def _comparison(state: LabState, trial: Trial, found: tuple[Version, ...]) -> None:
    st.caption(t("lab.engines_compare_text", n=PHOTOS))
    named = {_name(one): one for one in found}
    chosen = st.multiselect(
        t("lab.versions"),
        list(named),
        list(named)[:COMPARED],
        max_selections=COMPARED,
        key="lab_versions",
        persist_state="session",
    )
    wanted = [name for name in named if name in chosen]
    if st.button(
        t("lab.engines_compare"),
        icon=":material/compare:",
        key="lab_engines",
        disabled=len(wanted) < 2,
    ):
        runs = _runs(state, trial, {name: named[name] for name in wanted})
        if runs:
            _result(runs, named)


def _runs(state: LabState, trial: Trial, wanted: dict[str, Version]) -> dict[str, Run]:
    """What every chosen version finds; one that can't be run is told and left out."""
    runs: dict[str, Run] = {}
    bar = st.progress(0.0)
    for number, (name, version) in enumerate(wanted.items()):
        try:
            runs[name] = run(
                _engine(version),
                state.entries[:PHOTOS],
                trial,
                lambda share, done=number: bar.progress((done + share) / len(wanted)),
            )
        except ModelError as error:
            st.error(say(error), icon=":material/broken_image:")
    bar.empty()
    return runs


def _result(runs: dict[str, Run], named: dict[str, Version]) -> None:
    """The table, in which all are set against the first, and the bars."""
    first, rows = next(iter(runs.values())), []
    for name, one in runs.items():
        seen = agreement(first.found, one.found)
        rows.append(
            {
                t("lab.engine"): _ENGINES[named[name].engine],
                t("lab.version"): _version_name(named[name]),
                t("lab.milliseconds"): round(sum(one.ms.values()), 1),
                t("lab.agreement"): f"{seen.share:.0%}",
                t("lab.boxes_within"): f"{seen.pixels:.2f} px",
                t("lab.scores_within"): f"{seen.confidence:.3f}",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption(t("lab.agreement_text"))
    bars = {name: one.ms for name, one in runs.items()}
    st.plotly_chart(charts.stages(bars), config=charts.CONFIG, key="lab_engine_bars")


def _name(version: Version) -> str:
    return f"{_ENGINES[version.engine]} · {_version_name(version)}"


def _version_name(version: Version) -> str:
    name = version.name or t("lab.version_shipped")
    return f"{name} ({version.model.version})"
