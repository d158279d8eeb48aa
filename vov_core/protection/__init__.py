"""What was measured of each style: can a covered print still be matched?

The figures come from ``python -m benchmarks.protection``, which covers prints that belong to nobody
with this app's own code, attacks them and asks NIST's matcher. Nothing of it runs here: no print of
a person is ever matched, and no minutiae are ever made of one.
"""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FIGURES = Path(__file__).parent / "figures.json"
PICTURES = Path(__file__).parent / "pictures"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many prints were matched with their own finger.

    Attributes:
        hits: Of them.
        of: All that were tried.
        low: Of the 95 % confidence interval (Clopper and Pearson), 0..1.
        high: Likewise.
    """

    hits: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """0..1."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A style at a strength.

    Attributes:
        style: Name of the mask style.
        strength: 0..1.
        after: Matched as shared, by the false match rates of ``Proof.rates``.
        attacked: Matched after the strongest attack, likewise.
        strongest: Name of that attack.
        strangers: Matched with a stranger after that attack, at the first false match rate.
        beats: How often the true finger outscores a stranger after that attack; 0.5 is chance.
        beats_low: Of its 95 % confidence interval.
        beats_high: Likewise.
        at_chance: Whether no attack did better than chance (all tests together wrong at most 5 %).
    """

    style: str
    strength: float
    after: tuple[Rate, ...]
    attacked: tuple[Rate, ...]
    strongest: str
    strangers: Rate
    beats: float
    beats_low: float
    beats_high: float
    at_chance: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A weakened cosmetic style.

    Attributes:
        width: Of its blur (sigma) or blocks (side), in ridge periods.
        attacked: Matched after the strongest attack, at the first false match rate.
        strongest: Name of that attack.
        beats: How often the true finger outscores a stranger after it; 0.5 is chance.
        at_chance: Whether no attack did better than chance (all tests of this point together
            wrong at most 5 %, so that a leak is called one sooner than in ``Row``).
    """

    width: float
    attacked: Rate
    strongest: str
    beats: float
    at_chance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How far a cosmetic style can be weakened until prints come back.

    Attributes:
        points: From the weakest on.
        weakest: Width that the app's strength 0 has.
        at_chance_from: The smallest width from which on all points are at chance; None without.
    """

    points: tuple[Point, ...]
    weakest: float
    at_chance_from: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What was measured on rendered hands, whose finger tips the app found by itself.

    Attributes:
        hands: Rendered hands.
        photos: Pictures of them; each hand is in several.
        fingers: With a print of their own.
        pads: In all pictures together.
        found: Pads that the app found and covered; the rows tell of these.
        per_ridge: Pixels per ridge, the median.
        thresholds: The scores from which prints count as matched.
        stranger_pairs: Pairs of different fingers that set the thresholds.
        attempts: Covered pads that were attacked and matched.
        uncovered: Matched without any cover, by the false match rates of ``Proof.rates``.
        rows: All styles and strengths that were measured.
    """

    hands: int
    photos: int
    fingers: int
    pads: int
    found: int
    per_ridge: float
    thresholds: tuple[int, ...]
    stranger_pairs: int
    attempts: int
    uncovered: tuple[Rate, ...]
    rows: tuple[Row, ...]

    def worst(self, styles: Container[str]) -> Rate:
        """Of these styles, most pads matched after the strongest attack."""
        rates = [row.attacked[0] for row in self.rows if row.style in styles]
        return max(rates, key=lambda rate: rate.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All that was measured.

    Attributes:
        identities: Fingers.
        scales: Pixels per ridge of the photos.
        rates: False match rates that thresholds were set for.
        thresholds: The scores from which prints count as matched.
        stranger_pairs: Pairs of different fingers that set the thresholds.
        attempts: Covered pictures that were attacked and matched.
        uncovered: Matched without any cover, by the false match rates.
        uncovered_by_scale: Likewise at the first rate, in the order of ``scales``.
        coin: How often the true finger outscores a stranger, over all irreversible styles,
            strengths and attacks together: share and 95 % confidence interval. 0.5 is a coin.
        rows: All styles and strengths, in the order in which people see them.
        limits: Cosmetic style -> its limit.
        cases: Example pictures: case -> names of the steps there are pictures of.
        rendered: The same on rendered hands; None: not measured.
    """

    identities: int
    scales: tuple[float, ...]
    rates: tuple[float, ...]
    thresholds: tuple[int, ...]
    stranger_pairs: int
    attempts: int
    uncovered: tuple[Rate, ...]
    uncovered_by_scale: tuple[Rate, ...]
    coin: tuple[float, float, float]
    rows: tuple[Row, ...]
    limits: Mapping[str, Limit]
    cases: Mapping[str, tuple[str, ...]]
    rendered: Rendered | None = None

    def of_style(self, style: str) -> tuple[Row, ...]:
        """The style's rows, by strength."""
        return tuple(row for row in self.rows if row.style == style)

    def at_chance(self, style: str) -> bool:
        """Whether the style was measured and at chance at every strength."""
        rows = self.of_style(style)
        return bool(rows) and all(row.at_chance for row in rows)

    def worst(self, style: str) -> Rate | None:
        """Of all strengths, most prints matched after the strongest attack; None: not measured."""
        rows = self.of_style(style)
        return max((row.attacked[0] for row in rows), key=lambda rate: rate.share, default=None)


@cache
def proof() -> Proof:
    """What the benchmark left with the app."""
    facts = json.loads(FIGURES.read_text(encoding="utf-8"))
    return Proof(
        identities=facts["identities"],
        scales=tuple(facts["scales"]),
        rates=tuple(facts["rates"]),
        thresholds=tuple(facts["thresholds"]),
        stranger_pairs=facts["stranger_pairs"],
        attempts=facts["attempts"],
        uncovered=_rates(facts["uncovered"]),
        uncovered_by_scale=_rates(facts["uncovered_by_scale"]),
        coin=tuple(facts["coin"]),
        rows=tuple(_row(row) for row in facts["rows"]),
        limits=MappingProxyType({n: _limit(limit) for n, limit in facts["limits"].items()}),
        cases=MappingProxyType({name: tuple(steps) for name, steps in facts["cases"].items()}),
        rendered=_rendered(facts["rendered"]) if facts.get("rendered") else None,
    )


def picture(case: str, step: str) -> bytes:
    """An example picture, WebP.

    Args:
        case: One of ``Proof.cases``.
        step: One of its steps.
    """
    return (PICTURES / f"{case}-{step}.webp").read_bytes()


def _rates(facts: list[Any]) -> tuple[Rate, ...]:
    return tuple(Rate(**rate) for rate in facts)


def _row(facts: dict[str, Any]) -> Row:
    rates = {name: _rates(facts[name]) for name in ("after", "attacked")}
    return Row(**{**facts, **rates, "strangers": Rate(**facts["strangers"])})


def _rendered(facts: dict[str, Any]) -> Rendered:
    rows = tuple(_row(row) for row in facts["rows"])
    thresholds = tuple(facts["thresholds"])
    uncovered = _rates(facts["uncovered"])
    return Rendered(**{**facts, "thresholds": thresholds, "uncovered": uncovered, "rows": rows})


def _limit(facts: dict[str, Any]) -> Limit:
    points = (Point(**{**p, "attacked": Rate(**p["attacked"])}) for p in facts["points"])
    return Limit(**{**facts, "points": tuple(points)})
