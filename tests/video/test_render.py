"""What goes out: covered in every frame, proven, without metadata; nothing if it fails."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from benchmarks.clips import labelled, written
from tests.video.made import ENTERING, RATE, RESTING, SMALL, clip, picture, rendered
from vov_core.errors import NotCleanError, SessionFullError
from vov_core.finder import Finder, open_finder
from vov_core.findings import Verdict
from vov_core.masks import STYLES
from vov_core.masks.regions import inside, scale_region
from vov_core.pipeline import Look
from vov_core.video import (
    OpenRange,
    Plan,
    Shapes,
    VideoFindings,
    check_video,
    find_in_video,
    frames,
    poster,
    probe,
    render,
    selection_at,
)
from vov_core.video.mp4 import check_boxes
from vov_core.video.render import Covered, _marks
from vov_core.video.work import Cancelled, Watch


@cache
def finder() -> Finder:
    return open_finder()


@cache
def found(scene: object) -> VideoFindings:
    data = rendered(scene)  # type: ignore[arg-type]
    return find_in_video(data, probe(data), finder())


def test_a_hand_is_covered_from_its_first_to_its_last_frame() -> None:
    shapes, shares = Shapes(found(ENTERING)), []
    for index, frame in enumerate(labelled(ENTERING, *SMALL, RATE)):
        selection = selection_at(shapes.at(index), Plan(), index / RATE)
        regions = [scale_region(region, Look().coverage) for region in selection.masked]
        hidden = inside(regions, frame.pixels.shape)
        shares += [float(hidden[pad].mean()) for pad in frame.pads]
    assert len(shares) > 60
    assert np.mean(np.array(shares) >= 0.9) >= 0.98 and min(shares) > 0.3


@pytest.mark.parametrize(("rate", "seconds"), [(1, 3.0), (240, 0.15)])
def test_slow_and_fast_videos_go_the_whole_way(rate: int, seconds: float) -> None:
    data = written(replace(RESTING, seconds=seconds), *SMALL, rate)
    facts = probe(data)
    seen = find_in_video(data, facts, finder())
    shapes = Shapes(seen)
    assert facts.frames == round(rate * seconds) == seen.frames
    assert all(len(shapes.at(index).regions) >= 5 for index in range(facts.frames))
    made = render(data, facts, seen, Plan())
    assert made.report.covered_frames == facts.frames
    times = [[f.ticks for f in frames(one, probe(one))] for one in (data, made.data)]
    assert times[0] == times[1]


def test_resting_outlines_stand_still() -> None:
    shapes = Shapes(found(RESTING))
    outlines = [
        {region.id: np.array(region.polygon) for region in shapes.at(i).regions} for i in range(12)
    ]
    tips = {name for shown in outlines for name in shown if "-" in name}
    assert len(tips) == 5 and all(tips <= set(shown) for shown in outlines)
    for one, other in pairwise(outlines[4:]):
        for name in tips:
            low, high = (np.array([o[name].min(0), o[name].max(0)]) for o in (one, other))
            assert np.abs(low - high).max() < 1.0, name


def test_the_output_shows_what_was_covered_and_no_more() -> None:
    data, facts = rendered(RESTING), probe(rendered(RESTING))
    made = render(data, facts, found(RESTING), Plan(look=Look(style="solid")))
    check_boxes(made.data)
    written = probe(made.data)
    assert (written.width, written.height, written.frames) == (*SMALL, facts.frames)
    assert written.metadata == () and written.codec == "h264" and written.sound is None
    assert made.verdict is Verdict.DANGER and made.report.regions == 5
    assert made.report.covered_frames == facts.frames and made.report.left_open == 0
    label = next(labelled(RESTING, *SMALL, RATE))
    for before, after in zip(frames(data, facts), frames(made.data, written), strict=True):
        for pad in label.pads:
            core = cv2.erode(pad.astype(np.uint8), np.ones((3, 3))) > 0
            assert after.pixels[core].mean() < 30 < before.pixels[core].mean()
        corner = (slice(0, 40), slice(0, 40))
        off = np.abs(after.pixels[corner].astype(int) - before.pixels[corner]).mean()
        assert off < 8
    pair = probe(made.pair)
    assert (pair.width, pair.height) == (2 * SMALL[0], SMALL[1])


@pytest.mark.parametrize("style", list(STYLES))
def test_every_style_passes_its_own_check(style: str) -> None:
    data = rendered(RESTING)
    made = render(data, probe(data), found(RESTING), Plan(look=Look(style=style, seed=3)))
    assert made.report.frames == 12


def test_a_range_stays_open_only_where_it_was_chosen() -> None:
    data, facts = rendered(RESTING), probe(rendered(RESTING))
    track = found(RESTING).tracks[0].number
    one = OpenRange(f"t{track}-index", 0.2, 0.4)
    plan = Plan(look=Look(style="solid"), open_ranges=(one,))
    shapes = Shapes(found(RESTING))
    for index in range(facts.frames):
        shown = selection_at(shapes.at(index), plan, index / RATE)
        names = {region.id for region in shown.masked}
        assert (one.region in names) is not (0.2 <= index / RATE < 0.4)
        assert len(names) >= 4
    whole = selection_at(Shapes(found(RESTING)).at(0), replace(plan, open_ranges=()), 0)
    assert len(whole.masked) == 5
    everything = Plan(open_ranges=(OpenRange(f"t{track}", 0, 9),))
    assert not selection_at(Shapes(found(RESTING)).at(0), everything, 0).masked
    assert render(data, facts, found(RESTING), plan).report.left_open == 1


def empty_findings(data: bytes) -> VideoFindings:
    ticks = np.array([frame.ticks for frame in frames(data, probe(data))])
    return VideoFindings(160, 120, ticks, (), False, {}, {})


def test_times_are_kept_and_sound_by_choice_only() -> None:
    times = [0, 0.04, 0.5, 0.52, 1.7]
    data = clip(5, times=times, sound="aac")
    for sound in (False, True):
        made = render(data, probe(data), empty_findings(data), Plan(sound=sound))
        written = probe(made.data)
        assert written.sound == ("aac" if sound else None)
        assert [round(f.seconds, 2) for f in frames(made.data, written)] == times
        assert made.verdict is Verdict.NOTHING_FOUND and made.report.regions == 0
        assert probe(made.pair).sound is None


def test_metadata_does_not_pass() -> None:
    notes = {"title": "my secret place", "location": "+37.5+127.0/"}
    data = clip(4, format="mov", metadata=notes)
    made = render(data, probe(data), empty_findings(data), Plan())
    assert b"secret" not in made.data and b"127.0" not in made.data
    assert probe(made.data).metadata == ()


def test_nothing_is_left_of_work_that_ends_early() -> None:
    data = clip(30)
    steps = iter(range(1000))
    watch = Watch(wanted=lambda: next(steps) < 5)
    with pytest.raises(Cancelled):
        render(data, probe(data), empty_findings(data), Plan(), watch=watch)
    with pytest.raises(SessionFullError):
        render(data, probe(data), empty_findings(data), Plan(), most_bytes=200)


def test_the_check_finds_an_open_region_and_a_lost_frame() -> None:
    data, facts = rendered(RESTING), probe(rendered(RESTING))
    made = render(data, facts, found(RESTING), Plan(look=Look(style="solid")))
    shapes = Shapes(found(RESTING))
    marks = []
    for frame in frames(made.data, probe(made.data)):
        regions = selection_at(shapes.at(frame.index), Plan(), 0).masked
        black = frame.pixels.copy()
        marks.append(_marks(Covered(frame, black, regions)))
    check_video(made.data, facts, marks)
    uncovered = render(data, facts, replace(found(RESTING), tracks=()), Plan())
    with pytest.raises(NotCleanError) as caught:
        check_video(uncovered.data, facts, marks)
    assert caught.value.details["reason"] == "pixels"
    with pytest.raises(NotCleanError) as caught:
        check_video(made.data, facts, marks[:-1])
    assert caught.value.details["reason"] == "frames"


def test_a_poster_stands_for_a_video() -> None:
    shown = poster(clip(12))
    assert shown.shape == (120, 160, 3)
    assert np.abs(shown.astype(int) - picture(4)).mean() < 12
