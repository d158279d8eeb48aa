"""The lab's figures."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from pages._shared.session import t
from vov_core.scoring import Curve

GREEN, ORANGE, BLUE, GREY = "#0B7A5B", "#E4572E", "#2F6FDE", "#8A948F"
COLOURS = (GREEN, ORANGE, BLUE, GREY, "#B7791F", "#7B4FC9")
"""Of series side by side."""
CONFIG = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "displayModeBar": True,
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "vov_lab"},
}


def _layout(figure: go.Figure, x: str, y: str, height: int = 320) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        legend={"orientation": "h", "y": 1.14, "x": 0},
        dragmode=False,
        bargap=0.08,
    )
    figure.update_xaxes(title=x, fixedrange=True)
    figure.update_yaxes(title=y, rangemode="tozero", fixedrange=True)
    return figure


def histogram(scores: Sequence[float], threshold: float) -> go.Figure:
    """How many tips have which score; those under the threshold are pale."""
    bins = [0] * 20
    for score in scores:
        bins[min(19, int(score * 20))] += 1
    middles = [0.025 + step / 20 for step in range(20)]
    colours = [GREEN if middle >= threshold else GREY for middle in middles]
    figure = go.Figure(go.Bar(x=middles, y=bins, width=0.045, marker_color=colours))
    figure.add_vline(
        threshold, line={"color": ORANGE, "width": 2}, annotation_text=t("lab.threshold")
    )
    _layout(figure, t("lab.axis_score"), t("lab.axis_tips"))
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    return figure


def precision_recall(curve: Curve, threshold: float) -> go.Figure:
    """Precision over recall, and where the threshold stands."""
    figure = go.Figure(
        go.Scatter(
            x=curve.recall,
            y=curve.precision,
            mode="lines",
            line={"color": GREEN, "width": 3, "shape": "hv"},
            name=t("lab.curve_pr"),
        )
    )
    chosen = [i for i, score in enumerate(curve.confidence) if score >= threshold]
    if chosen:
        figure.add_scatter(
            x=[curve.recall[chosen[-1]]],
            y=[curve.precision[chosen[-1]]],
            mode="markers",
            marker={"color": ORANGE, "size": 13},
            name=t("lab.threshold"),
        )
    _layout(figure, t("lab.recall"), t("lab.precision"))
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[0, 1.05], tickformat=".0%")
    return figure


def f1(curve: Curve, threshold: float) -> go.Figure:
    """F1 at every confidence."""
    figure = go.Figure(
        go.Scatter(
            x=curve.confidence,
            y=curve.f1,
            mode="lines",
            line={"color": BLUE, "width": 3},
            name=t("lab.f1"),
        )
    )
    figure.add_vline(threshold, line={"color": ORANGE, "width": 2})
    _layout(figure, t("lab.axis_score"), t("lab.f1"))
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[0, 1.05])
    return figure


def stages(values: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """Milliseconds per stage, one bar per series."""
    figure = go.Figure(
        [
            go.Bar(
                y=[t(f"lab.stage_{stage}") for stage in row],
                x=list(row.values()),
                name=name,
                orientation="h",
                marker_color=colour,
                text=[f"{value:,.1f}" for value in row.values()],
                textposition="auto",
            )
            for (name, row), colour in zip(values.items(), COLOURS, strict=False)
        ]
    )
    _layout(figure, t("lab.milliseconds"), "", 300)
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(showlegend=len(values) > 1)
    return figure
