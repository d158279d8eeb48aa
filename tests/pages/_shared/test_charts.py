"""Charts of no, one and many periods."""

from datetime import date, timedelta

import pytest

from pages._shared import charts
from vov_core.history import Group, Period, Totals

START = date(2026, 1, 1)


def periods(count: int) -> list[Period]:
    return [
        Period(START + timedelta(days=n), Totals(n + 1, n, 1, 3 * n, 1000)) for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 5, 400])
def test_over_time_shows_every_period(count: int) -> None:
    danger, nothing = charts.over_time(periods(count)).data
    assert len(danger.x) == len(nothing.x) == count
    assert list(danger.y) == list(range(count)) and list(nothing.y) == [1] * count
    assert danger.name != nothing.name
    assert list(charts.covered(periods(count)).data[0].y) == [3 * n for n in range(count)]


def test_few_photos_have_whole_ticks() -> None:
    assert charts.over_time(periods(3)).layout.yaxis.dtick == 1
    assert charts.over_time(periods(40)).layout.yaxis.dtick is None


@pytest.mark.parametrize(("danger", "nothing"), [(0, 0), (1, 0), (0, 3), (70, 30)])
def test_the_ring(danger: int, nothing: int) -> None:
    (ring,) = charts.split(danger, nothing).data
    assert list(ring.values) == [danger, nothing]
    assert [bool(words) for words in ring.texttemplate] == [bool(danger), bool(nothing)]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_styles_are_ordered(count: int) -> None:
    names = ["skin_tone", "solid", "noise", "sticker", "pixelate", "blur", "synthetic_print"]
    groups = [Group(name, Totals(photos=n + 1)) for n, name in enumerate(names[:count])]
    (bars,) = charts.styles(groups[::-1]).data
    assert list(bars.x) == list(range(1, count + 1))
    assert len(set(bars.y)) == count
