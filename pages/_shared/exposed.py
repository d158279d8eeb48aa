"""Exposure for people: a badge in words and a heat picture per finger tip."""

from typing import Any

import cv2
import numpy as np

from pages._shared.pictures import data_url
from pages._shared.session import t
from vov_core.exposure import Exposure

_HEAT = (228, 60, 46)  # red, green, blue where ridges stand out
_CALM = (255, 190, 60)  # where they hardly do
_OPAQUE = 190
_LONGEST = 200


def badge(exposure: Exposure) -> dict[str, str]:
    """Level and reason in words, for a card of the review."""
    return {
        "level": str(exposure.level),
        "label": t(f"exposure.{exposure.level}"),
        "reason": t(f"exposure.why_{exposure.reason}", px=f"{exposure.pixels_per_ridge:.1f}"),
    }


def heat(exposure: Exposure) -> dict[str, Any] | None:
    """Where on the tip ridges stand out, as a picture over a box of the photo."""
    if not exposure.heat.any():
        return None
    amount = np.clip(exposure.heat * 1.4, 0, 1)[:, :, None]
    colour = np.array(_CALM) * (1 - amount) + np.array(_HEAT) * amount
    # Unmeasured places keep the colour, so that the smooth edge does not turn dark.
    opaque = np.where(exposure.heat > 0, 60 + (_OPAQUE - 60) * exposure.heat, 0)
    picture = np.dstack([colour[:, :, ::-1], opaque]).astype(np.uint8)
    height, width = picture.shape[:2]
    scale = max(1, _LONGEST // max(width, height))
    large = cv2.resize(picture, (width * scale, height * scale), interpolation=cv2.INTER_LINEAR)
    _, data = cv2.imencode(".png", large)
    return {"picture": data_url(data.tobytes(), "image/png"), "box": exposure.box}
