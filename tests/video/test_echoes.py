"""Places that contradict each other both count, for a while and no longer."""

import numpy as np
import pytest

from tests.hand_shapes import open_hand
from vov_core.video.echoes import Echoes, Points, agree, carry_into
from vov_core.video.tracks import Place, Subject, Track

# Nothing in it moves, so flow can't tell anything and points stay where they are.
BLANK = np.zeros((90, 160), np.uint8)
HAND = np.array(open_hand().landmarks, np.float32)
AWAY = HAND + np.float32(60)
INDEX = slice(5, 9)


def bent(points: Points) -> Points:
    """The same hand with its index finger taken for another."""
    wrong = points.copy()
    wrong[INDEX] = wrong[13:17]
    return wrong


def track(*places: Points | None) -> Track:
    seen = {n: Place(points) for n, points in enumerate(places) if points is not None}
    return Track(1, Subject.HAND, places=seen)


def followed(*places: Points | None) -> tuple[Track, list[int]]:
    """A hand that is seen at these places, and in which frames it leapt."""
    echoes, one, leapt = Echoes(rate=10), Track(1, Subject.HAND), []
    for index, points in enumerate(places):
        if points is not None:
            one.places[index] = Place(points)
        if echoes.step([one], index, BLANK, 1.0):
            leapt.append(index)
    return one, leapt


def also(one: Track) -> list[int]:
    return [len(one.places[index].also) if index in one.places else 0 for index in range(9)]


def test_tips_agree_where_each_is_near_some_other() -> None:
    assert agree(HAND, HAND) and agree(HAND, HAND + np.float32(2)) and agree(bent(HAND), HAND)
    assert not agree(HAND, bent(HAND)) and not agree(HAND, AWAY) and agree(HAND, AWAY, HAND)


def test_steady_tips_have_no_echo() -> None:
    one, leapt = followed(*[HAND + np.float32(2 * n) for n in range(9)])
    assert leapt == [] and also(one) == [0] * 9


def test_an_old_place_counts_for_a_while_and_then_no_more() -> None:
    one, leapt = followed(HAND, *[bent(HAND)] * 8)
    # Half a second at ten looks a second.
    assert leapt == [1] and also(one) == [0, 1, 1, 1, 1, 1, 1, 0, 0]
    assert (one.places[1].also[0] == HAND).all()


def test_it_ends_when_the_hand_is_back() -> None:
    one, leapt = followed(HAND, AWAY, AWAY, *[HAND] * 7)
    assert leapt == [1, 3] and also(one)[:3] == [0, 1, 1]
    # What was wrong for a moment counts no longer than what was right.
    assert one.places[8].also and not one.places[9].also


def test_a_hand_that_is_missed_keeps_its_place_until_it_is_back() -> None:
    one, leapt = followed(HAND, None, None, AWAY, AWAY)
    assert leapt == [3] and also(one)[3:5] == [1, 1]
    assert (one.places[3].also[0] == HAND).all()


def test_another_opinion_counts_unless_it_is_the_same() -> None:
    echoes, one = Echoes(rate=10), track(HAND)
    echoes.step([one], 0, BLANK, 1.0)
    assert not echoes.tell(one, 0, HAND + np.float32(1)) and also(one)[0] == 0
    assert echoes.tell(one, 0, AWAY) and (one.places[0].also[0] == AWAY).all()
    one.places[1] = Place(HAND)
    echoes.step([one], 1, BLANK, 1.0)
    assert also(one)[:2] == [1, 1]


@pytest.mark.parametrize(("life", "reached"), [(9, [2, 3]), (1, [3])])
def test_an_opinion_goes_back_until_it_is_shared(life: int, reached: list[int]) -> None:
    one = track(HAND, AWAY, HAND, HAND, AWAY)
    carry_into(one, ((at, AWAY) for at in (3, 2, 1, 0)), life)
    assert [at for at in range(5) if one.places[at].also] == reached


def test_a_frame_of_another_size_carries_nothing_wrong() -> None:
    echoes, one = Echoes(rate=10), track(HAND, AWAY)
    echoes.step([one], 0, BLANK, 1.0)
    echoes.step([one], 1, BLANK[:40], 1.0)
    assert (one.places[1].also[0] == HAND).all()
