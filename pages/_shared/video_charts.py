"""The timeline of a video's findings."""

from collections.abc import Iterable, Mapping, Sequence

import plotly.graph_objects as go

from pages._shared.charts import COVERED
from pages._shared.session import t
from vov_core.video import OpenRange, Track, VideoFindings
from vov_core.video.reader import TICKS

_OPEN = "#C98A12"
_ROW = 34


def stretches(track: Track, findings: VideoFindings) -> list[tuple[float, float]]:
    """From when to when a track is there, seconds."""
    found: list[tuple[float, float]] = []
    ticks = findings.ticks
    step = float(ticks[-1]) / TICKS / max(1, len(ticks) - 1)
    start = last = None
    for index in (*sorted(track.places), None):
        if last is not None and (index is None or index != last + 1):
            assert start is not None
            found.append((float(ticks[start]) / TICKS, float(ticks[last]) / TICKS + step))
            start = index
        elif last is None:
            start = index
        last = index
    return found


def timeline(
    findings: VideoFindings, names: Mapping[int, str], open_ranges: Sequence[OpenRange]
) -> go.Figure:
    """One bar per hand: green where it is covered, amber where it is left open."""
    figure = go.Figure()
    bars: list[tuple[str, tuple[float, float]]] = [
        (names[track.number], stretch)
        for track in findings.tracks
        for stretch in stretches(track, findings)
    ]
    opened = [
        (names[track.number], (one.start, one.end))
        for one in open_ranges
        for track in findings.tracks
        if one.region.partition("-")[0] == f"t{track.number}"
    ]
    _bars(figure, bars, t("video.covered"), COVERED, 0.5)
    if opened:
        _bars(figure, opened, t("video.left_open"), _OPEN, 0.26)
    seconds = float(findings.ticks[-1]) / TICKS if findings.frames else 1.0
    figure.update_layout(
        height=70 + _ROW * max(1, len(names)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        barmode="overlay",
        dragmode=False,
        legend={"orientation": "h", "y": 1.25, "x": 0},
        showlegend=bool(opened),
    )
    figure.update_xaxes(range=[0, max(seconds, 0.1)], ticksuffix=" s", fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    return figure


def _bars(
    figure: go.Figure,
    bars: Iterable[tuple[str, tuple[float, float]]],
    name: str,
    colour: str,
    width: float,
) -> None:
    rows = list(bars)
    figure.add_bar(
        y=[row for row, _ in rows],
        x=[end - start for _, (start, end) in rows],
        base=[start for _, (start, _) in rows],
        orientation="h",
        name=name,
        marker_color=colour,
        width=width,
        hovertemplate="%{base:.1f} s – %{customdata:.1f} s<extra>%{y}</extra>",
        customdata=[end for _, (_, end) in rows],
    )
