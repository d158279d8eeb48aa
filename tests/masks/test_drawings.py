"""Generated pictures: prints and sticker figures."""

import numpy as np
import pytest

from vov_core.findings import Region, Source
from vov_core.masks import make_style
from vov_core.masks.figures import FIGURES, draw_figure
from vov_core.masks.ridges import HEIGHT, PERIOD, WIDTH, grow_print
from vov_core.masks.solid import Solid


def test_prints_are_seeded_and_different() -> None:
    one = grow_print(3, 0).copy()
    grow_print.cache_clear()
    assert np.array_equal(one, grow_print(3, 0))
    for other in (grow_print(3, 1), grow_print(4, 0)):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.2


def test_prints_have_ridges_of_the_stated_period_all_over() -> None:
    print_ = grow_print(0, 0)
    assert print_.shape == (HEIGHT, WIDTH)
    assert print_.min() < -0.8
    assert print_.max() > 0.8
    assert abs(print_.mean()) < 0.1
    window = np.hanning(48)[:, None] * np.hanning(48)
    fy, fx = np.meshgrid(np.fft.fftfreq(48), np.fft.fftfreq(48), indexing="ij")
    band = np.abs(np.hypot(fy, fx) - 1 / PERIOD) < 0.4 / PERIOD
    for y in range(0, HEIGHT - 48, 32):
        for x in range(0, WIDTH - 48, 32):
            power = np.abs(np.fft.fft2(print_[y : y + 48, x : x + 48] * window)) ** 2
            assert power[band].sum() > 0.7 * power.sum()


def test_prints_can_not_be_changed_by_their_users() -> None:
    with pytest.raises(ValueError, match="read-only"):
        grow_print(0, 0)[0, 0] = 1


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figures(figure) -> None:  # type: ignore[no-untyped-def]
    picture = draw_figure(figure.name)
    opaque = picture[..., 3] == 255
    assert 0.2 < opaque.mean() < 0.9
    assert not picture[[0, -1], :, 3].all(1).any()
    assert ((picture[..., 3] > 0) & ~opaque).any()
    # The figure stands out from its paper.
    away = np.abs(picture[opaque][:, :3].astype(int) - figure.paper).sum(1)
    assert np.median(away) > 100


def test_sticker_stays_the_same_when_another_region_is_dropped() -> None:
    photo = np.full((120, 260, 3), 90, np.uint8)
    a, b = (
        Region(name, ((x, 20), (x + 60, 20), (x + 60, 100), (x, 100)), 60, Source.PERSON)
        for name, x in (("h0-thumb", 30), ("h0-index", 160))
    )
    both = make_style("sticker").apply(photo, [a, b])
    alone = make_style("sticker").apply(photo, [b])
    assert np.array_equal(both[:, 140:], alone[:, 140:])


def test_solid_has_any_colour() -> None:
    photo = np.zeros((20, 20, 3), np.uint8)
    region = Region("p0", ((5, 5), (15, 5), (15, 15), (5, 15)), 10, Source.PERSON)
    masked = Solid(colour=(10, 200, 30), softness=0).apply(photo, [region])
    assert (masked[6:14, 6:14] == (10, 200, 30)).all()
