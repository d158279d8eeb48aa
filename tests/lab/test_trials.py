"""Settings on many photos: what merges, what changes state, what is missed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.made import entry, region, shape
from vov_core.findings import Detection
from vov_core.lab import (
    Trial,
    Truth,
    agreement,
    changes,
    looked_at,
    merged,
    of_size,
    outcomes,
    pad_size,
    rendered,
    scores,
)
from vov_core.pipeline import Look
from vov_core.scoring import average_precision, curve
from vov_core.select import Mode, Rules

LEFT, NEAR, RIGHT = (20, 20, 80, 100), (24, 22, 84, 102), (200, 100, 260, 180)


def precise(confidence: float, **more: float) -> Trial:
    return Trial(rules=Rules(mode=Mode.PRECISE, confidence=confidence), **more)


def test_overlapping_tips_become_one_that_covers_both() -> None:
    found = entry(region("d0", LEFT, 0.4), region("d1", NEAR, 0.9), region("d2", RIGHT, 0.5))
    joined = merged(found.findings, 0.5).regions
    assert [r.id for r in joined] == ["d0", "d2"] and joined[0].confidence == 0.9
    assert joined[0].box == pytest.approx((20, 20, 84, 102), abs=2)
    assert merged(found.findings, 1.0) is found.findings


def test_fingers_of_one_hand_never_merge() -> None:
    found = entry(region("h0-index", LEFT, None, 0), region("h0-middle", NEAR, None, 0))
    assert len(merged(found.findings, 0.1).regions) == 2


@settings(max_examples=25)
@given(st.floats(0.1, 0.99), st.floats(0.1, 0.99))
def test_a_lower_threshold_merges_no_less(one: float, other: float) -> None:
    boxes = [(20 + 7 * i, 20 + 3 * i, 80 + 7 * i, 100 + 3 * i) for i in range(6)]
    found = entry(*(region(f"d{i}", box, 0.5) for i, box in enumerate(boxes))).findings
    low, high = sorted((one, other))
    assert len(merged(found, low).regions) <= len(merged(found, high).regions)


def test_the_tips_that_change_state_between_two_settings() -> None:
    photos = [
        entry(region("d0", LEFT, 0.3), region("d1", RIGHT, 0.8), name="b.jpg"),
        entry(region("d0", LEFT, 0.5), name="a.jpg"),
    ]
    found = changes(photos, precise(0.25), precise(0.6))
    assert [(c.entry.name, c.region.id, c.covered) for c in found] == [
        ("a.jpg", "d0", False),
        ("b.jpg", "d0", False),
    ]
    back = changes(photos, precise(0.6), precise(0.25))
    assert [c.covered for c in back] == [True, True]
    assert changes(photos, precise(0.25), precise(0.25)) == []


def test_scores_are_the_detectors_only() -> None:
    assert scores([entry(region("d0", LEFT, 0.3), region("h0-ring", RIGHT, None, 0))]) == [0.3]


def test_a_trial_is_drawn_without_touching_the_entry() -> None:
    photo = entry(region("d0", LEFT, 0.9))
    before = photo.pixels()[0]
    after, selection = rendered(photo, Trial(look=Look(style="solid", coverage=1.0)))
    assert [r.id for r in selection.masked] == ["d0"]
    assert np.array_equal(before, photo.pixels()[0])
    assert np.abs(after[60, 50].astype(int) - before[60, 50]).max() > 20
    assert np.array_equal(after[150:, 150:], before[150:, 150:])
    small, _ = rendered(photo, Trial(), 160)
    assert small.shape == (120, 160, 3)


def test_misses_false_covers_and_nails() -> None:
    photo = entry(
        region("d0", LEFT, 0.9),
        region("d1", RIGHT, 0.9),
        region("d2", (120, 20, 170, 90), 0.9),
        shapes=(
            shape(LEFT),
            shape((20, 140, 80, 220)),
            shape((120, 20, 170, 90), Truth.NAIL),
        ),
    )
    (seen,) = outcomes([photo, entry()], precise(0.5))
    assert [s.box for s in seen.covered] == [LEFT]
    assert [s.box for s in seen.missed] == [(20, 140, 80, 220)]
    assert [r.id for r in seen.false] == ["d1"] and seen.nails == 1
    (strict,) = outcomes([photo], precise(0.95))
    assert len(strict.missed) == 2 and not strict.false and strict.nails == 0


def test_a_cover_on_a_hand_is_not_false_but_a_find_is() -> None:
    photo = entry(region("d0", RIGHT, 0.9), shapes=(shape((150, 60, 300, 220), Truth.HAND),))
    (seen,) = outcomes([photo], precise(0.5))
    assert not seen.false and not seen.missed
    assert len(looked_at(photo).unclear) == 0


def test_boxes_are_scored_at_the_photos_own_size() -> None:
    photo = entry(
        region("d0", LEFT, 0.9),
        region("d1", RIGHT, 0.4),
        shapes=(shape(LEFT), shape(RIGHT, Truth.UNCLEAR)),
        scale=0.5,
    )
    looked = looked_at(photo)
    assert looked.pads.tolist() == [[40, 40, 160, 200]]
    assert average_precision([looked], 0.5) == pytest.approx(0.995, abs=0.006)
    assert curve([looked]).precision.tolist() == [1.0]
    assert pad_size(photo, photo.shapes[0]) == pytest.approx(np.sqrt(120 * 160))
    assert len(of_size(looked, 96, 1e9).pads) == 1
    small = of_size(looked, 0, 96)
    assert len(small.pads) == 0 and len(small.unclear) == 2


def test_without_a_detector_there_is_nothing_to_score() -> None:
    photo = entry(region("h0-index", LEFT, None, 0), shapes=(shape(LEFT),), detector=False)
    assert scores([photo]) == [] and not len(curve([looked_at(photo)]).recall)
    (seen,) = outcomes([photo], Trial())
    assert len(seen.covered) == 1


def test_engines_agree_or_not() -> None:
    one = Detection((0, 0, 10, 10), 0.8, 0.0)
    moved = Detection((0, 0, 11, 10), 0.75, 0.0)
    far = Detection((50, 50, 60, 60), 0.6, 0.0)
    weak = Detection((80, 80, 90, 90), 0.06, 0.0)
    seen = agreement([[one, weak], []], [[moved], [far]])
    assert (seen.finds, seen.shared, seen.pixels) == (2, 1, 1.0)
    assert seen.confidence == pytest.approx(0.05) and seen.share == 0.5
    assert agreement([[]], [[]]).share == 1.0
