"""History: usage over time, in numbers only."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from pages._shared import charts
from pages._shared.frame import figures, go_through_frame
from pages._shared.groups import count_of
from pages._shared.receipts import size_text
from pages._shared.session import history, number, t
from vov_core.findings import Verdict
from vov_core.history import Filter, Group, History, Totals, without_small
from vov_core.masks import STYLES

go_through_frame("history")

PERIODS = {"7": 7, "30": 30, "365": 365, "all": None}
CHART = {"displayModeBar": False}


def chosen_source() -> tuple[bool, History]:
    """Everybody's numbers or one's own."""
    whose = st.segmented_control(
        t("history.whose"),
        ["everyone", "mine"],
        default="everyone",
        required=True,
        format_func=lambda name: t(f"history.{name}"),
        key="history_whose",
        label_visibility="collapsed",
        persist_state="session",
    )
    mine = whose == "mine"
    return mine, history(mine=mine)


def chosen_filter(today: date) -> Filter:
    """The widgets of the filter row."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = st.segmented_control(
            t("history.period"),
            list(PERIODS),
            default="30",
            required=True,
            format_func=lambda name: t(f"history.period_{name}"),
            key="history_period",
            persist_state="session",
        )
        verdict = st.selectbox(
            t("history.verdict"),
            [None, *Verdict],
            format_func=lambda v: t(f"history.{v}") if v else t("history.all"),
            key="history_verdict",
            width=190,
        )
        style = st.selectbox(
            t("history.style"),
            [None, *STYLES],
            format_func=lambda s: t(f"styles.{s}") if s else t("history.all"),
            key="history_style",
            width=190,
        )
    days = PERIODS[period or "30"]
    first = today - timedelta(days=days - 1) if days else None
    return Filter(first=first, style=style, verdict=verdict)


def tiles(totals: Totals, kinds: Sequence[Group] | None) -> None:
    """The sums; who saved only for everybody, and only where it tells of no single person."""
    values = {
        t("history.photos"): number(totals.photos),
        t("history.danger"): number(totals.danger),
        t("history.nothing_found"): number(totals.nothing_found),
        t("history.prints"): number(totals.fingerprints),
    }
    if kinds is None:
        values[t("history.bytes")] = size_text(totals.bytes)
    else:
        values[t("history.members")] = count_of("member", kinds)
        values[t("history.guests")] = count_of("guest", kinds)
    figures(values)


st.title(t("history.title"))
mine, source = chosen_source()
st.caption(t("history.lede_mine" if mine else "history.lede"))
wanted = chosen_filter(source.today())
totals = source.totals(wanted)
tiles(totals, None if mine else without_small(source.by_kind(wanted)))
if not totals.photos:
    st.info(t("history.empty_mine" if mine else "history.empty"), icon=":material/monitoring:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.subheader(t("history.over_time"))
    st.space("stretch")
    bucket = st.segmented_control(
        t("history.bucket"),
        ["day", "week", "month"],
        default="day",
        required=True,
        format_func=lambda name: t(f"history.{name}"),
        key="history_bucket",
        label_visibility="collapsed",
        persist_state="session",
    )
periods = source.over_time(wanted, bucket or "day")
st.plotly_chart(charts.over_time(periods), config=CHART, key="chart_time")
left, right = st.columns([1, 1.4])
with left:
    st.subheader(t("history.split"))
    st.plotly_chart(
        charts.split(totals.danger, totals.nothing_found), config=CHART, key="chart_split"
    )
with right:
    st.subheader(t("history.styles"))
    styles = source.by_style(wanted)
    st.plotly_chart(
        charts.styles(styles if mine else without_small(styles)), config=CHART, key="chart_styles"
    )
st.subheader(t("history.covered_over_time"))
st.plotly_chart(charts.covered(periods), config=CHART, key="chart_covered")
st.subheader(t("history.exposure"))
if totals.readable + totals.partly + totals.unreadable:
    st.plotly_chart(charts.exposure(periods), config=CHART, key="chart_exposure")
    st.caption(t("history.exposure_text"))
else:
    st.caption(t("history.exposure_none"))
if not mine:
    if fields := source.fields_of_work():
        st.subheader(t("history.fields"))
        st.plotly_chart(charts.fields(fields), config=CHART, key="chart_fields")
        st.caption(t("history.fields_note"))
    st.caption(t("history.small_note"))

table = pd.DataFrame(
    [
        {
            t("history.date"): period.start.isoformat(),
            t("history.photos"): period.totals.photos,
            t("history.danger"): period.totals.danger,
            t("history.nothing_found"): period.totals.nothing_found,
            t("history.fingerprints"): period.totals.fingerprints,
            t("exposure.readable"): period.totals.readable,
            t("exposure.partly"): period.totals.partly,
            t("exposure.unreadable"): period.totals.unreadable,
            t("history.csv_bytes"): period.totals.bytes,
        }
        for period in periods
    ]
)
# Excel needs the byte-order mark to read Korean headings.
st.download_button(
    t("history.csv"),
    table.to_csv(index=False).encode("utf-8-sig"),
    file_name="vov_history.csv",
    mime="text/csv",
    icon=":material/table:",
    on_click="ignore",
    key="csv",
)
