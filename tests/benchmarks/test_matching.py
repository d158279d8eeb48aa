"""The matcher tells fingers apart, and the statistics are what textbooks say."""

import numpy as np
import pytest

from benchmarks import matching, touches
from benchmarks.prints import HEIGHT, WIDTH, Print, make_print


@pytest.fixture(scope="module")
def fingers() -> tuple[Print, Print]:
    return make_print(1), make_print(3)


def template(print_: Print, seed: int) -> object:
    touched = touches.touch(print_, seed)
    pad = touches.flat_pad(touched, matching.PX_PER_MM)
    return matching.minutiae(matching.as_scanned(pad, touches.PAD_MM))


def test_two_touches_of_a_finger_match_and_two_fingers_do_not(
    fingers: tuple[Print, Print],
) -> None:
    first, again, other = template(fingers[0], 1), template(fingers[0], 2), template(fingers[1], 3)
    assert matching.score(first, again) > 100
    assert matching.score(first, other) < 60


def test_templates_survive_being_kept(fingers: tuple[Print, Print]) -> None:
    first, again = template(fingers[0], 1), template(fingers[0], 2)
    kept = matching.loaded(matching.stored(first))
    assert matching.score(kept, again) == matching.score(first, again)


def test_a_photo_is_as_good_as_a_scan(fingers: tuple[Print, Print]) -> None:
    touched = touches.touch(fingers[0], 5)
    scene = touches.photograph(touched, touches.random_shot(7.0, 5))
    plane = scene.photo.pixels[:, :, 1]
    pad = touches.cut_pad(plane, scene.middle, scene.scale, matching.PX_PER_MM)
    even = matching.even(pad, 9.0)
    seen = matching.minutiae(matching.as_scanned(even, touches.PAD_MM))
    assert matching.score(seen, template(fingers[0], 1)) > 80
    (region,) = scene.findings.regions
    assert region.width == pytest.approx(16 * scene.scale, rel=0.21)


def test_what_has_no_minutiae_scores_nothing() -> None:
    blank = matching.as_scanned(
        touches.flat_pad(Print(np.zeros((HEIGHT, WIDTH), np.float32), 0.46), 20.0), (5.0, 5.0)
    )
    assert matching.minutiae(blank) is None
    assert matching.score(None, None) == 0
    assert matching.stored(None) == b"" and matching.loaded(b"") is None


def test_thresholds_let_no_more_strangers_pass() -> None:
    scores = list(range(1000))
    assert matching.threshold(scores, 0.01) == 990
    assert matching.threshold(scores, 0.001) == 999
    assert sum(s >= matching.threshold([5] * 100, 0.01) for s in [5] * 100) == 0


def test_the_interval_is_clopper_and_pearsons() -> None:
    nothing = matching.clopper_pearson(0, 100)
    assert nothing.low == 0 and nothing.high == pytest.approx(0.0362, abs=1e-4)
    half = matching.clopper_pearson(5, 10)
    assert (half.low, half.high) == pytest.approx((0.1871, 0.8129), abs=1e-4)
    assert matching.clopper_pearson(0, 0).high == 1


def test_a_tie_with_a_stranger_counts_half() -> None:
    assert matching.beats([3, 5], [[3, 3], [1, 9]]) == [0.5, 0.5]
    assert matching.beats([7], [[1, 7]]) == [0.75]


def test_probes_of_one_identity_go_together() -> None:
    values = [1, 1, 0, 0] * 10
    together = matching.mean_by_identity(values, [n // 2 for n in range(40)])
    apart = matching.mean_by_identity(values, list(range(40)))
    assert together.share == apart.share == 0.5
    assert together.high - together.low > apart.high - apart.low
