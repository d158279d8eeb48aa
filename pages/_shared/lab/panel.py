"""The lab's settings and the numbers that answer them."""

import streamlit as st

from pages._shared.frame import figures
from pages._shared.lab.state import LabState
from pages._shared.session import number, t
from vov_core.lab import Trial, outcomes
from vov_core.masks import STYLES
from vov_core.select import Mode


def _slider(room: str, name: str, low: int, high: int, *, disabled: bool = False) -> None:
    st.slider(
        t(f"{room}.{name}"),
        low,
        high,
        step=5,
        key=f"lab_{name}",
        format="%d%%",
        help=t(f"{room}.{name}_help"),
        disabled=disabled,
        persist_state="session",
    )


def sliders(detector: bool) -> None:
    """Everything that a trial is made of."""
    style = STYLES[st.session_state.lab_style]
    with st.container(border=True):
        one, two, three = st.columns(3, gap="medium")
        with one:
            _slider("controls", "confidence", 5, 95, disabled=not detector)
            _slider("lab", "merge", 10, 100)
        with two:
            _slider("controls", "coverage", 80, 200)
            _slider("controls", "strength", 0, 100, disabled=not style.uses_strength)
        with three:
            _slider("controls", "softness", 0, 100, disabled=not style.uses_softness)
            mode, look = st.columns(2)
            mode.selectbox(
                t("controls.mode"),
                [mode.value for mode in Mode],
                format_func=lambda name: t(f"controls.mode_{name}"),
                key="lab_mode",
                disabled=not detector,
                persist_state="session",
            )
            look.selectbox(
                t("lab.style"),
                list(STYLES),
                format_func=lambda name: t(f"styles.{name}"),
                key="lab_style",
                persist_state="session",
            )


def numbers(state: LabState, trial: Trial) -> None:
    """What the settings come to over all photos."""
    chosen = [trial.select(entry.findings) for entry in state.entries]
    covered = sum(len(selection.masked) for selection in chosen)
    left_open = sum(len(selection.open) for selection in chosen)
    spent = sum(sum(entry.ms.values()) for entry in state.entries)
    values = {
        t("lab.photos"): number(len(state.entries)),
        t("lab.covered"): number(covered),
        t("lab.open"): number(left_open),
        t("lab.speed"): duration(spent / len(state.entries)),
    }
    if state.labelled:
        seen = outcomes(state.entries, trial)
        done = sum(len(outcome.covered) for outcome in seen)
        pads = done + sum(len(outcome.missed) for outcome in seen)
        values[t("lab.pads")] = f"{done / pads:.0%}" if pads else "–"
    figures(values)


def duration(ms: float) -> str:
    """Milliseconds, short enough for a tile on a phone."""
    return f"{ms / 1000:.1f} s" if ms >= 999.5 else f"{ms:.0f} ms"
