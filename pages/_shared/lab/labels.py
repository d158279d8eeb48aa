"""How well settings fit labels: curves, scores per pad size, misses and false covers."""

from typing import Any

import pandas as pd
import streamlit as st

from pages._shared.frame import figures
from pages._shared.lab import charts, drawing
from pages._shared.lab.state import LabState
from pages._shared.lab.views import SHOWN, finger, gallery, opened
from pages._shared.session import t
from vov_core.lab import SIZES, Outcome, Trial, looked_at, of_size, outcomes, pad_size
from vov_core.scoring import average_precision, curve, precision_recall


def show(state: LabState, trial: Trial) -> None:
    """Everything that labels tell."""
    if not state.labelled:
        st.info(t("lab.labels_none"), icon=":material/label_off:")
        return
    st.caption(t("lab.labels_text", n=len(state.labelled)))
    seen = outcomes(state.entries, trial)
    _figures(state, trial, seen)
    if state.detector:
        _curves(state, trial)
    else:
        st.caption(f":material/info: {t('lab.curves_need_scores')}")
    st.markdown(f"**{t('lab.labels_sizes')}**")
    st.dataframe(_sizes(state, trial, seen), hide_index=True)
    _gallery(state, trial, seen)


def _figures(state: LabState, trial: Trial, seen: list[Outcome]) -> None:
    covered = sum(len(one.covered) for one in seen)
    missed = sum(len(one.missed) for one in seen)
    pads = covered + missed
    values = {
        t("lab.pads"): f"{covered / pads:.1%}" if pads else "–",
        t("lab.missed"): str(missed),
        t("lab.false"): str(sum(len(one.false) for one in seen)),
        t("lab.nails"): str(sum(one.nails for one in seen)),
    }
    figures(values, "figures-covers")
    if state.detector:
        looks = [looked_at(entry) for entry in state.labelled]
        precision, recall = precision_recall(looks, trial.rules.confidence)
        both = max(precision + recall, 1e-9)
        scored = {
            t("lab.ap50"): f"{average_precision(looks, 0.5):.3f}",
            t("lab.precision"): f"{precision:.1%}",
            t("lab.recall"): f"{recall:.1%}",
            t("lab.f1"): f"{2 * precision * recall / both:.3f}",
        }
        figures(scored, "figures-scores")


def _curves(state: LabState, trial: Trial) -> None:
    points = curve([looked_at(entry) for entry in state.labelled])
    if not len(points.recall):
        st.info(t("lab.scores_none"), icon=":material/info:")
        return
    threshold = trial.rules.confidence
    left, right = st.columns(2)
    left.markdown(f"**{t('lab.curve_pr')}**")
    left.plotly_chart(
        charts.precision_recall(points, threshold), config=charts.CONFIG, key="lab_pr"
    )
    right.markdown(f"**{t('lab.curve_f1')}**")
    right.plotly_chart(charts.f1(points, threshold), config=charts.CONFIG, key="lab_f1")
    st.caption(t("lab.png_hint"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.slider(
            t("lab.wanted"),
            50,
            100,
            95,
            format="%d%%",
            key="lab_wanted",
            help=t("lab.wanted_help"),
            width=320,
        )
        found = points.confidence_for(wanted / 100)
        if found is None:
            st.markdown(t("lab.proposed_none"))
            return
        # Rounded down to the slider's step: a rounded-up threshold would lose what was asked for.
        proposed = max(5, int(found * 100) // 5 * 5)
        st.markdown(f"**{t('lab.proposed', value=f'{found:.0%}')}**")
        st.button(t("lab.take"), on_click=_take, args=(proposed,), key="lab_take")


def _take(percent: int) -> None:
    st.session_state.lab_confidence = min(95, percent)


def _sizes(state: LabState, trial: Trial, seen: list[Outcome]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for name, (low, high) in SIZES.items():
        covered = sum(low <= pad_size(one.entry, pad) < high for one in seen for pad in one.covered)
        missed = sum(low <= pad_size(one.entry, pad) < high for one in seen for pad in one.missed)
        pads = covered + missed
        row = {
            t("lab.size"): t(f"lab.size_{name}"),
            t("lab.view_labels"): pads,
            t("lab.pads"): f"{covered / pads:.0%}" if pads else "–",
            t("lab.missed"): missed,
        }
        if state.detector:
            looks = [of_size(looked_at(entry), low, high) for entry in state.labelled]
            ap, recall = (
                average_precision(looks, 0.5),
                precision_recall(looks, trial.rules.confidence)[1],
            )
            row[t("lab.ap50")] = f"{ap:.3f}" if pads else "–"
            row[t("lab.recall")] = f"{recall:.0%}" if pads else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def _gallery(state: LabState, trial: Trial, seen: list[Outcome]) -> None:
    missed = [(one.entry, pad) for one in seen for pad in one.missed]
    false = [(one.entry, region) for one in seen for region in one.false]
    groups: tuple[tuple[str, str, list[dict[str, Any]]], ...] = (
        (
            "missed",
            t("lab.missed_n", n=len(missed)),
            [
                {
                    "id": f"{number}-{entry.id}",
                    "name": entry.name,
                    "picture": drawing.cutout(entry, pad.box, pad.points, drawing.ORANGE),
                    "note": f"{pad_size(entry, pad):.0f} px",
                    "tone": "warn",
                }
                for number, (entry, pad) in enumerate(missed[:SHOWN])
            ],
        ),
        (
            "false",
            t("lab.false_n", n=len(false)),
            [
                {
                    "id": f"{number}-{entry.id}",
                    "name": f"{finger(region)} · {entry.name}",
                    "picture": drawing.cutout(entry, region.box, region.polygon, drawing.GREEN),
                    "note": f"{region.confidence:.0%}" if region.confidence is not None else "",
                }
                for number, (entry, region) in enumerate(false[:SHOWN])
            ],
        ),
    )
    for name, title, options in groups:
        st.markdown(f"**{title}**")
        if options:
            picked = gallery(f"lab_{name}", options, title)
            opened(state, picked.partition("-")[2], trial, f"lab_{name}_open")
