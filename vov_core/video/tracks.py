"""What was followed through a video: plain data, a few hundred bytes per hand and frame."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Finger, Hand, Handedness

Points = NDArray[np.float32]


class Subject(StrEnum):
    """What is followed."""

    HAND = "hand"
    TIP = "tip"


class Place(NamedTuple):
    """Where something is in a frame.

    Attributes:
        points: 21 landmarks of a hand, or the 4 corners of a lone finger tip; pixels.
        doubt: 0 where a model saw it there; else how far it may be off, in finger widths.
        also: Where it may be as well. A hand that passes behind another moves on, while the
            picture there moves with the other; and where looks contradict each other, each counts.
    """

    points: Points
    doubt: float = 0.0
    also: tuple[Points, ...] = ()


class Score(NamedTuple):
    """What the detector said about a finger tip in one frame."""

    confidence: float | None
    nail_confidence: float | None


def hand_of(points: Points, handedness: Handedness, score: float) -> Hand:
    """Landmarks (21, 2) as a hand in a photo's words; how far away they are is not known."""
    return Hand(
        landmarks=tuple((float(x), float(y)) for x, y in points),
        depths=(0.0,) * len(points),
        handedness=handedness,
        score=score,
    )


@dataclass(eq=False)
class Track:
    """One hand, or one finger tip without a hand, through a video.

    Attributes:
        number: Of its own.
        subject: Hand or lone tip.
        places: Frame -> where it is.
        scores: Frame -> finger (None for a lone tip) -> what the detector said.
        sides: How often it was taken for a left or right hand, weighted.
        trust: How often it was seen; a look as close as at a photo counts more.
    """

    number: int
    subject: Subject
    places: dict[int, Place] = field(default_factory=dict)
    scores: dict[int, dict[Finger | None, Score]] = field(default_factory=dict)
    sides: Counter[Handedness] = field(default_factory=Counter)
    trust: int = 0

    @property
    def first(self) -> int:
        """The first frame in which it is."""
        return min(self.places)

    @property
    def last(self) -> int:
        """The last frame in which it is."""
        return max(self.places)

    @property
    def handedness(self) -> Handedness:
        """The side that most looks agree on."""
        return self.sides.most_common(1)[0][0] if self.sides else Handedness.RIGHT

    @property
    def certainty(self) -> float:
        """How much they agree, 0..1."""
        total = sum(self.sides.values())
        return self.sides[self.handedness] / total if total else 0.0

    def hand(self, points: Points) -> Hand:
        """A hand of this track at some place, in a photo's words."""
        return hand_of(points, self.handedness, self.certainty)

    def take_over(self, other: "Track") -> None:
        """Adds all that another track saw of the same hand."""
        self.places = {**other.places, **self.places}
        self.scores = {**other.scores, **self.scores}
        self.sides.update(other.sides)
        self.trust += other.trust


@dataclass(frozen=True, slots=True)
class VideoFindings:
    """All that was found in a video. Computed once per video.

    Attributes:
        width: Of its frames, pixels.
        height: Likewise.
        ticks: The time of each frame, (N,) int64.
        tracks: All that was followed.
        detector: Whether the fingerprint detector looked.
        models: Model name -> version.
        ms: Stage -> milliseconds.
    """

    width: int
    height: int
    ticks: NDArray[np.int64]
    tracks: tuple[Track, ...]
    detector: bool
    models: Mapping[str, str]
    ms: Mapping[str, float]

    @property
    def frames(self) -> int:
        """How many frames the video has."""
        return len(self.ticks)
