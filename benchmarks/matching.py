"""Are two prints of one finger? NIST's own matcher, and the statistics of its answers.

Minutiae come from MINDTCT and scores from Bozorth3 (NIST Biometric Image Software, through
``nbis-py``, which has both as native code). All pictures come at 500 dpi, as both expect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import nbis
import numpy as np
from scipy import stats

from benchmarks.prints import Plane

PX_PER_MM = 500 / 25.4
"""What matchers expect: 500 dpi."""
MINUTIAE = 3
"""Fewer say nothing; Bozorth3 compares pairs of minutiae."""

_EXTRACTOR = nbis.new_nbis_extractor(
    nbis.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=False, ppi=500
    )
)


@dataclass(frozen=True)
class Interval:
    """A share with its confidence interval, 0..1 each."""

    share: float
    low: float
    high: float


def even(plane: Plane, period: float, floor: float = 0.05) -> Plane:
    """Takes light and shade off and brings faint ridges up: local mean 0, local deviation 1.

    Args:
        plane: Brightness, (h, w).
        period: Pixels from ridge to ridge.
        floor: Deviation in steps of 8 bits below which nothing is brought up further.
    """
    detail = plane - cv2.GaussianBlur(plane, (0, 0), 1.2 * period)
    deviation = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 2 * period))
    return np.asarray(detail / np.maximum(deviation, floor), np.float32)


def as_scanned(ridges: Plane, pad_mm: tuple[float, float]) -> Any:
    """Ridges (positive) as a matcher wants them: dark on white, inside the pad's ellipse.

    Args:
        ridges: At 500 dpi, the pad in the middle of it.
        pad_mm: The pad's width and height.

    Returns:
        uint8, of the pad's size.
    """
    width, height = (round(side * PX_PER_MM) for side in pad_mm)
    top, left = (ridges.shape[0] - height) // 2, (ridges.shape[1] - width) // 2
    inner = ridges[top : top + height, left : left + width]
    picture = np.clip(128 - 60 * inner, 0, 255).astype(np.uint8)
    pad = np.zeros((height, width), np.uint8)
    cv2.ellipse(pad, ((width / 2, height / 2), (width, height), 0), 1, cv2.FILLED)
    picture[pad == 0] = 255
    return picture


def minutiae(scan: Any) -> Any:
    """The minutiae of a scan, or None where there are none to speak of.

    Args:
        scan: Dark ridges on white at 500 dpi, uint8, (h, w).
    """
    _, png = cv2.imencode(".png", scan, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    found = _EXTRACTOR.extract_minutiae(png.tobytes())
    return found if len(found.get()) >= MINUTIAE else None


def stored(template: Any) -> bytes:
    """Minutiae as bytes (ISO 19794-2); empty for None."""
    return bytes(template.to_iso_19794_2_2005()) if template is not None else b""


def loaded(data: bytes) -> Any:
    """The opposite of ``stored``."""
    return _EXTRACTOR.load_iso_19794_2_2005(data) if data else None


def score(one: Any, other: Any) -> int:
    """Bozorth3's score; 0 where either print has no minutiae."""
    return int(one.compare(other)) if one is not None and other is not None else 0


def threshold(strangers: Sequence[int], rate: float) -> int:
    """The lowest score that at most this share of strangers' pairs reach.

    Args:
        strangers: Scores of pairs of different fingers.
        rate: The false match rate, above 0 and below 1.
    """
    ordered = np.sort(np.asarray(strangers))
    allowed = int(rate * len(ordered))
    return int(ordered[len(ordered) - allowed - 1]) + 1


def clopper_pearson(hits: int, of: int, level: float = 0.95) -> Interval:
    """A share and its exact binomial confidence interval (Clopper and Pearson, 1934)."""
    if of == 0:
        return Interval(0.0, 0.0, 1.0)
    interval = stats.binomtest(hits, of).proportion_ci(level, method="exact")
    return Interval(hits / of, float(interval.low), float(interval.high))


def beats(mated: Sequence[int], strangers: Sequence[Sequence[int]]) -> list[float]:
    """Per probe, the share of strangers that its true finger outscores; a tie counts half.

    Args:
        mated: Score of each probe with its true finger.
        strangers: Scores of each probe with other fingers.
    """
    shares = []
    for true, others in zip(mated, strangers, strict=True):
        against = np.asarray(others)
        shares.append(float((true > against).mean() + (true == against).mean() / 2))
    return shares


def mean_by_identity(
    values: Sequence[float], identities: Sequence[int], level: float = 0.95
) -> Interval:
    """The mean, with an interval that knows that one identity's probes go together.

    Args:
        values: One per probe, 0..1.
        identities: Whose probe.
        level: Of the interval (Student's t over the identities' means).
    """
    groups: dict[int, list[float]] = {}
    for value, identity in zip(values, identities, strict=True):
        groups.setdefault(identity, []).append(value)
    means = np.array([np.mean(group) for group in groups.values()])
    middle = float(means.mean())
    if len(means) < 2 or means.std() == 0:
        return Interval(middle, middle, middle)
    half = float(stats.t.ppf((1 + level) / 2, len(means) - 1) * means.std(ddof=1))
    half /= float(np.sqrt(len(means)))
    return Interval(middle, max(0.0, middle - half), min(1.0, middle + half))
