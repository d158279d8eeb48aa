"""The lab's views: photos, small multiples, scores, changes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages._shared.components import compare, pictures_to_pick
from pages._shared.lab import charts, drawing
from pages._shared.lab.state import LabState
from pages._shared.session import escape, t
from vov_core.findings import Region
from vov_core.lab import Entry, Trial, changes, scores
from vov_core.masks import STYLES

PER_PAGE = 12
SHOWN = 60
_MULTIPLE = 300


def gallery(key: str, options: Sequence[dict[str, Any]], label: str) -> str:
    """A gallery of which one picture can be opened; returns the open one's id."""
    chosen = f"{key}_chosen"

    def pick() -> None:
        picked = st.session_state[key].pick
        st.session_state[chosen] = picked

    pictures_to_pick(
        options,
        st.session_state.get(chosen, ""),
        key=key,
        label=label,
        on_pick=pick,
        shape="gallery",
    )
    return str(st.session_state.get(chosen, ""))


def opened(state: LabState, entry_id: str, trial: Trial, key: str) -> None:
    """Before and after of one photo at the size that the lab keeps."""
    entry = next((e for e in state.entries if e.id == entry_id), None)
    if entry is None:
        return
    with st.container(border=True):
        st.markdown(f"**{escape(entry.name)}**")
        before, after = drawing.before_after(entry, trial)
        words = (t("review.before"), t("review.after"), t("review.slider_label"))
        with st.container(key="lab_opened"):
            compare(before, after, *words, key)


def finger(region: Region) -> str:
    """What to call a region."""
    return t(f"fingers.{region.finger}") if region.finger else t("fingers.tip")


def grid(state: LabState, trial: Trial) -> None:
    """All photos under the settings, a page at a time."""
    st.caption(t("lab.grid_text"))
    pages = -(-len(state.entries) // PER_PAGE)
    page = 1
    if pages > 1:
        page = st.segmented_control(
            t("lab.page"), list(range(1, pages + 1)), default=1, required=True, key="lab_page"
        )
    options = []
    for entry in state.entries[(page - 1) * PER_PAGE : page * PER_PAGE]:
        picture, covered, tips = drawing.overview(entry, trial)
        options.append(
            {
                "id": entry.id,
                "name": entry.name,
                "picture": picture,
                "note": t("lab.grid_note", covered=covered, tips=tips),
                "tone": "good" if covered == tips and tips else "warn",
            }
        )
    opened(state, gallery("lab_grid", options, t("lab.view_grid")), trial, "lab_compare")
    st.download_button(
        t("lab.csv"),
        lambda: table(state.entries, trial),
        file_name="vov_lab.csv",
        mime="text/csv",
        icon=":material/table:",
        on_click="ignore",
        key="lab_csv",
    )


def table(entries: Sequence[Entry], trial: Trial) -> bytes:
    """Every finger tip under the settings, as CSV that spreadsheets open (UTF-8 with a mark)."""
    text = io.StringIO()
    writer = csv.writer(text)
    names = ("photo", "tip", "confidence", "nail_confidence", "source", "kind", "x0", "y0", "x1")
    writer.writerow([*names, "y1", "covered"])
    for entry in entries:
        selection = trial.select(entry.findings)
        covered = {region.id for region in selection.masked}
        # A name that starts like a formula must not run as one.
        name = f"'{entry.name}" if entry.name[:1] in "=+-@" else entry.name
        for region in (*selection.masked, *selection.open):
            box = [round(edge / entry.scale, 1) for edge in region.box]
            row = [name, region.id, region.confidence, region.nail_confidence]
            row += [str(region.source), str(region.kind), *box, int(region.id in covered)]
            writer.writerow(["" if value is None else value for value in row])
    return text.getvalue().encode("utf-8-sig")


def multiples(state: LabState, trial: Trial) -> None:
    """One photo under several confidences (or coverages) and styles."""
    st.caption(t("lab.multiples_text"))
    names = {entry.id: entry.name for entry in state.entries}
    photo, rows, columns = st.columns([1, 1, 2])
    chosen = photo.selectbox(
        t("lab.multiples_photo"), list(names), format_func=names.__getitem__, key="lab_multiple"
    )
    by_confidence = state.detector
    steps = [5, 10, 25, 40, 50, 60, 75, 90] if by_confidence else [80, 100, 120, 140, 160, 200]
    label = "lab.multiples_rows" if by_confidence else "lab.multiples_rows_coverage"
    values = rows.multiselect(
        t(label),
        steps,
        default=[10, 25, 50, 75] if by_confidence else [100, 140, 200],
        format_func=lambda value: f"{value}%",
        max_selections=4,
        key=f"lab_rows_{by_confidence}",
    )
    styles = columns.multiselect(
        t("lab.multiples_columns"),
        list(STYLES),
        default=["skin_tone", "synthetic_print", "solid"],
        format_func=lambda name: t(f"styles.{name}"),
        max_selections=4,
        key="lab_columns",
    )
    if not by_confidence:
        st.caption(f":material/info: {t('lab.multiples_no_detector')}")
    entry = next(entry for entry in state.entries if entry.id == chosen)
    if values and styles:
        st.html(_matrix(entry, trial, sorted(values), styles, by_confidence))


def _matrix(
    entry: Entry, trial: Trial, values: Sequence[int], styles: Sequence[str], by_confidence: bool
) -> str:
    head = "".join(f"<th>{t(f'styles.{style}')}</th>" for style in styles)
    rows = [f"<tr><th></th>{head}</tr>"]
    for value in values:
        cells = []
        for style in styles:
            look = replace(trial.look, style=style)
            rules = trial.rules
            if by_confidence:
                rules = replace(rules, confidence=value / 100)
            else:
                look = replace(look, coverage=value / 100)
            picture = drawing.plain(entry, replace(trial, rules=rules, look=look), _MULTIPLE)
            cells.append(f'<td><img class="vov-picture" src="{picture}" alt=""></td>')
        rows.append(f"<tr><th>{value}%</th>{''.join(cells)}</tr>")
    return f'<table class="vov-multiples">{"".join(rows)}</table>'


def distribution(state: LabState, trial: Trial) -> None:
    """Histogram of the detector's scores."""
    values = scores(state.entries)
    if not values:
        st.info(t("lab.scores_none"), icon=":material/info:")
        return
    st.caption(f"{t('lab.scores_text')} {t('lab.png_hint')}")
    figure = charts.histogram(values, trial.rules.confidence)
    st.plotly_chart(figure, config=charts.CONFIG, key="lab_histogram")


def differences(state: LabState, trial: Trial) -> None:
    """Tips whose state differs from another setting's."""
    st.caption(t("lab.changes_text"))
    others = {"": Trial(), **state.presets}
    against = st.selectbox(
        t("lab.against"),
        list(others),
        format_func=lambda name: name or t("lab.default"),
        key="lab_against",
        width=320,
    )
    found = changes(state.entries, others[against], trial)
    if not found:
        st.info(t("lab.changes_none"), icon=":material/check:")
        return
    st.markdown(f"**{t('lab.changes_n', n=len(found))}**")
    options = [
        {
            "id": f"{number}-{change.entry.id}",
            "name": f"{finger(change.region)} · {change.entry.name}",
            "picture": drawing.cutout(
                change.entry,
                change.region.box,
                change.region.polygon,
                drawing.GREEN if change.covered else drawing.ORANGE,
            ),
            "note": t("lab.now_covered" if change.covered else "lab.now_open"),
            "tone": "good" if change.covered else "warn",
        }
        for number, change in enumerate(found[:SHOWN])
    ]
    picked = gallery("lab_changes", options, t("lab.view_changes"))
    opened(state, picked.partition("-")[2], trial, "lab_change")
