"""Geometry of masks."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vov_core.findings import Region, Source
from vov_core.masks.regions import (
    Spot,
    finger_width,
    footprint,
    inside,
    lay,
    place_all,
    scale_region,
    seed_of,
)


def square(x0: float, y0: float, x1: float, y1: float, width: float = 10.0) -> Region:
    return Region("p0", ((x0, y0), (x1, y0), (x1, y1), (x0, y1)), width, Source.PERSON)


def disc(x: float, y: float, radius: float) -> Region:
    turns = np.linspace(0, 2 * pi, 16, endpoint=False)
    points = tuple((x + radius * np.cos(t), y + radius * np.sin(t)) for t in turns)
    return Region("p0", points, 2 * radius, Source.PERSON)


def test_inside_takes_every_touched_pixel() -> None:
    mask = inside([square(2.5, 3.5, 6.5, 5.5)], (12, 12))
    assert mask[3:6, 2:7].all()
    assert not mask[:2].any()
    assert not mask[:, 9:].any()


def test_inside_takes_no_more_than_a_pixel_too_much() -> None:
    mask = inside([disc(50, 50, 20)], (100, 100))
    y, x = np.mgrid[:100, :100] + 0.5
    distance = np.hypot(x - 50, y - 50)
    assert mask[distance < 20].all()
    assert not mask[distance > 22.5].any()


def test_outlines_that_cross_themselves_leave_no_hole() -> None:
    turns = np.arange(5) * 4 * pi / 5
    star = tuple((50 + 40 * np.sin(t), 50 - 40 * np.cos(t)) for t in turns)
    assert inside([Region("p0", star, 30, Source.PERSON)], (100, 100))[45:55, 45:55].all()


@settings(max_examples=80, deadline=None)
@given(
    x=st.floats(-20, 80),
    y=st.floats(-20, 80),
    radius=st.floats(0.1, 50),
    shrink=st.floats(0.1, 1),
)
def test_a_larger_coverage_covers_the_smaller(
    x: float, y: float, radius: float, shrink: float
) -> None:
    region = disc(x, y, radius)
    small = inside([scale_region(region, shrink)], (60, 60))
    assert not (small & ~inside([region], (60, 60))).any()


@settings(max_examples=80, deadline=None)
@given(
    x=st.floats(-20, 80),
    y=st.floats(-20, 80),
    radius=st.floats(0.1, 50),
    softness=st.floats(0, 1),
    more=st.floats(0, 1),
)
def test_footprint_holds_the_regions_and_grows_with_softness(
    x: float, y: float, radius: float, softness: float, more: float
) -> None:
    low, high = sorted((softness, more))
    region = disc(x, y, radius)
    mask = footprint([region], (60, 60), low)
    assert not (inside([region], (60, 60)) & ~mask).any()
    assert not (mask & ~footprint([region], (60, 60), high)).any()


def test_soft_edge_is_half_a_finger_wide_at_most() -> None:
    mask = footprint([disc(100, 100, 20)], (200, 200), 1.0)
    y, x = np.mgrid[:200, :200] + 0.5
    distance = np.hypot(x - 100, y - 100)
    assert mask[distance < 38].all()
    assert not mask[distance > 20 + 20 + 5].any()


def test_masks_of_nothing_are_empty() -> None:
    assert not inside([], (4, 5)).any()
    assert footprint([], (4, 5, 3), 1.0).shape == (4, 5)


def test_scale_region_changes_the_outline_and_not_the_finger() -> None:
    region = replace(square(10, 10, 20, 30, width=8), base=(15.0, 32.0))
    grown = scale_region(region, 1.5)
    assert grown.centre == region.centre
    assert grown.box == (7.5, 5, 22.5, 35)
    assert grown.width == 8
    for name in ("id", "source", "kind", "base"):
        assert getattr(grown, name) == getattr(region, name)
    assert scale_region(region, 1) == region


@pytest.mark.parametrize(("width", "sane"), [(0.0, 1.0), (7.0, 7.0), (1e6, 10.0)])
def test_finger_width_is_kept_sane(width: float, sane: float) -> None:
    assert finger_width(square(0, 0, 6, 8, width)) == sane


def test_alpha_is_one_in_the_core_and_falls_outside() -> None:
    spot = Spot.place(disc(50, 50, 20), (100, 100), 0.5)
    assert spot is not None
    assert (spot.alpha[spot.core > 0] == 255).all()
    middle = spot.alpha[50 - spot.y, 50 - spot.x :]
    assert (np.diff(middle.astype(int)) <= 0).all()
    assert middle[-1] < 12


def test_regions_outside_are_left_out() -> None:
    assert place_all([disc(-50, 10, 20), disc(10, 10, 5)], (30, 30), 0.0)[0].region.width == 10


def test_lay_is_opaque_in_the_core() -> None:
    canvas = np.full((60, 60, 3), 255, np.uint8)
    spot = Spot.place(disc(30, 30, 12), canvas.shape, 1.0)
    assert spot is not None
    lay(canvas, spot, np.full((*spot.core.shape, 3), 9, np.uint8))
    assert (canvas[inside([spot.region], canvas.shape)] == 9).all()
    assert (canvas[0, 0] == 255).all()


def test_each_region_has_its_own_chance() -> None:
    one, other = disc(1, 1, 1), Region("p1", ((0, 0), (1, 0), (1, 1)), 1, Source.PERSON)
    assert seed_of(one, 3) == seed_of(one, 3)
    assert seed_of(one, 3) != seed_of(other, 3)
    assert seed_of(one, 3) != seed_of(one, 4)
