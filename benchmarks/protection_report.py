"""What the scores of ``benchmarks.protection`` come to: rates, tests, tables, the app's data file.

A print counts as matched from the score on that a given share of strangers' pairs reach (the
false match rate), set on the uncovered photos. *At chance*: under no attack were more prints
matched than strangers' are (one-sided exact binomial test), nor did the true finger outscore
strangers more often than not (t-test over identities). All tests of all styles together may be
wrong at most once in twenty runs (Bonferroni).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scipy import stats

from benchmarks.matching import beats, clopper_pearson, mean_by_identity, threshold
from benchmarks.results import put_section
from vov_core.masks import STYLES
from vov_core.protection import FIGURES, Limit, Point, Proof, Rate, Row

RATES = (0.01, 0.001)
ERROR = 0.05
"""How often all tests together may call something a leak that is none."""
TITLE = "Proof of protection: can a covered print be matched?"


@dataclass(frozen=True)
class Scores:
    """All trials of one way of covering and one attack.

    Attributes:
        mated: Score of each probe with its true finger.
        strangers: Scores of each probe with other fingers.
        identities: Whose probe.
    """

    mated: tuple[int, ...]
    strangers: tuple[tuple[int, ...], ...]
    identities: tuple[int, ...]

    @property
    def stranger_pairs(self) -> list[int]:
        """All scores with strangers."""
        return [score for scores in self.strangers for score in scores]

    def matched(self, from_score: int) -> Rate:
        """Probes matched with their own finger."""
        return rate(sum(score >= from_score for score in self.mated), len(self.mated))

    def mistaken(self, from_score: int) -> Rate:
        """Pairs with strangers that count as matched."""
        pairs = self.stranger_pairs
        return rate(sum(score >= from_score for score in pairs), len(pairs))

    def chances(self, from_score: int) -> tuple[float, float]:
        """P values: as many matched, and strangers outscored as often, by chance."""
        found = self.matched(from_score)
        chance = max(RATES[0], self.mistaken(from_score).share)
        matched = stats.binomtest(found.hits, found.of, chance, alternative="greater").pvalue
        groups: dict[int, list[float]] = defaultdict(list)
        for value, identity in zip(beats(self.mated, self.strangers), self.identities, strict=True):
            groups[identity].append(value)
        means = [sum(group) / len(group) for group in groups.values()]
        if len(set(means)) < 2:
            return float(matched), 1.0 if not means or means[0] <= 0.5 else 0.0
        outscored = stats.ttest_1samp(means, 0.5, alternative="greater").pvalue
        return float(matched), float(outscored)


def rate(hits: int, of: int) -> Rate:
    """With its 95 % interval."""
    interval = clopper_pearson(hits, of)
    return Rate(hits, of, round(interval.low, 5), round(interval.high, 5))


def scores_of(trials: Sequence[Any]) -> Scores:
    """Trials of one condition and attack, put together."""
    return Scores(
        tuple(trial.mated for trial in trials),
        tuple(trial.strangers for trial in trials),
        tuple(trial.identity for trial in trials),
    )


def by_condition(trials: Sequence[Any]) -> dict[Any, dict[str, Scores]]:
    """Condition -> attack -> its scores."""
    groups: dict[Any, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        groups[trial.condition][trial.attack].append(trial)
    return {
        condition: {attack: scores_of(found) for attack, found in attacks.items()}
        for condition, attacks in groups.items()
    }


def strongest(found: Mapping[str, Scores], from_score: int) -> str:
    """The attack that matched most prints; of equals, the one that outscored most strangers."""

    def strength(name: str) -> tuple[float, float]:
        scores = found[name]
        outscored = beats(scores.mated, scores.strangers)
        return scores.matched(from_score).share, sum(outscored) / len(outscored)

    return max(found, key=strength)


def at_chance(found: Mapping[str, Scores], from_score: int, tests: int) -> bool:
    """Whether no attack did better than chance."""
    return all(p >= ERROR / tests for scores in found.values() for p in scores.chances(from_score))


def figures(
    trials: Sequence[Any],
    widths: Mapping[Any, float],
    styles: Sequence[str],
    uncovered: str,
    scales: tuple[float, ...],
) -> Proof:
    """All figures that the app shows.

    Args:
        trials: Complete ones only.
        widths: Condition of a cosmetic style -> width of its kernel in ridge periods.
        styles: All styles in the order in which people see them.
        uncovered: The name that stands for no style.
        scales: Pixels per ridge of the photos.
    """
    groups = by_condition(trials)
    base = next(found for c, found in groups.items() if c.style == uncovered)
    pairs = base["none"].stranger_pairs
    thresholds = tuple(threshold(pairs, wanted) for wanted in RATES)
    covered = {c: found for c, found in groups.items() if c.style != uncovered}
    irreversible = [name for name in styles if STYLES[name].irreversible]
    tests = 2 * sum(len(found) for found in covered.values())
    # As the app covers; a smaller width is for the limits only.
    usual = sorted(
        (c for c in covered if c.factor == 1), key=lambda c: (styles.index(c.style), c.strength)
    )
    return Proof(
        identities=len({trial.identity for trial in trials}),
        scales=scales,
        rates=RATES,
        thresholds=thresholds,
        stranger_pairs=len(pairs),
        attempts=sum(len(scores.mated) for found in covered.values() for scores in found.values()),
        uncovered=tuple(base["none"].matched(t) for t in thresholds),
        uncovered_by_scale=_by_scale(trials, uncovered, thresholds[0]),
        coin=_coin([t for t in trials if t.condition.style in irreversible]),
        rows=tuple(row(c, covered[c], thresholds, tests) for c in usual),
        limits={
            name: _limit([c for c in covered if c.style == name], covered, widths, thresholds)
            for name in styles
            if any(c.style == name for c in widths)
        },
        cases={},
    )


def _by_scale(trials: Sequence[Any], uncovered: str, from_score: int) -> tuple[Rate, ...]:
    bare = [t for t in trials if t.condition.style == uncovered and t.attack == "none"]
    touches = sorted({trial.touch for trial in bare})
    return tuple(
        scores_of([t for t in bare if t.touch == touch]).matched(from_score) for touch in touches
    )


def _coin(trials: Sequence[Any]) -> tuple[float, float, float]:
    """How often true fingers outscore strangers, and the interval, over all these trials."""
    scores = scores_of(trials)
    found = mean_by_identity(beats(scores.mated, scores.strangers), scores.identities)
    return round(found.share, 4), round(found.low, 4), round(found.high, 4)


def row(
    condition: Any, found: Mapping[str, Scores], thresholds: tuple[int, ...], tests: int
) -> Row:
    """A style at a strength.

    Args:
        condition: How prints were covered.
        found: Attack -> its scores.
        thresholds: One per false match rate.
        tests: How many there are of all styles together.
    """
    best = strongest(found, thresholds[0])
    scores = found[best]
    outscored = mean_by_identity(beats(scores.mated, scores.strangers), scores.identities)
    return Row(
        style=condition.style,
        strength=condition.strength,
        after=tuple(found["none"].matched(t) for t in thresholds),
        attacked=tuple(scores.matched(t) for t in thresholds),
        strongest=best,
        strangers=scores.mistaken(thresholds[0]),
        beats=round(outscored.share, 4),
        beats_low=round(outscored.low, 4),
        beats_high=round(outscored.high, 4),
        at_chance=at_chance(found, thresholds[0], tests),
    )


def _limit(
    conditions: Sequence[Any],
    found: Mapping[Any, Mapping[str, Scores]],
    widths: Mapping[Any, float],
    thresholds: tuple[int, ...],
) -> Limit:
    points = []
    for condition in sorted(conditions, key=widths.__getitem__):
        best = strongest(found[condition], thresholds[0])
        scores = found[condition][best]
        outscored = beats(scores.mated, scores.strangers)
        points.append(
            Point(
                round(widths[condition], 3),
                scores.matched(thresholds[0]),
                best,
                round(sum(outscored) / len(outscored), 4),
                at_chance(found[condition], thresholds[0], 2 * len(found[condition])),
            )
        )
    safe = None
    for point in reversed(points):
        if not point.at_chance:
            break
        safe = point.width
    weakest = min(widths[c] for c in conditions if c.factor == 1)
    return Limit(points=tuple(points), weakest=round(weakest, 3), at_chance_from=safe)


def write(proof: Proof) -> None:
    """The app's data file: one line per row, so that a new run shows what changed."""
    # One that was read has mappings that can't be written to, which asdict can't copy.
    facts = asdict(replace(proof, limits=dict(proof.limits), cases=dict(proof.cases)))
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    FIGURES.write_text(text + "\n", encoding="utf-8")


def publish(proof: Proof) -> None:
    """Rewrites the section of ``benchmarks/RESULTS.md`` and prints it."""
    body = "\n\n".join((_how(proof), table(proof.rows, proof.uncovered[0]), _limits(proof)))
    put_section(TITLE, body)
    print(body)


def _how(proof: Proof) -> str:
    by_scale = zip(proof.scales, proof.uncovered_by_scale, strict=True)
    seen = ", ".join(f"{scale:g} px per ridge {told(found)}" for scale, found in by_scale)
    return (
        f"`python -m benchmarks.protection --cache FOLDER`: {proof.identities} grown prints, each "
        f"touched {1 + len(proof.scales)} times (turned, shifted, stretched, pressed): one print "
        f"on file, the others photographed on a finger tip at {_list(proof.scales)} pixels per "
        f"ridge, covered by the app's code at the default coverage, without a lossy format after "
        f"it, and attacked with the true place, scale and kernel: {proof.attempts:,} pictures. "
        f"A score is the better one of two: with the print on file, and with the very touch that "
        f"was photographed. Matcher: MINDTCT and Bozorth3 (NIST), thresholds from "
        f"{proof.stranger_pairs:,} pairs of strangers: scores from {_list(proof.thresholds)} on "
        f"for a false match rate of 1 % and 0.1 %. Uncovered photos matched at 1 %: {seen}. "
        "*Outscored*: how often the true finger scores higher than a stranger's after the "
        "strongest attack; 50 % is chance, and a little more is to be expected of an attack that "
        "is picked for it. Of the sticker one strength was measured, which sets its figure's size. "
        "*At chance*: no attack, neither by matches nor by "
        "outscored strangers, is better than chance; all tests together err at most once in "
        "twenty (Bonferroni). Over all irreversible styles, strengths and attacks together the "
        f"true finger outscores a stranger's in {proof.coin[0]:.1%} of comparisons "
        f"({proof.coin[1]:.1%}-{proof.coin[2]:.1%}). Intervals: 95 %, Clopper and Pearson."
    )


def _list(values: Sequence[float]) -> str:
    *first, last = (f"{value:g}" for value in values)
    return f"{', '.join(first)} and {last}" if first else last


def told(found: Rate) -> str:
    """A share with its number and interval."""
    return f"{found.share:.1%} of {found.of} ({found.low:.1%}-{found.high:.1%})"


def table(rows: Sequence[Row], uncovered: Rate) -> str:
    """All styles and strengths in Markdown."""
    head = (
        "| style | strength | before | after | after the strongest attack | at 0.1 % | attack "
        "| strangers | outscored | |\n|---|---:|---:|---:|---:|---:|---|---:|---:|---|"
    )
    before = f"{uncovered.share:.1%}"
    lines = (
        f"| {row.style} | {_strength(row)} | {before} | {row.after[0].share:.1%} "
        f"| {told(row.attacked[0])} | {row.attacked[1].share:.1%} | {row.strongest} "
        f"| {row.strangers.share:.1%} "
        f"| {row.beats:.1%} ({row.beats_low:.1%}-{row.beats_high:.1%}) | {_named(row)} |"
        for row in rows
    )
    return "\n".join((head, *lines))


def _strength(row: Row) -> str:
    return f"{row.strength:g}" if STYLES[row.style].uses_strength else "-"


def _named(found: Row | Point) -> str:
    return "at chance" if found.at_chance else "**leaks**"


def _limits(proof: Proof) -> str:
    parts = [
        "The cosmetic styles made weaker than the app makes them (the finger's width taken for a "
        "third, a fifth, an eighth of what it is), at 9 pixels per ridge. Width: sigma of "
        "the blur, side of the blocks, in ridge periods. Here the tests of each width alone err at "
        "most once in twenty."
    ]
    for name, limit in proof.limits.items():
        lines = [
            f"| {name}: width | matched after the strongest attack | attack | outscored | |",
            "|---:|---:|---|---:|---|",
            *(
                f"| {p.width:.2f} | {told(p.attacked)} | {p.strongest} | {p.beats:.1%} "
                f"| {_named(p)} |"
                for p in limit.points
            ),
        ]
        safe = "never" if limit.at_chance_from is None else f"from {limit.at_chance_from:.2f} on"
        lines.append("")
        lines.append(f"At chance {safe}; the app's weakest is {limit.weakest:.2f}.")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
