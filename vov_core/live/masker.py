"""Covers the frames of one live picture, a few frames late on purpose.

What is first seen in a frame was most likely there in the frame before, unseen. So ``lookahead``
frames are held back, and a tip that appears is covered in them, too. Nothing is given out until
then: the picture begins covered.
"""

from collections import deque
from dataclasses import dataclass, field
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.finder import place_tips
from vov_core.findings import Region
from vov_core.live.tips import TipTracker
from vov_core.live.video_hands import FrameHands
from vov_core.masks import make_style
from vov_core.masks.regions import scale_region
from vov_core.pipeline import Look

Pixels = NDArray[np.uint8]

# A new hand may not have been looked for in one frame, and missed in two more.
LOOKAHEAD = 3
LONGEST = 960
_FIRST_SIGHT = 1.3


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """A covered frame.

    Attributes:
        pixels: RGB, uint8, (H, W, 3).
        seconds: When the frame was taken.
        covered: How many finger tips are covered in it.
        hands: How many hands were seen in it.
        look: How the tips are covered.
        find_ms: Milliseconds that finding took.
        mask_ms: Milliseconds that covering took.
    """

    pixels: Pixels
    seconds: float
    covered: int
    hands: int
    look: Look
    find_ms: float
    mask_ms: float


@dataclass(eq=False)
class _Waiting:
    """A frame that is held back, with what is to be covered in it so far."""

    pixels: Pixels
    seconds: float
    hands: int
    find_ms: float
    regions: list[Region] = field(default_factory=list)


class LiveMasker:
    """Covers frame after frame. Not for several threads; ``look`` alone may be set from any.

    Args:
        hands: Finds hands; this masker's alone.
        look: How finger tips are covered; may be changed between frames.
        lookahead: How many frames are held back.
    """

    def __init__(self, hands: FrameHands, look: Look, lookahead: int = LOOKAHEAD) -> None:
        self.look = look
        self._hands = hands
        self._tips = TipTracker()
        self._lookahead = lookahead
        self._waiting: deque[_Waiting] = deque()

    def add(self, pixels: Pixels, seconds: float) -> LiveFrame | None:
        """Takes a frame and gives out the covered one that is due.

        Args:
            pixels: RGB, uint8, (H, W, 3); is not written to. Longer than ``LONGEST`` is reduced.
            seconds: When it was taken; grows from frame to frame.

        Returns:
            An earlier frame, covered; None while the first ones are held back.
        """
        pixels = _reduced(pixels)
        start = perf_counter()
        hands = self._hands.find(pixels, round(seconds * 1000))
        found, _ = place_tips(hands, pixels.shape[1], pixels.shape[0])
        regions, fresh = self._tips.update(found, seconds)
        find_ms = (perf_counter() - start) * 1000
        if self._waiting and self._waiting[-1].pixels.shape != pixels.shape:
            # The camera was turned or changed: what waits belongs to another picture.
            self._waiting.clear()
        for earlier in self._waiting:
            earlier.regions += [scale_region(region, _FIRST_SIGHT) for region in fresh]
        self._waiting.append(_Waiting(pixels, seconds, len(hands), find_ms, regions))
        if len(self._waiting) <= self._lookahead:
            return None
        return self._covered(self._waiting.popleft())

    def _covered(self, frame: _Waiting) -> LiveFrame:
        look, start = self.look, perf_counter()
        style = make_style(
            look.style, strength=look.strength, softness=look.softness, seed=look.seed
        )
        regions = [scale_region(region, look.coverage) for region in frame.regions]
        pixels = style.apply(frame.pixels, regions)
        ms = (perf_counter() - start) * 1000
        return LiveFrame(pixels, frame.seconds, len(regions), frame.hands, look, frame.find_ms, ms)

    def close(self) -> None:
        """Forgets the frames that wait and frees the models."""
        self._waiting.clear()
        self._hands.close()


def _reduced(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = LONGEST / max(height, width)
    if scale >= 1:
        return pixels
    # Even sides: the encoders of moving pictures want them.
    size = (round(width * scale / 2) * 2, round(height * scale / 2) * 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
