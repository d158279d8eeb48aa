from hypothesis import given
from hypothesis import strategies as st

from tests.hand_shapes import open_hand
from vov_core.findings import Findings, Finger, Kind, Region, Source, Unplaced, Why
from vov_core.geometry import ellipse
from vov_core.select import Edits, Mode, Rules, Verdict, select

OUTLINE = ellipse((50.0, 50.0), 20.0, 20.0)
shares = st.floats(0, 1)


def region(id: str, **facts) -> Region:
    return Region(**{"id": id, "polygon": OUTLINE, "width": 40.0, "source": Source.BOTH, **facts})


def tip(id: str = "h0-index", **facts) -> Region:
    return region(id, source=Source.LANDMARKS, finger=Finger.INDEX, hand=0, **facts)


def findings(*regions: Region, detector: bool = True) -> Findings:
    return Findings("00", 100, 100, (open_hand(),), regions, detector=detector)


def ids(regions) -> list[str]:
    return [entry.id for entry in regions]


def masked(*regions: Region, detector: bool = True, **rules) -> list[str]:
    found = findings(*regions, detector=detector)
    return ids(select(found, Rules(**rules), Edits()).masked)


@st.composite
def photos(draw) -> Findings:
    detector = draw(st.booleans())
    regions = []
    for number in range(draw(st.integers(0, 6))):
        sources = list(Source)[:3] if detector else [Source.LANDMARKS]
        source = draw(st.sampled_from(sources))
        scores = {}
        if source is not Source.LANDMARKS:
            scores = {"confidence": draw(shares), "nail_confidence": draw(shares)}
        kind = draw(st.sampled_from(Kind))
        regions.append(region(f"r{number}", source=source, kind=kind, **scores))
    return findings(*regions, detector=detector)


@st.composite
def edits(draw) -> Edits:
    some = st.frozensets(st.sampled_from([*(f"r{n}" for n in range(6)), "p1", "unknown"]))
    drawn = draw(st.sampled_from([(), (region("p1", source=Source.PERSON),)]))
    return Edits(left_out=draw(some), put_in=draw(some), drawn=drawn)


modes = st.sampled_from(Mode)


@given(photos(), edits(), modes, shares, shares, shares)
def test_a_higher_confidence_never_covers_more(photo, changes, mode, nail, one, other):
    low, high = sorted((one, other))
    few = select(photo, Rules(mode=mode, confidence=high, nail_confidence=nail), changes)
    many = select(photo, Rules(mode=mode, confidence=low, nail_confidence=nail), changes)
    assert set(ids(few.masked)) <= set(ids(many.masked))


@given(photos(), edits(), shares, shares)
def test_safe_covers_all_that_precise_covers(photo, changes, confidence, nail):
    safe, precise = (
        select(photo, Rules(mode=mode, confidence=confidence, nail_confidence=nail), changes)
        for mode in Mode
    )
    assert set(ids(precise.masked)) <= set(ids(safe.masked))


@given(photos(), edits(), modes, shares)
def test_edits_win_and_nothing_gets_lost(photo, changes, mode, confidence):
    selection = select(photo, Rules(mode=mode, confidence=confidence), changes)
    known = ids([*photo.regions, *changes.drawn])
    covered, left = ids(selection.masked), ids(selection.open)
    assert changes.put_in & set(known) <= set(covered)
    assert (changes.left_out - changes.put_in) & set(known) <= set(left)
    assert [id for id in known if id in covered] == covered
    assert [id for id in known if id in left] == left
    assert [r.id for r in selection.found if r.id in covered] == [
        id for id in covered if id not in ids(changes.drawn)
    ]
    quiet = {r.id for r in photo.regions if r.source is Source.DETECTOR} - changes.left_out
    assert set(known) - quiet <= set(covered + left) <= set(known)


@given(photos(), modes)
def test_only_the_verdict_of_an_empty_selection_is_nothing_found(photo, mode):
    selection = select(photo, Rules(mode=mode), Edits())
    assert (selection.verdict is Verdict.DANGER) == bool(selection.masked)


def test_without_a_detector_all_tips_are_covered_also_nails():
    tips = (tip("h0-index", kind=Kind.NAIL), tip("h0-ring"))
    for mode in Mode:
        assert masked(*tips, detector=False, mode=mode) == ["h0-index", "h0-ring"]


def test_precise_without_a_detector_says_so():
    photo = findings(tip(), detector=False)
    assert select(photo, Rules(mode=Mode.PRECISE), Edits()).precise_unavailable
    assert not select(photo, Rules(), Edits()).precise_unavailable
    assert not select(findings(tip()), Rules(mode=Mode.PRECISE), Edits()).precise_unavailable


def test_safe_leaves_open_what_is_surely_only_a_nail():
    sure = region("nail", confidence=0.1, nail_confidence=0.8, kind=Kind.NAIL)
    unsure = region("maybe", confidence=0.1, nail_confidence=0.4)
    both = region("both", confidence=0.3, nail_confidence=0.8, kind=Kind.NAIL)
    unseen = tip("unseen", kind=Kind.NAIL)
    assert masked(sure, unsure, both, unseen) == ["maybe", "both", "unseen"]


def test_boxes_of_the_detector_alone_need_the_confidence():
    sure = region("d0", source=Source.DETECTOR, confidence=0.25, nail_confidence=0.0)
    weak = region("d1", source=Source.DETECTOR, confidence=0.24, nail_confidence=0.0)
    for mode in Mode:
        assert masked(sure, weak, mode=mode) == ["d0"]


def test_safe_covers_boxes_of_the_detector_alone_that_may_be_nails():
    maybe = region("d0", source=Source.DETECTOR, confidence=0.2, nail_confidence=0.7)
    nail = region("d1", source=Source.DETECTOR, confidence=0.1, nail_confidence=0.8)
    weak = region("d2", source=Source.DETECTOR, confidence=0.1, nail_confidence=0.1)
    assert masked(maybe, nail, weak) == ["d0"]
    assert masked(maybe, nail, weak, mode=Mode.PRECISE) == []


def test_precise_covers_only_confirmed_pads():
    pad = region("pad", confidence=0.9, nail_confidence=0.0, kind=Kind.FINGERPRINT)
    nail = region("nail", confidence=0.3, nail_confidence=0.7, kind=Kind.NAIL)
    assert masked(pad, nail, tip("unseen"), mode=Mode.PRECISE) == ["pad"]


def test_what_a_person_left_open_is_still_a_danger():
    selection = select(findings(tip()), Rules(), Edits(left_out=frozenset({"h0-index"})))
    assert selection.masked == ()
    assert selection.verdict is Verdict.DANGER


def test_tips_without_a_region_are_passed_on():
    photo = Findings("00", 9, 9, unplaced=(Unplaced(0, Finger.RING, Why.OUTSIDE),))
    selection = select(photo, Rules(), Edits())
    assert selection.unplaced == photo.unplaced
    assert selection.verdict is Verdict.NOTHING_FOUND
