"""The Protect page tells how readable each finger tip is; it informs and decides nothing."""

from collections.abc import Callable
from unittest.mock import patch

from tests.pages.files import sample
from tests.pages.visit import Visit
from vov_core import workspace
from vov_core.exposure import Level

CLOSE = ("close.jpg", sample("00204"))
WHOLE = ("whole.jpg", sample("00119"))


def badges(tab: Visit) -> list[dict[str, str]]:
    return [tip["badge"] for tip in tab.shown("review")["tips"]]


def test_a_close_up_is_readable_and_heat_shows_where(visit: Callable[..., Visit]) -> None:
    tab = visit("protect").upload(CLOSE)
    assert {badge["level"] for badge in badges(tab)} == {Level.READABLE}
    assert {badge["label"] for badge in badges(tab)} == {tab.t("exposure.readable")}
    for tip in tab.shown("review")["tips"]:
        assert tip["heat"]["picture"].startswith("data:image/png;base64,")


def test_every_tip_is_covered_however_unreadable(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(WHOLE)
    tips = tab.shown("review")["tips"]
    assert {tip["badge"]["level"] for tip in tips} == {Level.UNREADABLE}
    assert all(tip["covered"] for tip in tips)


def test_drawn_areas_have_no_badge(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(CLOSE)
    tab.fire("review", "draw", {"cx": 200, "cy": 900, "rx": 60, "ry": 60})
    assert "badge" not in tab.shown("review")["tips"][-1]


def test_a_slider_measures_nothing_again(english: Callable[..., Visit]) -> None:
    tab = english("protect").upload(CLOSE)
    with patch.object(workspace, "exposures", side_effect=AssertionError):
        tab.slide("coverage", 150)
    assert badges(tab)
