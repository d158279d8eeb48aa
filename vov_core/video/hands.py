"""Hands in a stream of frames, with MediaPipe's video mode.

In this mode a hand found once is followed by its landmarks alone, also where it is blurred or cut
so that it would not be found anew. The landmarker looks for palms in every frame as long as there
may be more hands.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Hand, Handedness
from vov_core.geometry import hand_size
from vov_core.video.tracks import hand_of

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]

VIEW_SIDE: Final = 768
"""Longer side of the reduced frames in which hands are followed."""

_HANDS: Final = 6
_BORDER: Final = 0.25
_DETECTION, _PRESENCE, _TRACKING = 0.25, 0.3, 0.3
# Video mode needs growing times; what they are makes no difference.
_STEP_MS: Final = 33


@dataclass(frozen=True, slots=True)
class Look:
    """A hand in one frame.

    Attributes:
        points: 21 landmarks, (21, 2) float32, pixels of the frame; may lie outside of it.
        handedness: Left or right.
        score: Of the handedness, 0..1.
    """

    points: Points
    handedness: Handedness
    score: float

    @property
    def hand(self) -> Hand:
        """In a photo's words."""
        return hand_of(self.points, self.handedness, self.score)


def reduced(pixels: Pixels) -> tuple[Pixels, float]:
    """A frame with its longer side at most ``VIEW_SIDE``, and frame pixels per its pixel."""
    height, width = pixels.shape[:2]
    scale = max(height, width) / VIEW_SIDE
    if scale <= 1:
        return pixels, 1.0
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), width / size[0]


class HandStream:
    """MediaPipe's landmarker over frames in a row. For one thread; not shared.

    Args:
        model: Content of ``hand_landmarker.task``.
        turned: Whether it sees the frames upside down, with a border: hands in some turns, and
            hands that fill the frame or are cut by it, are found only so.
    """

    def __init__(self, model: bytes, *, turned: bool = False) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        self._landmarker: Any = vision.HandLandmarker.create_from_options(
            vision.HandLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=model),
                running_mode=vision.RunningMode.VIDEO,
                num_hands=_HANDS,
                min_hand_detection_confidence=_DETECTION,
                min_hand_presence_confidence=_PRESENCE,
                min_tracking_confidence=_TRACKING,
            )
        )
        self._now = 0
        self._border = _BORDER if turned else 0.0
        self._turned = turned

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._landmarker.close()

    def forget(self) -> None:
        """Drops what is being followed: the next frame comes from elsewhere."""
        self._detect(np.zeros((64, 64, 3), np.uint8))

    def look(self, small: Pixels, scale: float) -> list[Look]:
        """Hands of the next frame.

        Args:
            small: The frame, reduced; RGB, uint8.
            scale: Frame pixels per reduced pixel.
        """
        height, width = small.shape[:2]
        # The landmarks' projection is exact on squares only.
        side = round(max(height, width) * (1 + 2 * self._border))
        edge = round(max(height, width) * self._border)
        square = np.zeros((side, side, 3), np.uint8)
        square[edge : edge + height, edge : edge + width] = small
        if self._turned:
            square = np.ascontiguousarray(square[::-1, ::-1])
        result = self._detect(square)
        looks: list[Look] = []
        for landmarks, hands in zip(result.hand_landmarks, result.handedness, strict=True):
            shares = np.array([(p.x, p.y) for p in landmarks], np.float32)
            upright = 1 - shares if self._turned else shares
            points = ((upright * side - edge) * scale).astype(np.float32)
            look = Look(
                points, Handedness(hands[0].category_name.lower()), min(float(hands[0].score), 1.0)
            )
            if not any(same(look.points, known.points) for known in looks):
                looks.append(look)
        return looks

    def _detect(self, square: Pixels) -> Any:
        import mediapipe as mp

        self._now += _STEP_MS
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=square)
        return self._landmarker.detect_for_video(image, self._now)


def apart(one: Points, other: Points) -> float:
    """Mean distance of two hands' landmarks, in sizes of the larger hand."""
    size = max(hand_size(one.astype(np.float64)), hand_size(other.astype(np.float64)), 1.0)
    return float(np.linalg.norm(one - other, axis=1).mean()) / size


def same(one: Points, other: Points, limit: float = 0.35) -> bool:
    """Whether two sets of landmarks are of one hand."""
    return apart(one, other) < limit
