"""The project's typeface for pictures that the app draws; it has Korean."""

from functools import cache
from pathlib import Path

from PIL import ImageFont

_FILE = Path(__file__).resolve().parents[1] / "static" / "PretendardVariable.woff2"


@cache
def font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Pretendard.

    Args:
        size: In pixels.
        weight: 100..900.
    """
    face = ImageFont.truetype(str(_FILE), size)
    face.set_variation_by_axes([weight])
    return face
