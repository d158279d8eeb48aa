"""Finds hands in the frames of one live picture with MediaPipe's video mode.

Video mode follows a hand from frame to frame, so each live picture needs landmarkers of its own.
"""

from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Hand, Handedness
from vov_core.models import model_bytes

Pixels = NDArray[np.uint8]

HANDS = 4
LONGEST = 448
DETECTION_FLOOR = 0.3
PRESENCE_FLOOR = 0.3
TRACKING_FLOOR = 0.3
SEARCH_EVERY = 2
"""Every how many frames new hands are looked for."""


class FrameHands(Protocol):
    """Anything that finds hands in frame after frame."""

    def find(self, pixels: Pixels, ms: int) -> tuple[Hand, ...]:
        """Finds all hands of a frame.

        Args:
            pixels: RGB, uint8, (H, W, 3).
            ms: When the frame was taken; grows from frame to frame.
        """
        ...

    def close(self) -> None:
        """Frees what it holds."""
        ...


class VideoHands:
    """MediaPipe's HandLandmarker in video mode on a reduced, squared frame.

    A landmarker that may follow more hands than there are looks for palms in every frame, which
    takes as long as all the rest. So every other frame goes to one that follows the known hands
    only; where it sees less of them, the first one is asked all the same.

    Args:
        model: Content of ``hand_landmarker.task``; None reads the one of ``weights/``.
        hands: How many it follows.
        longest: Longer side that it sees, pixels.
    """

    def __init__(
        self, model: bytes | None = None, hands: int = HANDS, longest: int = LONGEST
    ) -> None:
        self._model = model or model_bytes("hand_landmarker")
        self._most, self._longest = hands, longest
        self._searching = self._opened(hands)
        # By how many hands each follows; made when so many are there for the first time.
        self._following: dict[int, Any] = {}
        self._known = 0
        self._since_search = SEARCH_EVERY
        self._last_ms = -1

    def _opened(self, hands: int) -> Any:
        from mediapipe.tasks.python import BaseOptions, vision

        return vision.HandLandmarker.create_from_options(
            vision.HandLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=self._model),
                running_mode=vision.RunningMode.VIDEO,
                num_hands=hands,
                min_hand_detection_confidence=DETECTION_FLOOR,
                min_hand_presence_confidence=PRESENCE_FLOOR,
                min_tracking_confidence=TRACKING_FLOOR,
            )
        )

    def find(self, pixels: Pixels, ms: int) -> tuple[Hand, ...]:
        """See :meth:`FrameHands.find`."""
        import mediapipe as mp

        height, width = pixels.shape[:2]
        square, side = self._squared(pixels)
        self._last_ms = max(ms, self._last_ms + 1)
        result = self._looked(mp.Image(image_format=mp.ImageFormat.SRGB, data=square))
        left, top = (side - width) / 2, (side - height) / 2
        return tuple(
            Hand(
                landmarks=tuple((p.x * side - left, p.y * side - top) for p in points),
                depths=tuple(p.z * side for p in points),
                handedness=Handedness(handedness[0].category_name.lower()),
                score=min(float(handedness[0].score), 1.0),
            )
            for points, handedness in zip(result.hand_landmarks, result.handedness, strict=True)
        )

    def _looked(self, image: Any) -> Any:
        """Follows the known hands, or searches where it is due or one of them is missing."""
        self._since_search += 1
        if 0 < self._known < self._most and self._since_search < SEARCH_EVERY:
            if self._known not in self._following:
                self._following[self._known] = self._opened(self._known)
            followed = self._following[self._known].detect_for_video(image, self._last_ms)
            if len(followed.hand_landmarks) == self._known:
                return followed
        found = self._searching.detect_for_video(image, self._last_ms)
        self._known, self._since_search = len(found.hand_landmarks), 0
        return found

    def close(self) -> None:
        """See :meth:`FrameHands.close`."""
        for landmarker in (self._searching, *self._following.values()):
            landmarker.close()
        self._following.clear()

    def _squared(self, pixels: Pixels) -> tuple[Pixels, float]:
        """The frame in the middle of a black square, and that square's side in frame pixels."""
        height, width = pixels.shape[:2]
        side = max(height, width)
        small = min(self._longest, side)
        size = (max(1, round(width * small / side)), max(1, round(height * small / side)))
        canvas = np.zeros((small, small, 3), np.uint8)
        left, top = (small - size[0]) // 2, (small - size[1]) // 2
        reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        canvas[top : top + size[1], left : left + size[0]] = reduced
        return canvas, float(side)
