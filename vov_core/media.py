"""Kinds of files that VOV hands out: photos and videos."""

from typing import Final

import cv2

from vov_core.errors import VovError
from vov_core.images.thumbnail import thumbnail

VIDEO_FORMAT: Final = "mp4"


def is_video(format: str) -> bool:
    """Whether a receipt's format is that of a video."""
    return format == VIDEO_FORMAT


def media_type(format: str) -> str:
    """The media type of a receipt's format, as browsers and object stores know it."""
    return f"video/{format}" if is_video(format) else f"image/{format}"


def small_picture(output: bytes, format: str, width: int, height: int) -> bytes | None:
    """The thumbnail of an approved output; a video's is one of its covered frames.

    Args:
        output: The approved bytes.
        format: Of the output, as in its receipt.
        width: Of the output, pixels.
        height: Likewise.

    Returns:
        A small WebP; None where the bytes can't be read.
    """
    if not is_video(format):
        return thumbnail(output, width, height)
    # FFmpeg is loaded by those who have videos only.
    from vov_core.video.render import poster

    try:
        pixels = poster(output)
    except VovError:
        return None
    _, frame = cv2.imencode(".bmp", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return thumbnail(frame.tobytes(), width, height)
