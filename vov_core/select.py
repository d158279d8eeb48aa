"""Decides which findings get covered. Pure: findings, rules and edits in, a selection out."""

from dataclasses import dataclass
from enum import StrEnum

from vov_core.findings import Findings, Kind, Region, Source, Unplaced, Verdict


class Mode(StrEnum):
    """How much certainty covering takes."""

    SAFE = "safe"
    PRECISE = "precise"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is covered without a person's doing.

    Attributes:
        mode: Safe or precise.
        confidence: The detector's confidence 0..1 from which a finger tip is a fingerprint.
        nail_confidence: The detector's confidence 0..1 from which it is sure that only the nail
            shows, so that safe mode may leave the tip open.
    """

    mode: Mode = Mode.SAFE
    confidence: float = 0.25
    nail_confidence: float = 0.8


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What a person changed. Edits win over rules; ids that the photo does not have do nothing.

    Attributes:
        left_out: Ids of regions that stay open.
        put_in: Ids of regions that get covered (also where they are in ``left_out``).
        drawn: Areas that the person drew.
    """

    left_out: frozenset[str] = frozenset()
    put_in: frozenset[str] = frozenset()
    drawn: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What gets covered.

    Attributes:
        masked: Regions to cover: the findings' order, then what the person drew.
        open: All other finger tips, in the same order. What only the detector saw, and less sure
            than the threshold, is none, unless the person left it open.
        verdict: ``DANGER`` if the rules or the person cover anything, also if the person then
            left all of it open.
        unplaced: Finger tips that must be told to the person, since they have no region.
        precise_unavailable: Precise mode was asked for, but no detector looked at this photo, so
            safe mode's rules were used.
    """

    masked: tuple[Region, ...]
    open: tuple[Region, ...]
    verdict: Verdict
    unplaced: tuple[Unplaced, ...]
    precise_unavailable: bool

    @property
    def found(self) -> tuple[Region, ...]:
        """The finger tips that the models found, covered or open; not what the person drew."""
        return tuple(r for r in (*self.masked, *self.open) if r.source is not Source.PERSON)


def select(findings: Findings, rules: Rules, edits: Edits) -> Selection:
    """Applies rules and edits to what was found in a photo.

    *Safe* covers every finger tip, unless the detector is sure that only its nail shows: those that
    have landmarks, and those that only the detector sees, from the threshold on as pad or nail
    together. Without a detector it covers all tips: landmarks alone are not sure enough about nails
    to leave one open. *Precise* covers what the detector confirms as a fingerprint. For equal
    thresholds safe covers all that precise covers, and a higher ``confidence`` never covers more.
    """
    precise = rules.mode is Mode.PRECISE and findings.detector
    is_covered = _precise if precise else _safe
    by_rule = {region.id for region in findings.regions if is_covered(region, rules)}
    by_rule |= {region.id for region in edits.drawn}
    covered = (by_rule - edits.left_out) | edits.put_in
    regions = (*findings.regions, *edits.drawn)
    masked = tuple(region for region in regions if region.id in covered)
    return Selection(
        masked=masked,
        open=tuple(
            region
            for region in regions
            if region.id not in covered
            and (region.source is not Source.DETECTOR or region.id in edits.left_out)
        ),
        verdict=Verdict.DANGER if masked or by_rule else Verdict.NOTHING_FOUND,
        unplaced=findings.unplaced,
        precise_unavailable=rules.mode is Mode.PRECISE and not findings.detector,
    )


def _precise(region: Region, rules: Rules) -> bool:
    return _is_confirmed(region, rules) and region.kind is not Kind.NAIL


def _safe(region: Region, rules: Rules) -> bool:
    if _is_confirmed(region, rules):
        return True
    nail = region.nail_confidence or 0.0
    if region.source is Source.DETECTOR and (region.confidence or 0.0) + nail < rules.confidence:
        return False
    return nail < rules.nail_confidence


def _is_confirmed(region: Region, rules: Rules) -> bool:
    return region.confidence is not None and region.confidence >= rules.confidence
