"""The first look at a video: follows every hand through it, forwards and backwards.

Frames come one after the other. Reduced copies of the last ten seconds are kept as JPEGs, so that
memory does not grow with the length. For each frame that is looked at:

1. the video-mode landmarker follows and finds hands,
2. now and then, and where a hand is new, the finder for photos looks at the full frame, too: it
   sees smaller and cut hands. The fingerprint detector, where there is one, is asked every few
   frames,
3. what was seen is matched with what is being followed.

Where a hand appears (or appears again after a gap), a second landmarker goes *backwards* from
there, since a hand that is known can be followed to frames in which it could not be found. From
where no model sees it any more, the movement of the picture carries it on, both ways.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import ceil
from time import perf_counter
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.detector import ONNX_MODEL
from vov_core.finder import HAND_MODEL, Finder
from vov_core.findings import Findings, Region, Source
from vov_core.models import model_bytes
from vov_core.video.echoes import Echoes, agree, carry_into
from vov_core.video.flow import carried
from vov_core.video.hands import HandStream, Look, apart, reduced, same
from vov_core.video.reader import Clip, Frame, frames
from vov_core.video.tracks import Place, Score, Subject, Track, VideoFindings
from vov_core.video.work import Watch, ahead

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]

_LOOKS_PER_SECOND: Final = 30
"""Frames of faster videos are looked at in turns: hands hardly move from one to the next."""
_MEMORY_SECONDS: Final = 10.0
_MOST_KEPT: Final = 300
_STILL_SECONDS: Final = 1.0
_STILL_APART: Final = 5
_DETECT_SECONDS: Final = 0.3
_PATIENCE_SECONDS: Final = 2.0
_CARRY_SECONDS: Final = 2.0
_CARRY_LEAST: Final = 0.2
_CARRY_PER_LOOK: Final = 0.15
_COAST: Final = 0.4
_STEADY_LOOKS: Final = 12
_PROOF_SECONDS: Final = 0.5
_ENOUGH_LOOKS: Final = 3
_CLOSE_LOOK: Final = 4
_LOST: Final = 5
_HOLD: Final = 5
_SHORT_GAP: Final = 3
_REACH: Final = 0.6
_DOUBT_CARRIED: Final = 0.05
_DOUBT_GUESSED: Final = 0.3
_MOST_DOUBT: Final = 1.0
_JPEG: Final = (cv2.IMWRITE_JPEG_QUALITY, 92)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A frame that can be looked at again."""

    index: int
    jpeg: bytes

    def pixels(self) -> Pixels:
        flat = np.frombuffer(self.jpeg, np.uint8)
        return np.asarray(cv2.imdecode(flat, cv2.IMREAD_COLOR_RGB), np.uint8)

    def grey(self) -> Pixels:
        flat = np.frombuffer(self.jpeg, np.uint8)
        return np.asarray(cv2.imdecode(flat, cv2.IMREAD_GRAYSCALE), np.uint8)


def find_in_video(
    data: bytes, clip: Clip, finder: Finder, watch: Watch | None = None
) -> VideoFindings:
    """Follows all hands through a video.

    Args:
        data: The file.
        clip: What ``probe`` told of it.
        finder: The process's finder for photos.
        watch: Is told how far it is, and may end it.

    Raises:
        BrokenVideoError: The file can't be decoded to its end.
        Cancelled: The watch said so.
    """
    watch = watch or Watch()
    start = perf_counter()
    model = model_bytes(HAND_MODEL)
    with _Eyes(model) as forwards, _Eyes(model) as backwards:
        follower = _Follower(clip, finder, forwards, backwards)
        with ahead(_prepared(data, clip)) as prepared:
            for frame, small, scale in prepared:
                watch.step(frame.index / clip.frames)
                follower.add(frame, small, scale)
        tracks = follower.finished()
    return VideoFindings(
        width=clip.width,
        height=clip.height,
        ticks=np.array(follower.ticks, np.int64),
        tracks=tracks,
        detector=finder.has_detector,
        models=follower.models,
        ms={"find": (perf_counter() - start) * 1000},
    )


def _prepared(data: bytes, clip: Clip) -> Iterator[tuple[Frame, Pixels, float]]:
    for frame in frames(data, clip):
        small, scale = reduced(frame.pixels)
        yield frame, small, scale


class _Eyes:
    """Two landmarkers over the same frames; the second sees what the first can't.

    It is asked only where a hand is missing, and made when it is asked for the first time.
    """

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._first = HandStream(model)
        self._second: HandStream | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for stream in (self._first, self._second):
            if stream is not None:
                stream.__exit__(*error)

    def forget(self) -> None:
        """The next frame comes from elsewhere."""
        for stream in (self._first, self._second):
            if stream is not None:
                stream.forget()

    def look(self, small: Pixels, scale: float, wanted: Sequence[Points]) -> list[Look]:
        """Hands of the next frame; looks twice where a wanted one is missing."""
        looks = self._first.look(small, scale)
        if all(any(apart(look.points, points) <= _REACH for look in looks) for points in wanted):
            return looks
        if self._second is None:
            self._second = HandStream(self._model, turned=True)
        more = self._second.look(small, scale)
        known = [look.points for look in looks]
        return looks + [m for m in more if not any(same(m.points, points) for points in known)]


class _Follower:
    """The state of the first look."""

    def __init__(self, clip: Clip, finder: Finder, forwards: _Eyes, backwards: _Eyes) -> None:
        self._finder, self._forwards, self._backwards = finder, forwards, backwards
        self._stride = max(1, round(clip.rate / _LOOKS_PER_SECOND))
        rate = clip.rate / self._stride
        self._kept: deque[_Kept] = deque(maxlen=min(_MOST_KEPT, ceil(rate * _MEMORY_SECONDS) + 2))
        self._patience = max(2, min(round(rate * _PATIENCE_SECONDS), _MOST_KEPT // 4))
        self._rate = rate
        self._still_every = max(1, round(rate * _STILL_SECONDS))
        self._since_still = self._still_every
        self._detect_every = max(1, round(rate * _DETECT_SECONDS))
        self._since_detect = 0
        self._scale = 1.0
        self._width, self._height = clip.width, clip.height
        self._proof = max(2, round(rate * _PROOF_SECONDS))
        self._appeared: list[tuple[Track, int, int]] = []
        self._going: list[Track] = []
        self._ended: list[Track] = []
        self._count = 0
        self._echoes = Echoes(rate)
        self.ticks: list[int] = []
        self.models: dict[str, str] = {}

    def add(self, frame: Frame, small: Pixels, scale: float) -> None:
        """Looks at the next frame."""
        self.ticks.append(frame.ticks)
        if frame.index % self._stride:
            return
        self._scale = scale
        bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        self._kept.append(_Kept(frame.index, cv2.imencode(".jpg", bgr, _JPEG)[1].tobytes()))
        wanted = [
            self._expected(track, frame.index)
            for track in self._going
            if self._is_missed(track, frame.index)
        ]
        looks = self._forwards.look(small, scale, wanted)
        new = self._match(frame.index, looks)
        self._since_still += 1
        missed = any(self._is_missed(track, frame.index + 1) for track in self._missing(frame))
        soon, told = bool(new) or missed, list[tuple[Track, Points]]()
        if self._since_still >= (_STILL_APART if soon else self._still_every):
            self._since_still = 0
            told = self._look_still(frame)
            new = [track for track in self._going if self._is_new(track, frame.index)]
        self._since_detect += 1
        if self._finder.has_detector and self._since_detect >= self._detect_every:
            self._detect(frame)
        self._echo(frame.index, grey, told)
        due_at = frame.index + self._proof * self._stride
        self._appeared += [(track, frame.index, due_at) for track in new]
        self._go_back_where_due(frame.index)
        self._retire(frame.index)

    def finished(self) -> tuple[Track, ...]:
        """Ends all that is still being followed; everything is in its final place then."""
        self._go_back_where_due(sys.maxsize)
        for track in list(self._going):
            self._end(track)
        tracks = sorted(self._ended, key=lambda track: (track.first, track.number))
        last = len(self.ticks) - 1
        for track in tracks:
            _fill(track)
            # Frames after the last one that was looked at belong to it.
            for index in range(track.last + 1, min(track.last + self._stride, last + 1)):
                track.places[index] = track.places[index - 1]
        return tuple(tracks)

    def _missing(self, frame: Frame) -> list[Track]:
        return [track for track in self._going if frame.index not in track.places]

    def _is_missed(self, track: Track, index: int) -> bool:
        """Whether a hand should be in a frame, so that a second look for it is worth its time."""
        if track.subject is not Subject.HAND or track.trust < _ENOUGH_LOOKS:
            return False
        lately = index - track.last <= self._rate * self._stride
        return lately and self._shows(self._expected(track, index))

    def _expected(self, track: Track, index: int) -> Points:
        """Where a track would be if it went on as it moved last."""
        last = track.last
        steps = min((index - last) / self._stride, _SHORT_GAP)
        moved = _speed(track, last, self._stride) * np.float32(steps)
        return (track.places[last].points + moved).astype(np.float32)

    def _shows(self, points: Points) -> bool:
        """Whether any of some points lie in the picture."""
        low, high = (points >= 0).all(1), (points < (self._width, self._height)).all(1)
        return bool((low & high).any())

    def _is_new(self, track: Track, index: int) -> bool:
        """Whether it was not there in the frames before this one."""
        before = [i for i in track.places if i < index]
        seen = index in track.places
        return seen and (not before or index - max(before) > _SHORT_GAP * self._stride)

    def _match(self, index: int, looks: Sequence[Look], *, close: bool = False) -> list[Track]:
        """Gives each look to the track it continues, or to a new one; returns the new ones."""
        hands = [track for track in self._going if track.subject is Subject.HAND]
        pairs = sorted(
            (apart(self._expected(track, index), look.points), t, n)
            for t, track in enumerate(hands)
            for n, look in enumerate(looks)
        )
        free_tracks, free_looks = set(range(len(hands))), set(range(len(looks)))
        new = []
        for distance, t, n in pairs:
            if distance > _REACH or t not in free_tracks or n not in free_looks:
                continue
            free_tracks.discard(t)
            free_looks.discard(n)
            _see(hands[t], index, looks[n], close=close)
            if self._is_new(hands[t], index):
                new.append(hands[t])
        for n in sorted(free_looks):
            new.append(self._begin(Subject.HAND))
            _see(new[-1], index, looks[n], close=close)
        return new

    def _begin(self, subject: Subject) -> Track:
        track = Track(self._count, subject)
        self._count += 1
        self._going.append(track)
        return track

    def _look_still(self, frame: Frame) -> list[tuple[Track, Points]]:
        """Looks at the full frame as if it were a photo; returns where it has known hands."""
        findings = self._finder.find("", frame.pixels)
        self.models.update(findings.models)
        index = frame.index
        looks = [
            Look(np.array(hand.landmarks, np.float32), hand.handedness, hand.score)
            for hand in findings.hands
        ]
        here = [t for t in self._going if index in t.places and t.subject is Subject.HAND]
        told, unknown = [], []
        for look in looks:
            known = [track for track in here if same(look.points, track.places[index].points)]
            told += [(track, look.points) for track in known]
            if not known:
                unknown.append(look)
        self._match_missing(index, unknown)
        if ONNX_MODEL in findings.models:
            self._since_detect = 0
            self._take_scores(index, findings, looks)
        return told

    def _detect(self, frame: Frame) -> None:
        """Asks the fingerprint detector alone, about the hands that are known in this frame."""
        self._since_detect, index = 0, frame.index
        looks = [
            Look(track.places[index].points, track.handedness, track.certainty)
            for track in self._going
            if track.subject is Subject.HAND and index in track.places
        ]
        hands = [look.hand for look in looks]
        self._take_scores(index, self._finder.find("", frame.pixels, hands), looks)

    def _echo(self, index: int, grey: Pixels, told: Sequence[tuple[Track, Points]]) -> None:
        """Notes other opinions on where hands are, and carries them into the frames before."""
        leapt = self._echoes.step(self._going, index, grey, self._scale)
        news = [(track, track.places[index].points) for track in leapt]
        news += [(track, at) for track, at in told if self._echoes.tell(track, index, at)]
        for track, points in news:
            self._carry_opinion(track, index, points, -self._stride)

    def _carry_opinion(self, track: Track, index: int, points: Points, step: int) -> None:
        life = self._echoes.life
        carry_into(track, self._flow(points, index, index + step * life), life)

    def _reconcile(self, track: Track) -> None:
        """Where the looks of neighbouring frames contradict each other, both count in each.

        What was two tracks is so most likely because it was seen in two ways, by turns.
        """
        first = self._kept[0].index
        for before, after in pairwise(sorted(i for i in track.places if i >= first)):
            one, other = track.places[before], track.places[after]
            if not agree(one.points, other.points, *other.also):
                self._carry_opinion(track, before, one.points, self._stride)
            if not agree(other.points, one.points, *one.also):
                self._carry_opinion(track, after, other.points, -self._stride)

    def _match_missing(self, index: int, looks: Sequence[Look]) -> None:
        """Gives what only the photo finder saw to tracks that are missing in this frame."""
        present = [track for track in self._going if index in track.places]
        self._going = [track for track in self._going if index not in track.places]
        self._match(index, looks, close=True)
        self._going = present + self._going

    def _take_scores(self, index: int, findings: Findings, looks: Sequence[Look]) -> None:
        """Notes what the detector said about the tips of known hands, and follows lone tips."""
        tracks = [track for track in self._going if index in track.places]
        for region in findings.regions:
            score = Score(region.confidence, region.nail_confidence)
            if region.hand is None:
                self._lone_tip(index, region, score)
                continue
            points = looks[region.hand].points
            owner = next(
                (
                    t
                    for t in tracks
                    if t.subject is Subject.HAND and same(points, t.places[index].points)
                ),
                None,
            )
            if owner is not None:
                owner.scores.setdefault(index, {})[region.finger] = score

    def _lone_tip(self, index: int, region: Region, score: Score) -> None:
        """A finger tip that only the detector saw."""
        x0, y0, x1, y1 = region.box
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
        size = max(x1 - x0, y1 - y0)
        tips = [
            (float(np.linalg.norm(self._expected(t, index) - corners, axis=1).mean()), t)
            for t in self._going
            if t.subject is Subject.TIP and index not in t.places
        ]
        distance, track = min(tips, key=lambda pair: pair[0], default=(np.inf, None))
        if track is None or distance > size * (1 if region.source is Source.DETECTOR else 0.5):
            track = self._begin(Subject.TIP)
        track.places[index] = Place(corners)
        track.scores[index] = {None: score}

    def _go_back_where_due(self, now: int) -> None:
        """Goes back from where hands appeared a moment ago.

        By then it is known whether they were seen more than once.
        """
        due = [entry for entry in self._appeared if entry[2] <= now]
        self._appeared = [entry for entry in self._appeared if entry[2] > now]
        for track, index, _ in due:
            if track in self._going and index in track.places:
                self._go_back(track, index)

    def _go_back(self, track: Track, index: int) -> None:
        """Follows what has appeared in a frame back to where it came from."""
        stop = max((i for i in track.places if i < index), default=-1)
        if track.subject is Subject.HAND and track.trust >= _ENOUGH_LOOKS:
            self._look_back(track, index, stop)
        sure = sorted(i for i in track.places if stop <= i <= index)
        for before, after in pairwise(sure):
            if after - before > _SHORT_GAP * self._stride:
                self._bridge(track, before, after)
        if track.first >= sure[0]:
            self._carry_on(track, sure[0], forward=False)

    def _look_back(self, track: Track, index: int, stop: int) -> None:
        """Lets the second landmarker follow a hand backwards, until it is lost or known."""
        self._backwards.forget()
        expected, last, missed = track.places[index].points, index, 0
        step = np.zeros_like(expected)
        for kept in reversed(self._kept):
            if kept.index > index:
                continue
            if kept.index <= stop or missed > _LOST:
                break
            looks = self._backwards.look(kept.pixels(), self._scale, [expected])
            near = min(looks, key=lambda look: apart(look.points, expected), default=None)
            if near is None or apart(near.points, expected) > _REACH:
                missed += 1
                expected = (expected + step / 2).astype(np.float32)
                continue
            if kept.index < index:
                if other := self._owner(track, kept.index, near.points):
                    self._join(track, other)
                    return
                steps = max(1, (last - kept.index) // self._stride)
                step = ((near.points - track.places[last].points) / steps).astype(np.float32)
                _see(track, kept.index, near)
                last = kept.index
            missed, expected = 0, (near.points + step).astype(np.float32)

    def _owner(self, track: Track, index: int, points: Points) -> Track | None:
        """Another track that was seen at the same place in the same frame."""
        for other in (*self._going, *self._ended):
            place = other.places.get(index) if other.subject is Subject.HAND else None
            if other is not track and place is not None and same(place.points, points, 0.25):
                return other
        return None

    def _join(self, track: Track, other: Track) -> None:
        """Two tracks turn out to be one hand, unless both were seen in the same frame apart."""
        both = [i for i in track.places if i in other.places]
        if any(not same(track.places[i].points, other.places[i].points, 0.5) for i in both):
            return
        if other in self._ended:
            self._ended.remove(other)
        else:
            self._going.remove(other)
        track.take_over(other)
        self._reconcile(track)

    def _retire(self, index: int) -> None:
        for track in list(self._going):
            if index - track.last > self._patience * self._stride:
                self._end(track)

    def _end(self, track: Track) -> None:
        """Carries a track on beyond its last frame, and puts it away."""
        self._going.remove(track)
        self._ended.append(track)
        self._carry_on(track, track.last, forward=True)

    def _carried(self, track: Track, start: int, stop: int) -> dict[int, Points]:
        """Where the picture's movement carries a track from one frame towards another."""
        return dict(self._flow(track.places[start].points, start, stop))

    def _flow(self, points: Points, start: int, stop: int) -> Iterator[tuple[int, Points]]:
        """Frames and where the picture's movement carries points, from one towards another."""
        low, high = min(start, stop), max(start, stop)
        between = [kept for kept in self._kept if low <= kept.index <= high]
        if start > stop:
            between.reverse()
        if not between or between[0].index != start:
            return
        small = points / np.float32(self._scale)
        moved = carried(small, between[0].grey(), (kept.grey() for kept in between[1:]))
        for kept, place in zip(between[1:], moved, strict=False):
            yield kept.index, place * np.float32(self._scale)

    def _bridge(self, track: Track, before: int, after: int) -> None:
        """Fills a gap from both of its sides."""
        there, back = self._carried(track, before, after), self._carried(track, after, before)
        ends = track.places[before].points, track.places[after].points
        for index in range(before + self._stride, after, self._stride):
            share = (index - before) / (after - before)
            straight = ends[0] * (1 - share) + ends[1] * share
            one, other = there.get(index, straight), back.get(index, straight)
            points = (one * (1 - share) + other * share).astype(np.float32)
            away = min(index - before, after - index) // self._stride
            track.places[index] = Place(points, _doubt(away))

    def _carry_on(self, track: Track, start: int, *, forward: bool) -> None:
        """Follows a hand beyond the first or last frame in which a model saw it."""
        step = self._stride if forward else -self._stride
        seconds = min(_CARRY_SECONDS, _CARRY_LEAST + _CARRY_PER_LOOK * track.trust)
        limit = start + step * max(2, round(seconds * self._rate))
        moved = self._carried(track, start, limit)
        straight, ahead_of = track.places[start].points, _speed(track, start, step)
        steady = _steady(track, start, step)
        for away, (index, points) in enumerate(moved.items(), 1):
            coasts = away <= _COAST * self._rate
            also = (straight + ahead_of * away, steady(away)) if coasts else ()
            track.places[index] = Place(points, _doubt(away), also)
        # A moment longer as it moved last: the movement is lost first where it is fastest.
        edge = start + step * len(moved)
        points, speed = track.places[edge].points, _speed(track, edge, step)
        for away in range(1, _HOLD + 1):
            index = edge + step * away
            if 0 <= index < len(self.ticks):
                place = points + speed * away
                track.places[index] = Place(place, _doubt(len(moved), away))


def _doubt(carried_on: int, guessed: int = 0) -> float:
    return min(_MOST_DOUBT, _DOUBT_CARRIED * carried_on + _DOUBT_GUESSED * guessed)


def _see(track: Track, index: int, look: Look, *, close: bool = False) -> None:
    track.places[index] = Place(look.points)
    track.sides[look.handedness] += look.score  # type: ignore[assignment]
    track.trust += _CLOSE_LOOK if close else 1


def _speed(track: Track, index: int, step: int) -> Points:
    """How far a track moves with a step of so many frames, by how it came to a frame."""
    here = track.places[index].points
    # Over some steps, since landmarks tremble.
    for steps in (4, 3, 5, 2, 6, 1):
        other = track.places.get(index - step * steps)
        if other is not None:
            mean = (here - other.points).mean(0, keepdims=True) / steps
            return np.repeat(mean, len(here), 0).astype(np.float32)
    return np.zeros_like(here)


def _steady(track: Track, index: int, step: int) -> Callable[[int], Points]:
    """Where a track would be so many steps on if it moved as it did over all of the last looks.

    The very last looks before a hand is lost are the least sure ones, so none of them counts for
    more than the others.
    """
    looks = [
        (back, track.places[index - step * back].points)
        for back in range(_STEADY_LOOKS)
        if index - step * back in track.places
    ]
    speeds = [
        (later - earlier).mean(0) / (behind - before)
        for (before, later), (behind, earlier) in combinations(looks, 2)
    ]
    speed = np.median(np.stack(speeds or [np.zeros(2)]), axis=0).astype(np.float32)

    def place(away: int) -> Points:
        moved = [points + speed * np.float32(away + back) for back, points in looks]
        return np.asarray(np.median(np.stack(moved), axis=0), np.float32)

    return place


def _fill(track: Track) -> None:
    """Places between neighbours that are still open lie on straight lines."""
    known = sorted(track.places)
    for before, after in pairwise(known):
        one, other = track.places[before], track.places[after]
        for index in range(before + 1, after):
            share = (index - before) / (after - before)
            points = (one.points * (1 - share) + other.points * share).astype(np.float32)
            track.places[index] = Place(points, max(one.doubt, other.doubt))
