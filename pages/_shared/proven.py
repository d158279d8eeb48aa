"""The proof of protection for people: charts, table, pictures, and one verdict per style."""

from itertools import chain
from math import log10

import pandas as pd
import plotly.graph_objects as go

from pages._shared.pictures import data_url
from pages._shared.session import t
from vov_core.masks import STYLES
from vov_core.protection import Limit, Proof, Rate, Rendered, Row, picture, proof

GREEN, ORANGE, GREY, BLUE = "#0B7A5B", "#E4572E", "#8A948F", "#2F6FDE"
_STEPS = ("photo", "none", "sharpen", "wiener", "richardson_lucy", "enhance", "learned")


def percent(rate: Rate) -> str:
    """A share for people: whole per cents, with a decimal where there are few."""
    share = rate.share
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def interval(rate: Rate) -> str:
    """A share with its confidence interval."""
    return f"{percent(rate)} ({rate.low:.1%}–{rate.high:.1%})"


def verdict(style: str) -> dict[str, str]:
    """What was measured of a style, short enough for its picture: words and their tone."""
    measured = proof()
    rate = measured.worst(style)
    kind = t("styles.irreversible" if STYLES[style].irreversible else "styles.cosmetic")
    if rate is None:
        return {"note": kind, "tone": "warn"}
    good = STYLES[style].irreversible and measured.at_chance(style)
    return {
        "note": t("proof.badge", kind=kind, rate=percent(rate)),
        "tone": "good" if good else "warn",
    }


def sentence(style: str) -> str:
    """The same in a sentence."""
    measured = proof()
    rate = measured.worst(style)
    if rate is None:
        return t("proof.unmeasured")
    facts = {
        "hits": rate.hits,
        "of": rate.of,
        "before": percent(measured.uncovered[0]),
    }
    if not measured.at_chance(style):
        return t("proof.verdict_leaks", **facts)
    irreversible = STYLES[style].irreversible
    return t("proof.verdict_safe" if irreversible else "proof.verdict_cosmetic", **facts)


def by_style(measured: Proof) -> go.Figure:
    """Prints matched after the strongest attack, the worst strength of every style."""
    rows = [(t("proof.uncovered"), measured.uncovered[0], ORANGE)]
    for name in STYLES:
        if rate := measured.worst(name):
            colour = GREEN if measured.at_chance(name) else ORANGE
            rows.append((t(f"styles.{name}"), rate, colour))
    rows.reverse()
    figure = go.Figure(
        go.Bar(
            y=[name for name, _, _ in rows],
            x=[rate.share for _, rate, _ in rows],
            orientation="h",
            marker_color=[colour for _, _, colour in rows],
            error_x=_whiskers([rate for _, rate, _ in rows]),
            width=0.55,
            hovertext=[interval(rate) for _, rate, _ in rows],
            hoverinfo="text+y",
        )
    )
    for name, rate, _ in rows:
        figure.add_annotation(
            x=max(rate.high, rate.share), y=name, text=f"<b>{percent(rate)}</b>", showarrow=False,
            xanchor="left", xshift=8,
        )  # fmt: skip
    _layout(figure, 60 + 38 * len(rows))
    figure.update_xaxes(range=[0, 1.2], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    return figure


def _whiskers(rates: list[Rate]) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [rate.high - rate.share for rate in rates],
        "arrayminus": [rate.share - rate.low for rate in rates],
        "color": GREY,
        "thickness": 1.5,
        "width": 4,
    }


def _layout(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode=False,
        showlegend=False,
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)


def limit(found: Limit, chance: float) -> go.Figure:
    """Prints matched against the width of blur or blocks; the app's own range is shaded."""
    points = found.points
    figure = go.Figure(
        go.Scatter(
            x=[point.width for point in points],
            y=[point.attacked.share for point in points],
            mode="lines+markers",
            line={"color": BLUE, "width": 3},
            marker={"size": 9, "color": [GREEN if p.at_chance else ORANGE for p in points]},
            error_y=_whiskers([point.attacked for point in points]),
            hovertext=[
                f"{interval(point.attacked)} · {t(f'proof.attack_{point.strongest}')}"
                for point in points
            ],
            hoverinfo="text+x",
        )
    )
    last = max(point.width for point in points) * 1.25
    figure.add_vrect(found.weakest, last, fillcolor=GREEN, opacity=0.14, line_width=0)
    # On an axis of logarithms, plotly wants an annotation's place as a logarithm.
    figure.add_annotation(
        x=log10(found.weakest), y=1.02, text=t("proof.limits_app"), showarrow=False,
        xanchor="left", xshift=6,
    )  # fmt: skip
    figure.add_hline(chance, line={"color": GREY, "width": 1, "dash": "dot"})
    _layout(figure, 300)
    ticks = [0.25, 0.5, 1, 2, 4, 8, 16]
    figure.update_xaxes(
        type="log",
        title=t("proof.limits_axis"),
        tickvals=ticks,
        ticktext=[f"{x:g}" for x in ticks],
        range=[log10(0.2), log10(last)],
    )
    figure.update_yaxes(range=[-0.03, 1.08], tickformat=".0%")
    return figure


def limit_words(found: Limit) -> str:
    """From where on prints stay hidden, and how far from there the app's weakest is."""
    if found.at_chance_from is None:
        return t("proof.limits_never")
    return t(
        "proof.limits_from",
        width=f"{found.at_chance_from:.2g}",
        weakest=f"{found.weakest:.2g}",
    )


def scales(measured: Proof) -> str:
    """Uncovered prints matched at each size: "6.5 (100%) · 4.5 (98%)"."""
    pairs = zip(measured.scales, measured.uncovered_by_scale, strict=True)
    return " · ".join(f"{scale:g} ({percent(rate)})" for scale, rate in pairs)


def table(measured: Proof | Rendered) -> pd.DataFrame:
    """Every style and strength in numbers."""
    return pd.DataFrame([_line(measured, row) for row in measured.rows])


def _line(measured: Proof | Rendered, row: Row) -> dict[str, str]:
    style = STYLES[row.style]
    line = {
        t("proof.col_style"): t(f"styles.{row.style}"),
        t("proof.col_strength"): f"{row.strength:.0%}" if style.uses_strength else "–",
        t("proof.col_before"): percent(measured.uncovered[0]),
        t("proof.col_after"): percent(row.after[0]),
        t("proof.col_attacked"): interval(row.attacked[0]),
        t("proof.col_attack"): t(f"proof.attack_{row.strongest}"),
        t("proof.col_strict"): percent(row.attacked[1]),
        t("proof.col_strangers"): percent(row.strangers),
        t("proof.col_beats"): f"{row.beats:.0%} ({row.beats_low:.0%}–{row.beats_high:.0%})",
    }
    line[t("proof.col_verdict")] = t("proof.chance" if row.at_chance else "proof.leaks")
    return line


def pictures(measured: Proof) -> str:
    """One print in every case, and what every attack made of it."""
    used = set(chain.from_iterable(measured.cases.values()))
    steps = [step for step in _STEPS if step in used]
    heads = "".join(f"<th>{t(f'proof.attack_{step}')}</th>" for step in steps)
    rows = [f"<tr><th></th>{heads}</tr>"]
    for case, there in measured.cases.items():
        cells = "".join(f"<td>{_image(case, step, step in there)}</td>" for step in steps)
        rows.append(f"<tr><th>{_case_name(case)}</th>{cells}</tr>")
    return f'<div class="vov-attacks"><table>{"".join(rows)}</table></div>'


def _case_name(case: str) -> str:
    return t(f"styles.{case}") if case in STYLES else t(f"proof.case_{case}")


def _image(case: str, step: str, there: bool) -> str:
    if not there:
        return "<span>–</span>"
    words = f"{_case_name(case)}, {t(f'proof.attack_{step}')}"
    return f'<img src="{data_url(picture(case, step), "image/webp")}" alt="{words}">'
