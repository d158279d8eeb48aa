"""Follows finger tips from frame to frame, so that one once seen stays covered.

A landmark model misses a hand for a frame or two when it moves fast, turns, or is half hidden. The
tracker keeps every tip that it has seen for ``HOLD`` seconds: moved on as it moved last, and grown
the longer it was not seen and the faster it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from vov_core.findings import Point, Polygon, Region
from vov_core.geometry import hull
from vov_core.masks.regions import scale_region

HOLD = 0.8
FORGET_GAP = 1.5
"""Seconds without a frame after which nothing that was seen says anything about now."""

_REACH = 2.2
_REACH_PER_SECOND = 14.0
_GROWTH = 0.9
_BLUR_SECONDS = 0.02
_STEADY = 0.6
_LONGEST_DRIFT = 0.25


@dataclass(frozen=True, slots=True)
class Tip:
    """One finger tip over time.

    Attributes:
        id: Stable as long as the tip is followed.
        region: As last seen.
        speed: Pixels per second, x and y.
        seen: When it was last seen, seconds.
    """

    id: str
    region: Region
    speed: Point
    seen: float

    def at(self, now: float) -> Region:
        """Where the tip must be covered at a time, with what it may have moved since."""
        age = max(now - self.seen, 0.0)
        width, (vx, vy) = max(self.region.width, 1.0), self.speed
        if age == 0:
            blur = (vx * _BLUR_SECONDS, vy * _BLUR_SECONDS)
            if hypot(*blur) < 0.05 * width:
                return self.region
            outline = hull(_moved(self.region.polygon, blur), self._back(blur))
            return replace(self.region, polygon=outline)
        drift = min(age, _LONGEST_DRIFT)
        there = _moved(self.region.polygon, (vx * drift, vy * drift))
        growth = 1 + _GROWTH * min(age / HOLD, 1.0) + 0.5 * hypot(vx, vy) * drift / width
        held = replace(self.region, polygon=hull(self.region.polygon, there))
        return scale_region(held, min(growth, 3.0))

    def _back(self, way: Point) -> Polygon:
        return _moved(self.region.polygon, (-way[0], -way[1]))


def _moved(polygon: Polygon, way: Point) -> Polygon:
    return tuple((x + way[0], y + way[1]) for x, y in polygon)


class TipTracker:
    """All tips of one live picture."""

    def __init__(self) -> None:
        self._tips: list[Tip] = []
        self._count = 0
        self._last: float | None = None

    def update(self, regions: Sequence[Region], now: float) -> tuple[list[Region], list[Region]]:
        """Takes what was found in a frame.

        Args:
            regions: Finger tips of this frame.
            now: Its time, seconds; grows from frame to frame.

        Returns:
            Everything to cover in this frame, and of that what was never seen before.
        """
        if self._last is not None and now - self._last > FORGET_GAP:
            self._tips.clear()
        self._last = now
        pairs = self._match(regions, now)
        fresh: list[Tip] = []
        kept: list[Tip] = []
        for number, region in enumerate(regions):
            if number in pairs:
                kept.append(self._followed(self._tips[pairs[number]], region, now))
            else:
                self._count += 1
                name = f"t{self._count}"
                fresh.append(Tip(name, replace(region, id=name), (0.0, 0.0), now))
        known = set(pairs.values())
        held = [
            tip for n, tip in enumerate(self._tips) if n not in known and now - tip.seen <= HOLD
        ]
        self._tips = [*kept, *fresh, *held]
        return [tip.at(now) for tip in self._tips], [tip.region for tip in fresh]

    def _followed(self, tip: Tip, region: Region, now: float) -> Tip:
        seconds = max(now - tip.seen, 1e-3)
        (x0, y0), (x1, y1) = tip.region.centre, region.centre
        new = ((x1 - x0) / seconds, (y1 - y0) / seconds)
        speed = tuple(_STEADY * n + (1 - _STEADY) * o for n, o in zip(new, tip.speed, strict=True))
        return Tip(tip.id, replace(region, id=tip.id), (speed[0], speed[1]), now)

    def _match(self, regions: Sequence[Region], now: float) -> dict[int, int]:
        """Which region (index) is which tip (index), nearest pairs first."""
        distances = []
        for r, region in enumerate(regions):
            for n, tip in enumerate(self._tips):
                age = min(now - tip.seen, _LONGEST_DRIFT)
                x, y = tip.region.centre
                x, y = x + tip.speed[0] * age, y + tip.speed[1] * age
                apart = hypot(region.centre[0] - x, region.centre[1] - y)
                width = max(region.width, tip.region.width, 1.0)
                if apart <= width * (_REACH + _REACH_PER_SECOND * max(now - tip.seen, 0.0)):
                    other = region.finger is not tip.region.finger
                    distances.append((apart + other * width, r, n))
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _, r, n in sorted(distances):
            if r not in pairs and n not in taken:
                pairs[r] = n
                taken.add(n)
        return pairs
