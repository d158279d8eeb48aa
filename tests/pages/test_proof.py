"""What protects?: figures, charts, pictures, and the verdict that the style picker carries."""

import json
from collections.abc import Callable

from tests.pages.files import sample
from tests.pages.visit import Visit
from vov_core.masks import STYLES
from vov_core.protection import proof

HAND = ("hand.jpg", sample("00119"))


def test_the_page_tells_what_was_measured(visit: Callable[..., Visit]) -> None:
    tab = visit("proof")
    assert [title.value for title in tab.at.title] == [tab.t("proof.title")]
    before, after, fingers, pictures = (metric.value for metric in tab.at.metric)
    assert before == f"{proof().uncovered[0].share:.0%}" and after.endswith("%")
    assert fingers == str(proof().identities) and pictures == f"{proof().attempts:,}"


def test_every_style_has_a_bar_and_a_row(english: Callable[..., Visit]) -> None:
    tab = english("proof")
    charts = [json.loads(element.proto.spec) for element in tab.at.get("plotly_chart")]
    assert len(charts) == 1 + len(proof().limits)
    bars = charts[0]["data"][0]["y"]
    assert set(bars) == {tab.t("proof.uncovered"), *(tab.t(f"styles.{name}") for name in STYLES)}
    rendered = proof().rendered
    assert rendered is not None
    tables = [frame.value for frame in tab.at.dataframe]
    assert [len(table) for table in tables] == [len(proof().rows), len(rendered.rows)]
    for table in tables:
        verdicts = set(table[tab.t("proof.col_verdict")])
        assert verdicts <= {tab.t("proof.chance"), tab.t("proof.leaks")}


def test_sizes_and_rendered_hands_are_told(visit: Callable[..., Visit]) -> None:
    tab = visit("proof")
    shown = " ".join(element.value for element in tab.at.markdown)
    for scale, rate in zip(proof().scales, proof().uncovered_by_scale, strict=True):
        assert f"{scale:g} ({rate.share:.0%})" in shown
    rendered = proof().rendered
    assert rendered is not None
    before = rendered.uncovered[0]
    assert f"{before.share:.0%} ({before.low:.1%}–{before.high:.1%})" in shown
    assert str(rendered.found) in shown and str(rendered.pads) in shown


def test_the_attacks_are_shown_as_pictures(visit: Callable[..., Visit]) -> None:
    tab = visit("proof")
    shown = " ".join(element.proto.body for element in tab.at.get("html"))
    assert shown.count("data:image/webp") == sum(map(len, proof().cases.values()))
    assert tab.t("proof.attack_wiener") in shown


def test_the_style_picker_carries_the_verdict(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(HAND)
    notes = {option["id"]: option for option in tab.shown("styles")["options"]}
    for name, style in STYLES.items():
        kind = tab.t("styles.irreversible" if style.irreversible else "styles.cosmetic")
        assert notes[name]["note"].startswith(kind) and "%" in notes[name]["note"]
        assert notes[name]["tone"] == ("good" if style.irreversible else "warn")
    sentence = tab.t(
        "proof.verdict_safe",
        hits=proof().worst("skin_tone").hits,
        of=proof().worst("skin_tone").of,
        before=f"{proof().uncovered[0].share:.0%}",
    )
    assert any(sentence in caption.value for caption in tab.at.caption)
