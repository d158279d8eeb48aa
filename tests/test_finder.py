import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.hand_shapes import moved, open_hand
from vov_core.detector import FLOOR
from vov_core.finder import Finder, elsewhere, fuse, is_flat, match, place_tips, weigh
from vov_core.findings import Detection, Finger, Hand, Kind, Source, Why
from vov_core.geometry import (
    area,
    box_intersection,
    box_iou,
    box_of,
    intersection_area,
    tip_polygon,
)
from vov_core.hands import MediaPipeHands
from vov_core.models import model, model_bytes


class FixedHands:
    """Says what the test wants seen; the real landmarker is used where a photo is looked at."""

    version = "hands-1"

    def __init__(self, *hands: Hand) -> None:
        self.hands = hands

    def find(self, pixels: np.ndarray) -> tuple[Hand, ...]:
        assert pixels is BLANK
        return self.hands


class FixedDetector:
    """Says what the test wants detected, and remembers which hands it was told."""

    version = "detector-1"

    def __init__(self, *detections: Detection) -> None:
        self.detections = detections
        self.told: Sequence[Hand] = ()

    def detect(self, pixels: np.ndarray, hands: Sequence[Hand]) -> tuple[Detection, ...]:
        assert pixels is BLANK
        self.told = hands
        return self.detections


BLANK = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)


def seen(hand: Hand, finger: Finger, pad: float, nail: float, shift: float = 0.0) -> Detection:
    x0, y0, x1, y1 = box_of(tip_polygon(hand, finger))
    return Detection((x0 + shift, y0, x1 + shift, y1), pad, nail)


def test_a_sample_on_landmarks_alone(sample, truth):
    data = sample("00119")
    sha256 = hashlib.sha256(data).hexdigest()
    pixels = np.array(Image.open(BytesIO(data)).convert("RGB"))
    entry = model("hand_landmarker")
    finder = Finder(MediaPipeHands(model_bytes(entry.name), entry.version))
    found = finder.find(sha256, pixels)
    assert not finder.has_detector
    assert not found.detector
    assert (found.photo_sha256, found.height, found.width) == (sha256, *pixels.shape[:2])
    assert [region.id for region in found.regions] == [f"h0-{finger}" for finger in Finger]
    assert {region.source for region in found.regions} == {Source.LANDMARKS}
    assert {region.kind for region in found.regions} == {Kind.FINGERPRINT}
    assert all(region.confidence is None for region in found.regions)
    joints = [found.hands[0].landmarks[at] for at in (3, 7, 11, 15, 19)]
    assert [region.base for region in found.regions] == joints
    assert found.models == {"hand_landmarker": entry.version}
    assert set(found.ms) == {"hands", "fuse"}
    for region, pad in zip(found.regions, truth("00119")["pads"], strict=True):
        x0, y0, x1, y1 = pad["pad_bbox_xyxy"]
        box = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        assert intersection_area(region.polygon, box) > 0.5 * area(box)


def test_the_back_of_a_hand_shows_nails(finder, sample):
    pixels = np.array(Image.open(BytesIO(sample("00121"))).convert("RGB"))
    found = finder.find("00", pixels)
    kinds = {region.finger: region.kind for region in found.regions}
    assert kinds[Finger.INDEX] is kinds[Finger.MIDDLE] is Kind.NAIL


def test_threads_share_one_finder(finder, sample):
    photos = [
        np.array(Image.open(BytesIO(sample(number))).convert("RGB"))
        for number in ("00105", "00107", "00119", "00124")
    ] * 2
    alone = [finder.find("00", photo).regions for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda photo: finder.find("00", photo).regions, photos))
    assert together == alone


def test_known_hands_are_not_looked_for_again():
    hand, other = open_hand(), open_hand(x=200)
    detector = FixedDetector(seen(other, Finger.INDEX, 0.9, 0.1))
    found = Finder(FixedHands(hand), detector).find("00", BLANK, [other])
    assert found.hands == (other,) == detector.told
    assert found.regions[1].confidence > 0.9


def test_detector_and_landmarks_meet_in_the_findings():
    hand = open_hand()
    detector = FixedDetector(
        seen(hand, Finger.INDEX, 0.9, 0.1, shift=5),
        seen(hand, Finger.RING, 0.01, 0.8),
        Detection((20, 20, 80, 100), 0.4, 0.05),
    )
    found = Finder(FixedHands(hand), detector).find("00", BLANK)
    assert detector.told == (hand,)
    assert found.detector
    assert found.models == {"hand_landmarker": "hands-1", "fingerprint_yolov5m": "detector-1"}
    assert set(found.ms) == {"hands", "detector", "fuse"}
    by_id = {region.id: region for region in found.regions}
    assert list(by_id) == [*(f"h0-{finger}" for finger in Finger), "d0"]
    index, ring, lone = by_id["h0-index"], by_id["h0-ring"], by_id["d0"]
    assert (index.source, index.kind) == (Source.BOTH, Kind.FINGERPRINT)
    assert index.confidence > 0.9
    assert (ring.source, ring.kind) == (Source.BOTH, Kind.NAIL)
    assert 0.5 < ring.nail_confidence < 0.8, "the landmarks, which see a palm, are not so sure"
    assert lone.confidence < 0.4 and lone.nail_confidence < 0.05, "no hand stands behind it"
    assert (lone.source, lone.kind, lone.hand) == (Source.DETECTOR, Kind.UNKNOWN, None)
    assert lone.width == 60
    assert lone.base is None
    assert index.base == hand.landmarks[7]
    assert by_id["h0-thumb"].source is Source.LANDMARKS
    assert by_id["h0-thumb"].confidence is None


def test_an_unsure_detector_leaves_the_kind_to_the_landmarks():
    hand = open_hand()
    tips, _ = place_tips([hand], 1000, 1000)
    regions = fuse(tips, [seen(hand, Finger.INDEX, 0.3, 0.4)])
    assert regions[1].kind is Kind.FINGERPRINT
    assert regions[1].confidence + regions[1].nail_confidence > 0.7, "it is where a tip is"
    assert regions[1].confidence > regions[1].nail_confidence


def test_where_both_disagree_about_the_place_both_places_are_covered():
    hand = open_hand()
    tips, _ = place_tips([hand], 1000, 1000)
    near = seen(hand, Finger.INDEX, 0.9, 0.0, shift=2)
    assert fuse(tips, [near])[1].polygon == tips[1].polygon
    far = seen(hand, Finger.THUMB, 0.9, 0.0, shift=0.5 * tips[0].width)
    region = fuse(tips, [far])[0]
    assert region.id == "h0-thumb"
    assert region.base == hand.landmarks[3]
    assert intersection_area(region.polygon, tips[0].polygon) == pytest.approx(
        area(tips[0].polygon), rel=1e-3
    )
    assert box_iou(region.box, far.box) > box_iou(tips[0].box, far.box)
    weak = seen(hand, Finger.THUMB, 0.4, 0.0, shift=0.5 * tips[0].width)
    assert fuse(tips, [weak])[0].polygon == tips[0].polygon


def test_each_detection_goes_to_the_tip_it_fits_best():
    hand = open_hand()
    tips, _ = place_tips([hand], 1000, 1000)
    middle = seen(hand, Finger.MIDDLE, 0.9, 0.0)
    weaker = seen(hand, Finger.MIDDLE, 0.5, 0.0, shift=8)
    assert match(tips, [weaker, middle]) == {2: 1}


def test_a_tip_that_is_seen_twice_is_one_region_with_the_better_scores():
    hand = open_hand()
    tips, _ = place_tips([hand], 1000, 1000)
    fitting = seen(hand, Finger.MIDDLE, 0.3, 0.0)
    again = seen(hand, Finger.MIDDLE, 0.9, 0.0, shift=8)
    for found in ([fitting, again], [again, fitting]):
        regions = fuse(tips, found)
        assert [region.id for region in regions] == [tip.id for tip in tips]
        assert regions[2].confidence == weigh(again, tips[2].pad_chance).confidence > 0.9
        assert regions[2].polygon == tips[2].polygon


def test_where_no_hand_is_the_detector_s_word_stands():
    far, near = Detection((0, 0, 10, 10), 0.8, 0.1), Detection((0, 0, 500, 400), 0.6, 0.1)
    regions = fuse((), [far, near], longest=None)
    assert [(r.confidence, r.nail_confidence) for r in regions] == [(0.8, 0.1), (0.6, 0.1)]
    faint = Detection((0, 0, 10, 10), FLOOR / 2, 0.0)
    assert fuse((), [faint], longest=None) == (), "below the floor"


def test_beside_a_hand_without_tips_a_small_tip_is_doubted_and_a_close_up_is_not():
    far, near = Detection((0, 0, 10, 10), 0.8, 0.1), Detection((0, 0, 500, 400), 0.8, 0.1)
    small, large = fuse((), [far, near], longest=1000)
    assert (large.confidence, large.nail_confidence) == pytest.approx((0.8, 0.1))
    assert 0.25 < small.confidence < 0.6 and small.nail_confidence < 0.1
    faint = Detection((0, 0, 10, 10), 0.15, 0.1)
    assert fuse((), [faint], longest=1000) == (), "below the floor"


def test_beside_a_hand_nothing_is_a_close_up():
    hand = open_hand()
    tips, _ = place_tips([hand], 1000, 1000)
    beside = Detection((0, 500, 400, 900), 0.6, 0.0)
    assert fuse((), [beside], 1000)[0].confidence == pytest.approx(0.6)
    assert fuse(tips, [beside], 1000)[-1].confidence < 0.25


def test_a_tiny_hand_in_a_finger_s_folds_hides_no_finger():
    hand = open_hand()
    tips, _ = place_tips([hand], 1000, 1000)
    edges = np.array([tip.box for tip in tips])
    around = (*(edges[:, :2].min(0) - 1), *(edges[:, 2:].max(0) + 1))
    finger, beside = Detection(around, 0.6, 0.0), Detection((0, 500, 400, 900), 0.6, 0.0)
    regions = fuse(tips, [finger, beside], 1000)
    assert regions[: len(tips)] == tips, "what was made up stays covered"
    for region, find in zip(regions[len(tips) :], (finger, beside), strict=True):
        assert box_iou(region.box, find.box) > 0.95
    assert regions[-1].confidence == pytest.approx(0.6), "no hand speaks against it"
    small = Detection((0, 500, 10, 510), 0.8, 0.1)
    doubted = fuse(tips, [finger, small], 1000)[-1]
    assert 0.25 < doubted.confidence < 0.6 and doubted.nail_confidence < 0.1
    faint = replace(finger, confidence=0.2)
    assert fuse(tips, [faint, beside], 1000)[-1].confidence < 0.25, "a guess makes no hand unreal"


@given(st.floats(1, 1000), st.floats(1, 1000), st.floats(0, 1))
def test_a_larger_tip_is_never_doubted_more(one, other, score):
    worth = [
        elsewhere(Detection((0, 0, side, side), score, 0), 1000).confidence
        for side in sorted((one, other))
    ]
    assert worth[0] <= worth[1] + 1e-9 and worth[1] <= score + 1e-9


boxes = st.tuples(*[st.floats(0, 1000)] * 2, *[st.floats(5, 200)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
detections = st.builds(Detection, boxes, st.floats(0.05, 1), st.floats(0.05, 1))


@given(st.lists(detections, max_size=8))
def test_no_tip_and_no_detection_gets_lost(found):
    tips, _ = place_tips([open_hand()], 1000, 1000)
    regions = fuse(tips, found)
    assert [region.id for region in regions[:5]] == [tip.id for tip in tips]
    assert len({region.id for region in regions}) == len(regions)
    for detection in found:
        lone = any(box_iou(region.box, detection.box) > 0.99 for region in regions[5:])
        on_a_tip = any(
            box_intersection(detection.box, region.box) and region.source is Source.BOTH
            for region in regions[:5]
        )
        assert lone or on_a_tip or max(detection.confidence, detection.nail_confidence) < 0.41
    assert all(0 <= r.confidence <= 1 for r in regions if r.confidence is not None)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_weighing_lets_landmarks_decide_between_pad_and_nail(pad, nail, chance):
    weighed = weigh(Detection((0, 0, 1, 1), pad, nail), chance)
    assert 0 <= weighed.confidence <= 1 and 0 <= weighed.nail_confidence <= 1
    if pad * chance + nail * (1 - chance) > 0:
        total = weighed.confidence + weighed.nail_confidence
        assert total >= min(1.0, pad + nail) - 1e-9, "a tip where landmarks put one is surer"
    if chance >= 0.5 and pad + nail <= 1:
        assert weighed.confidence >= pad - 1e-9


def test_weighing_with_landmarks_that_do_not_know_keeps_the_shares():
    weighed = weigh(Detection((0, 0, 1, 1), 0.6, 0.3), 0.5)
    assert weighed.confidence == pytest.approx(2 * weighed.nail_confidence)
    assert weighed.confidence > 0.6


def test_tips_outside_of_the_photo_are_told():
    hand = open_hand(x=500, y=420)  # the fingers reach over the upper border
    tips, unplaced = place_tips([hand], 1000, 1000)
    assert {tip.finger for tip in tips} >= {Finger.THUMB, Finger.LITTLE}
    assert {(u.finger, u.why) for u in unplaced} == {
        (Finger.INDEX, Why.OUTSIDE),
        (Finger.MIDDLE, Why.OUTSIDE),
        (Finger.RING, Why.OUTSIDE),
    }
    assert {tip.finger for tip in tips} | {u.finger for u in unplaced} == set(Finger)


def test_a_tip_at_the_border_keeps_its_true_outline():
    hand = open_hand(x=500, y=560)
    tips, unplaced = place_tips([hand], 1000, 1000)
    middle = next(tip for tip in tips if tip.finger is Finger.MIDDLE)
    assert not unplaced
    assert middle.box[1] < 0 < middle.box[3]


def test_landmarks_that_make_no_finger_are_told():
    hand = moved(open_hand(), 8, (float("nan"), 1.0))
    tips, unplaced = place_tips([hand], 1000, 1000)
    assert len(tips) == 4
    assert [(u.hand, u.finger, u.why) for u in unplaced] == [(0, Finger.INDEX, Why.DEGENERATE)]


def test_an_area_of_one_colour_gives_no_fingerprint_away():
    skin = np.full((300, 400, 3), (230, 190, 170), np.uint8)
    skin[100:] += np.random.default_rng(0).integers(0, 20, (200, 400, 3), dtype=np.uint8)
    assert is_flat(skin, (10, 10, 90, 90))
    assert not is_flat(skin, (10, 10, 90, 190)) and not is_flat(skin, (10, 150, 390, 290))
    assert is_flat(skin, (500, 10, 600, 90)), "outside"


def test_what_is_detected_on_one_colour_is_no_find():
    photo = np.zeros((1000, 1000, 3), np.uint8)
    photo[500:] = BLANK[500:]
    there, nowhere = Detection((50, 600, 650, 950), 0.9, 0), Detection((50, 50, 650, 450), 0.9, 0)
    detector = FixedDetector(there, nowhere)
    detector.detect = lambda *_: detector.detections
    hands = FixedHands()
    hands.find = lambda _: ()
    (region,) = Finder(hands, detector).find("00", photo).regions
    assert box_iou(region.box, there.box) > 0.99
