"""The figures of the history page."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pages._shared.groups import field_name, style_name
from pages._shared.session import number, t
from vov_core.history import FieldOfWork, Group, Period

DANGER, NOTHING, COVERED, FIELDS = "#E4572E", "#C98A12", "#0B7A5B", "#2F6FDE"

LEVELS = {"readable": DANGER, "partly": NOTHING, "unreadable": "#8A948F"}


def _layout(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hovermode="x unified",
        dragmode=False,
        bargap=0.25,
    )
    figure.update_yaxes(rangemode="tozero", tickformat=",d", fixedrange=True)
    figure.update_xaxes(fixedrange=True)
    return figure


def _dates(figure: go.Figure) -> None:
    """Dates as numbers: the names of months would be English in every language."""
    figure.update_xaxes(tickformat="%Y-%m-%d", hoverformat="%Y-%m-%d", nticks=8)


def _whole_steps(highest: int) -> dict[str, int]:
    """Few photos: one tick each, since there is no half photo."""
    return {"dtick": 1} if highest <= 5 else {}


def over_time(periods: Sequence[Period]) -> go.Figure:
    """Photos per period, split by verdict."""
    days = [period.start for period in periods]
    figure = go.Figure(
        [
            go.Bar(
                x=days,
                y=[period.totals.danger for period in periods],
                name=t("history.danger"),
                marker_color=DANGER,
            ),
            go.Bar(
                x=days,
                y=[period.totals.nothing_found for period in periods],
                name=t("history.nothing_found"),
                marker_color=NOTHING,
            ),
        ]
    )
    _layout(figure, 320)
    _dates(figure)
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_yaxes(_whole_steps(max((p.totals.photos for p in periods), default=0)))
    return figure


def covered(periods: Sequence[Period]) -> go.Figure:
    """Fingerprints covered per period."""
    figure = go.Figure(
        go.Scatter(
            x=[period.start for period in periods],
            y=[period.totals.fingerprints for period in periods],
            name=t("history.fingerprints"),
            mode="lines+markers",
            line={"color": COVERED, "width": 3},
            fill="tozeroy",
            fillcolor="rgba(11,122,91,.14)",
        )
    )
    _layout(figure, 260)
    _dates(figure)
    figure.update_yaxes(_whole_steps(max((p.totals.fingerprints for p in periods), default=0)))
    return figure


def exposure(periods: Sequence[Period]) -> go.Figure:
    """Finger tips per period by how readable they were before covering."""
    figure = go.Figure(
        [
            go.Bar(
                x=[period.start for period in periods],
                y=[getattr(period.totals, level) for period in periods],
                name=t(f"exposure.{level}"),
                marker_color=colour,
            )
            for level, colour in LEVELS.items()
        ]
    )
    _layout(figure, 280)
    _dates(figure)
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_yaxes(_whole_steps(max((_measured(p) for p in periods), default=0)))
    return figure


def _measured(period: Period) -> int:
    totals = period.totals
    return totals.readable + totals.partly + totals.unreadable


def split(danger: int, nothing_found: int) -> go.Figure:
    """Danger against nothing found, as a ring."""
    figure = go.Figure(
        go.Pie(
            labels=[t("history.danger"), t("history.nothing_found")],
            values=[danger, nothing_found],
            hole=0.62,
            sort=False,
            marker={"colors": [DANGER, NOTHING]},
            texttemplate=["%{percent}" if count else "" for count in (danger, nothing_found)],
            textposition="inside",
        )
    )
    return _layout(figure, 280)


def styles(groups: Sequence[Group]) -> go.Figure:
    """Photos per mask style."""
    return _ranking([(style_name(group.name), group.totals.photos) for group in groups], COVERED)


def fields(found: Sequence[FieldOfWork]) -> go.Figure:
    """Photos per field of work."""
    return _ranking([(field_name(field.name), field.photos) for field in found], FIELDS)


def _ranking(counts: Sequence[tuple[str, int]], colour: str) -> go.Figure:
    """Names with their counts as bars, in this order from the top."""
    ordered = counts[::-1]
    figure = go.Figure(
        go.Bar(
            x=[count for _, count in ordered],
            y=[name for name, _ in ordered],
            orientation="h",
            marker_color=colour,
            text=[number(count) for _, count in ordered],
            textposition="auto",
            textangle=0,
            width=0.55,
        )
    )
    _layout(figure, 280)
    figure.update_layout(hovermode="closest")
    steps = _whole_steps(max((count for _, count in counts), default=0))
    figure.update_xaxes(tickformat=",d", rangemode="tozero", **steps)
    figure.update_yaxes(tickformat=None)
    return figure
