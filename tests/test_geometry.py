from dataclasses import replace
from math import cos, hypot, inf, nan, pi, sin

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.hand_shapes import mirrored, moved, open_hand
from vov_core.findings import Finger, Handedness, Kind
from vov_core.geometry import (
    FINGER_LANDMARKS,
    area,
    box_intersection,
    box_iou,
    box_of,
    box_polygon,
    ellipse,
    finger_width,
    hand_size,
    hull,
    intersection_area,
    kind_by_geometry,
    last_joint,
    pad_chance,
    pad_facing,
    rounded,
    tip_polygon,
)

fingers = st.sampled_from(Finger)
turns = st.floats(0, 2 * pi)
sizes = st.floats(20, 3000)
places = st.floats(-500, 9000)
boxes = st.tuples(places, places, st.floats(2, 900), st.floats(2, 900)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def turning_directions(polygon) -> np.ndarray:
    points = np.array(polygon)
    edges = np.roll(points, -1, axis=0) - points
    following = np.roll(edges, -1, axis=0)
    return edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]


def contains(polygon, point, slack: float = 0.01) -> bool:
    """A convex polygon keeps its area when a point of it is added."""
    return area(hull(polygon, [point])) <= area(polygon) * (1 + slack)


@given(fingers, places, places, sizes, turns)
def test_outline_moves_turns_and_grows_with_the_hand(finger, x, y, size, turn):
    there = np.array(tip_polygon(open_hand(x, y, size, turn), finger))
    here = np.array(tip_polygon(open_hand(0, 0, 100), finger))
    rotation = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    expected = here @ rotation.T * size / 100 + (x, y)
    assert np.allclose(there, expected, atol=1e-6 * (size + abs(x) + abs(y)))


@given(fingers, turns, st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_outline_is_convex_around_the_tip_and_as_wide_as_the_finger(finger, turn, dx, dy):
    hand = open_hand(turn=turn)
    *_, joint, tip = FINGER_LANDMARKS[finger]
    width = finger_width(hand, finger)
    jx, jy = hand.landmarks[joint]
    hand = moved(hand, tip, (jx + dx * width, jy + dy * width))
    polygon = tip_polygon(hand, finger)
    turned = turning_directions(polygon)
    assert (turned > 0).all() or (turned < 0).all()
    assert area(polygon) >= pi / 4 * width**2
    assert contains(polygon, hand.landmarks[tip])
    x0, y0, x1, y1 = box_of(polygon)
    assert min(x1 - x0, y1 - y0) >= 0.98 * width


def test_a_finger_at_the_camera_gets_a_round_region_around_its_tip():
    hand = open_hand()
    hand = moved(hand, 8, hand.landmarks[7])
    x0, y0, x1, y1 = box_of(tip_polygon(hand, Finger.INDEX))
    assert x1 - x0 == pytest.approx(y1 - y0)
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx(hand.landmarks[8])


@given(fingers, st.floats(0.02, 0.99))
def test_outline_does_not_jump_while_a_finger_turns_to_the_camera(finger, share):
    hand = open_hand()
    *_, joint, tip = FINGER_LANDMARKS[finger]
    (jx, jy), (tx, ty) = hand.landmarks[joint], hand.landmarks[tip]

    def outline(s: float) -> np.ndarray:
        place = (jx + s * (tx - jx), jy + s * (ty - jy))
        return np.array(tip_polygon(moved(hand, tip, place), finger))

    step = np.abs(outline(share) - outline(share + 0.01)).max()
    assert step < 0.05 * finger_width(hand, finger)


@pytest.mark.parametrize("bad", [nan, inf])
def test_landmarks_that_are_no_numbers_give_no_region(bad: float):
    assert tip_polygon(moved(open_hand(), 8, (bad, 3.0)), Finger.INDEX) is None


def test_a_hand_without_size_gives_no_region():
    assert all(tip_polygon(open_hand(size=5), finger) is None for finger in Finger)
    assert tip_polygon(open_hand(size=0), Finger.INDEX) is None


@given(turns, sizes)
def test_hand_size_is_the_palms_length(turn, size):
    assert hand_size(np.array(open_hand(turn=turn, size=size).landmarks)) == pytest.approx(
        size * hypot(0.06, 1.0)
    )


@given(fingers, turns)
def test_an_open_palm_shows_pads_whichever_way_it_is_turned(finger, turn):
    assert pad_facing(open_hand(turn=turn), finger) > 0.6
    assert kind_by_geometry(open_hand(turn=turn), finger) is Kind.FINGERPRINT


@given(fingers, turns)
def test_a_mirror_swaps_the_hand_and_keeps_the_side(finger, turn):
    hand = open_hand(turn=turn)
    twin = mirrored(hand)
    assert twin.handedness is Handedness.LEFT
    assert pad_facing(twin, finger) == pytest.approx(pad_facing(hand, finger))
    image, original = tip_polygon(twin, finger), tip_polygon(hand, finger)
    overlap = intersection_area(image, [(1000 - x, y) for x, y in original])
    assert overlap == pytest.approx(area(original), rel=1e-3)


@given(fingers, turns)
def test_the_back_of_a_hand_shows_nails_unless_its_side_is_unsure(finger, turn):
    back = replace(open_hand(turn=turn), handedness=Handedness.LEFT)
    assert kind_by_geometry(back, finger) is Kind.NAIL
    assert kind_by_geometry(replace(back, score=0.6), finger) is Kind.UNKNOWN


@pytest.mark.parametrize("finger", list(Finger)[1:])
def test_a_curled_finger_shows_its_nail_where_the_palm_shows(finger: Finger):
    hand = open_hand()
    *_, middle, joint, tip = FINGER_LANDMARKS[finger]
    (mx, my), (jx, jy) = hand.landmarks[middle], hand.landmarks[joint]
    curled = moved(hand, tip, (jx + 0.8 * (mx - jx), jy + 0.8 * (my - jy)))
    assert kind_by_geometry(curled, finger) is Kind.NAIL


def test_no_direction_no_claim():
    hand = open_hand()
    hand = moved(hand, 8, hand.landmarks[7])
    assert pad_facing(hand, Finger.INDEX) == 0
    assert pad_chance(hand, Finger.INDEX) == 0.5
    assert kind_by_geometry(hand, Finger.INDEX) is Kind.UNKNOWN
    lost = moved(hand, 8, (float("nan"), 1.0))
    assert pad_facing(lost, Finger.INDEX) == 0


@given(fingers, turns)
def test_a_doubtful_left_or_right_makes_pad_or_nail_doubtful(finger, turn):
    palm = open_hand(turn=turn)
    assert pad_chance(palm, finger) > 0.9
    doubtful = replace(palm, score=0.5)
    assert pad_chance(doubtful, finger) == pytest.approx(0.5)
    back = replace(palm, handedness=Handedness.LEFT)
    assert pad_chance(back, finger) == pytest.approx(1 - pad_chance(palm, finger))


@given(boxes)
def test_a_boxs_outline_fills_the_box_but_for_its_corners(box):
    x0, y0, x1, y1 = box
    polygon = box_polygon(box)
    assert box_of(polygon) == pytest.approx(box, abs=0.01 * max(x1 - x0, y1 - y0))
    centre = ((x0 + x1) / 2, (y0 + y1) / 2)
    inner = ellipse(centre, 0.98 * (x1 - x0) / 2, 0.98 * (y1 - y0) / 2)
    assert all(contains(polygon, point, 1e-3) for point in inner)
    assert not contains(polygon, (x0, y0), 1e-3)


def test_an_ellipse_has_an_ellipses_area():
    assert area(ellipse((5.0, 7.0), 40.0, 10.0)) == pytest.approx(pi * 400, rel=0.01)


def test_rounded_lies_along_its_direction():
    x0, y0, x1, y1 = box_of(rounded((0, 0), (30, 10), (0.0, 1.0)))
    assert (x1 - x0, y1 - y0) == pytest.approx((20, 60), rel=0.01)


@given(boxes, boxes)
def test_box_iou_is_symmetric_and_bounded(one, other):
    assert box_iou(one, other) == box_iou(other, one)
    assert 0 <= box_iou(one, other) <= 1
    assert box_iou(one, one) == pytest.approx(1)


@given(boxes, boxes)
def test_convex_intersection_agrees_with_that_of_boxes(one, other):
    def corners(b):
        return [(b[0], b[1]), (b[2], b[1]), (b[2], b[3]), (b[0], b[3])]

    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    assume(abs(width) > 0.1 and abs(height) > 0.1)
    shared = max(width, 0) * max(height, 0)
    assert intersection_area(corners(one), corners(other)) == pytest.approx(
        shared, rel=0.01, abs=0.5
    )


def test_boxes_without_area_overlap_nothing():
    assert box_iou((1, 1, 1, 1), (1, 1, 1, 1)) == 0
    assert box_iou((0, 0, 2, 2), (5, 5, 7, 7)) == 0


def test_boxes_share_an_area():
    assert box_intersection((0, 0, 4, 4), (2, 1, 9, 3)) == 4
    assert box_intersection((0, 0, 4, 4), (4, 0, 8, 4)) == 0


def test_the_last_joint_is_where_the_finger_goes_on():
    hand = open_hand()
    assert last_joint(hand, Finger.THUMB) == hand.landmarks[3]
    assert last_joint(hand, Finger.LITTLE) == hand.landmarks[19]
