"""The lab's views: photos, small multiples, scores, changes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages._shared.components import compare, pictures_to_pick
from pages._shared.lab import charts, drawing
from pages._shared.lab.state import CONFIDENCES, COVERAGES, MULTIPLES, LabState, rows_key
from pages._shared.session import escape, t
from vov_core.findings import Region
from vov_core.lab import Entry, Trial, changes, rendered, scores, sheet
from vov_core.masks import STYLES

PER_PAGE = 12
SHOWN = 60
_MULTIPLE, _SHEET = 300, 640


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
    _take_wanted_photo(list(names))
    photo, rows, columns = st.columns([1, 1, 2])
    chosen = photo.selectbox(
        t("lab.multiples_photo"),
        list(names),
        format_func=names.__getitem__,
        key="lab_multiple",
        persist_state="session",
    )
    by_confidence = state.detector
    label = "lab.multiples_rows" if by_confidence else "lab.multiples_rows_coverage"
    values = rows.multiselect(
        t(label),
        CONFIDENCES if by_confidence else COVERAGES,
        format_func=lambda value: f"{value}%",
        max_selections=MULTIPLES,
        key=rows_key(by_confidence),
        persist_state="session",
    )
    styles = columns.multiselect(
        t("lab.multiples_columns"),
        list(STYLES),
        format_func=lambda name: t(f"styles.{name}"),
        max_selections=MULTIPLES,
        key="lab_columns",
        persist_state="session",
    )
    if not by_confidence:
        st.caption(f":material/info: {t('lab.multiples_no_detector')}")
    entry = next(entry for entry in state.entries if entry.id == chosen)
    if not values or not styles:
        return
    trials = [
        [_multiple(trial, value, style, by_confidence) for style in styles]
        for value in sorted(values)
    ]
    names = [f"{value}%" for value in sorted(values)]
    heads = [t(f"styles.{style}") for style in styles]
    st.html(_matrix(entry, trials, names, heads))
    st.download_button(
        t("lab.png"),
        lambda: sheet(
            [[rendered(entry, one, _SHEET)[0] for one in row] for row in trials], names, heads
        ),
        file_name="vov_lab.png",
        mime="image/png",
        icon=":material/image:",
        on_click="ignore",
        key="lab_png",
    )


def _take_wanted_photo(ids: Sequence[str]) -> None:
    """The photo that the page's address asked for, once, by its place in the set."""
    wanted = st.session_state.pop("lab_wanted_photo", "")
    if wanted.isdecimal() and 1 <= int(wanted) <= len(ids):
        st.session_state.lab_multiple = ids[int(wanted) - 1]


def _multiple(trial: Trial, value: int, style: str, by_confidence: bool) -> Trial:
    """A trial with another style, and another confidence or coverage in per cent."""
    look, rules = replace(trial.look, style=style), trial.rules
    if by_confidence:
        rules = replace(rules, confidence=value / 100)
    else:
        look = replace(look, coverage=value / 100)
    return replace(trial, rules=rules, look=look)


def _matrix(
    entry: Entry, trials: Sequence[Sequence[Trial]], names: Sequence[str], heads: Sequence[str]
) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    rows = [f"<tr><th></th>{head}</tr>"]
    for name, row in zip(names, trials, strict=True):
        pictures = (drawing.plain(entry, one, _MULTIPLE) for one in row)
        cells = "".join(f'<td><img class="vov-picture" src="{p}" alt=""></td>' for p in pictures)
        rows.append(f"<tr><th>{name}</th>{cells}</tr>")
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
