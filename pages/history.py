"""History: usage over time, in numbers only."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from pages._shared import charts
from pages._shared.frame import figures, go_through_frame
from pages._shared.receipts import size_text
from pages._shared.session import history, number, t
from vov_core.findings import Verdict
from vov_core.history import Filter
from vov_core.masks import STYLES

go_through_frame("history")

PERIODS = {"7": 7, "30": 30, "365": 365, "all": None}
CHART = {"displayModeBar": False}


def chosen_filter() -> Filter:
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
    since = datetime.now(UTC) - timedelta(days=days - 1) if days else None
    return Filter(since=since, style=style, verdict=verdict)


st.title(t("history.title"))
st.caption(t("history.lede"))
wanted = chosen_filter()
source = history()
totals = source.totals(wanted)
figures(
    {
        t("history.photos"): number(totals.photos),
        t("history.danger"): number(totals.danger),
        t("history.nothing_found"): number(totals.nothing_found),
        t("history.fingerprints"): number(totals.fingerprints),
        t("history.bytes"): size_text(totals.bytes),
    }
)
if not totals.photos:
    st.info(t("history.empty"), icon=":material/monitoring:")
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
periods = source.over_time(
    wanted, bucket or "day", utc_offset_minutes=-(st.context.timezone_offset or 0)
)
st.plotly_chart(charts.over_time(periods), config=CHART, key="chart_time")
left, right = st.columns([1, 1.4])
with left:
    st.subheader(t("history.split"))
    st.plotly_chart(
        charts.split(totals.danger, totals.nothing_found), config=CHART, key="chart_split"
    )
with right:
    st.subheader(t("history.styles"))
    st.plotly_chart(charts.styles(source.by_style(wanted)), config=CHART, key="chart_styles")
st.subheader(t("history.covered_over_time"))
st.plotly_chart(charts.covered(periods), config=CHART, key="chart_covered")

table = pd.DataFrame(
    [
        {
            t("history.date"): period.start.isoformat(),
            t("history.photos"): period.totals.photos,
            t("history.danger"): period.totals.danger,
            t("history.nothing_found"): period.totals.nothing_found,
            t("history.fingerprints"): period.totals.fingerprints,
            "bytes": period.totals.bytes,
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
