"""Small multiples as one picture with its rows and columns named."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vov_core.lettering import font

Pixels = NDArray[np.uint8]

_GAP, _HEAD, _SIDE = 12, 56, 110
_INK, _PAPER = (21, 32, 27), (251, 251, 249)


def sheet(
    pictures: Sequence[Sequence[Pixels]], rows: Sequence[str], columns: Sequence[str]
) -> bytes:
    """Lays pictures out as a table.

    Args:
        pictures: Row by row, RGB, uint8, all of one shape (h, w, 3).
        rows: A name for each row.
        columns: A name for each column.

    Returns:
        A PNG file.
    """
    height, width = pictures[0][0].shape[:2]
    size = (
        _SIDE + len(columns) * (width + _GAP),
        _HEAD + len(rows) * (height + _GAP),
    )
    paper = Image.new("RGB", size, _PAPER)
    brush = ImageDraw.Draw(paper)
    for column, name in enumerate(columns):
        middle = _SIDE + column * (width + _GAP) + width // 2
        brush.text((middle, _HEAD // 2), name, _INK, font(22, 600), anchor="mm")
    for row, (name, shown) in enumerate(zip(rows, pictures, strict=True)):
        top = _HEAD + row * (height + _GAP)
        brush.text((_SIDE // 2, top + height // 2), name, _INK, font(22, 600), anchor="mm")
        for column, pixels in enumerate(shown):
            paper.paste(Image.fromarray(pixels), (_SIDE + column * (width + _GAP), top))
    file = BytesIO()
    paper.save(file, "PNG")
    return file.getvalue()
