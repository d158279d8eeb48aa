"""What a video may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Limits of one video.

    Attributes:
        max_bytes: Of the file.
        max_seconds: Of its picture.
        max_pixels: Of one frame.
        min_side: Shortest side of a frame, pixels.
    """

    max_bytes: int = 200 * 1024**2
    max_seconds: float = 600
    max_pixels: int = 9_000_000
    min_side: int = 16
