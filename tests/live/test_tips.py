"""A finger tip once seen stays covered, wherever it may have moved."""

import pytest

from vov_core.findings import Finger, Region, Source
from vov_core.geometry import area, box_of, rounded
from vov_core.live.tips import FORGET_GAP, HOLD, TipTracker


def tip(x: float, y: float, finger: Finger = Finger.INDEX) -> Region:
    return Region(
        id=f"h0-{finger}",
        polygon=rounded((x, y), (30, 20)),
        width=40.0,
        source=Source.LANDMARKS,
        finger=finger,
    )


def holds(region: Region, x: float, y: float) -> bool:
    x0, y0, x1, y1 = region.box
    return x0 < x < x1 and y0 < y < y1


def test_a_new_tip_is_told_once_and_keeps_its_name() -> None:
    tracker = TipTracker()
    (first,), fresh = tracker.update([tip(100, 100)], 0.0)
    assert [region.polygon for region in fresh] == [tip(100, 100).polygon]
    (second,), fresh = tracker.update([tip(106, 100)], 0.05)
    assert fresh == [] and second.id == first.id


def test_a_missed_tip_is_held_where_it_moves_to_and_grows() -> None:
    tracker = TipTracker()
    for n in range(5):
        tracker.update([tip(100 + 10 * n, 100)], n * 0.05)
    sizes = []
    for n in range(5, 9):
        (held,), fresh = tracker.update([], n * 0.05)
        assert fresh == [] and holds(held, 100 + 10 * n, 100) and holds(held, 140, 100)
        sizes.append(area(held.polygon))
    assert sizes == sorted(sizes) and sizes[0] > area(tip(0, 0).polygon)


def test_a_tip_is_held_for_a_while_only() -> None:
    tracker = TipTracker()
    tracker.update([tip(100, 100)], 0.0)
    assert tracker.update([], HOLD)[0]
    assert tracker.update([], HOLD + 0.01)[0] == []


def test_a_tip_that_comes_back_is_the_same() -> None:
    tracker = TipTracker()
    (first,), _ = tracker.update([tip(100, 100)], 0.0)
    tracker.update([], 0.1)
    (again,), fresh = tracker.update([tip(130, 110)], 0.2)
    assert fresh == [] and again.id == first.id


def test_a_fast_tip_is_covered_along_its_way() -> None:
    tracker = TipTracker()
    slow, fast = TipTracker(), TipTracker()
    for n in range(4):
        slow.update([tip(100 + n, 100)], n * 0.05)
        fast.update([tip(100 + 60 * n, 100)], n * 0.05)
    (still,), _ = slow.update([tip(104, 100)], 0.2)
    (blurred,), _ = fast.update([tip(340, 100)], 0.2)
    assert tracker.update([], 0.0) == ([], [])
    assert area(blurred.polygon) > 1.3 * area(still.polygon)


def test_fingers_side_by_side_are_not_mixed_up() -> None:
    tracker = TipTracker()
    fingers = list(Finger)[1:]
    names = {}
    for n in range(6):
        regions = [tip(100 + 45 * k + 7 * n, 100, finger) for k, finger in enumerate(fingers)]
        covered, _ = tracker.update(regions, n * 0.05)
        now = {region.finger: region.id for region in covered}
        assert names in ({}, now)
        names = now


def test_a_mislabelled_finger_stays_the_same_tip() -> None:
    tracker = TipTracker()
    (first,), _ = tracker.update([tip(100, 100)], 0.0)
    (again,), fresh = tracker.update([tip(103, 100, Finger.MIDDLE)], 0.05)
    assert fresh == [] and again.id == first.id


def test_far_away_is_another_tip_and_the_old_one_is_held() -> None:
    tracker = TipTracker()
    tracker.update([tip(100, 100)], 0.0)
    covered, fresh = tracker.update([tip(600, 400)], 0.05)
    assert len(covered) == 2 and len(fresh) == 1
    assert any(holds(region, 100, 100) for region in covered)


def test_after_a_gap_nothing_is_known() -> None:
    tracker = TipTracker()
    tracker.update([tip(100, 100)], 0.0)
    covered, fresh = tracker.update([tip(100, 100)], FORGET_GAP + 0.1)
    assert len(covered) == len(fresh) == 1


@pytest.mark.parametrize("speed", [0.0, 200.0, 3000.0])
def test_a_held_tip_never_grows_without_bounds(speed: float) -> None:
    tracker = TipTracker()
    for n in range(4):
        tracker.update([tip(100 + speed * 0.05 * n, 100)], 0.05 * n)
    covered, _ = tracker.update([], 0.15 + HOLD)
    x0, y0, x1, y1 = box_of(covered[0].polygon)
    assert y1 - y0 <= 3 * 40 + 1 and x1 - x0 <= 3 * (60 + 0.25 * speed * 1.2) + 1
