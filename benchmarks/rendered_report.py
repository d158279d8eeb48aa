"""What the scores of ``benchmarks.rendered_hands`` come to: rates, table, the app's data file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from statistics import median
from typing import Any

from benchmarks import protection_report as flat
from benchmarks.matching import threshold
from benchmarks.protection import UNCOVERED, Condition, Trial, nominal_width
from benchmarks.protection_report import Scores
from benchmarks.results import put_section
from vov_core.masks import STYLES
from vov_core.protection import Rendered, proof

TITLE = "Proof of protection on rendered hands"


def trial(line: Mapping[str, Any]) -> Trial:
    """A line of the cache as a trial."""
    return Trial(
        condition=Condition(**line["condition"]),
        attack=line["attack"],
        identity=line["identity"],
        touch=line["touch"],
        mated=line["mated"],
        strangers=tuple(line["strangers"]),
    )


def figures(lines: Sequence[Mapping[str, Any]]) -> Rendered:
    """All figures that the app shows.

    Args:
        lines: The cache's.
    """
    trials = [trial(line) for line in lines]
    groups = flat.by_condition(trials)
    bare = groups[Condition(style=UNCOVERED)]["none"]
    pairs = bare.stranger_pairs
    thresholds = tuple(threshold(pairs, wanted) for wanted in flat.RATES)
    covered = {c: found for c, found in groups.items() if c.style != UNCOVERED}
    tests = 2 * sum(len(found) for found in covered.values())
    order = list(STYLES)
    plain = _plain(lines)
    ordered = sorted(covered, key=lambda c: (order.index(c.style), c.strength))
    return Rendered(
        hands=len({line["file"].rsplit("-", 1)[0] for line in plain}),
        photos=len({line["file"] for line in plain}),
        fingers=len({line["identity"] for line in plain}),
        pads=len(plain),
        found=sum(line["found"] for line in plain),
        per_ridge=round(median(line["per_ridge"] for line in plain), 2),
        thresholds=thresholds,
        stranger_pairs=len(pairs),
        attempts=sum(len(scores.mated) for found in covered.values() for scores in found.values()),
        uncovered=tuple(bare.matched(t) for t in thresholds),
        rows=tuple(flat.row(c, covered[c], thresholds, tests) for c in ordered if c.factor == 1),
    )


def _plain(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One line of each pad: uncovered, as it is."""
    bare = asdict(Condition(style=UNCOVERED))
    return [line for line in lines if line["condition"] == bare and line["attack"] == "none"]


def report(lines: Sequence[Mapping[str, Any]]) -> None:
    """Rewrites the section of ``benchmarks/RESULTS.md`` and the app's data file."""
    found = figures(lines)
    body = "\n\n".join(
        (_how(found, lines), flat.table(found.rows, found.uncovered[0]), _weak(found, lines))
    )
    put_section(TITLE, body)
    flat.write(replace(proof(), rendered=found))
    print(body)


def _how(found: Rendered, lines: Sequence[Mapping[str, Any]]) -> str:
    from_score = found.thresholds[0]
    plain = _plain(lines)
    on_file, in_pictures = (
        flat.rate(sum(line[key] >= from_score for line in plain), len(plain))
        for key in ("on_file", "in_pictures")
    )
    return (
        "`python -m benchmarks.hand_photos --libhand DIR --out PHOTOS` (with Blender, see "
        "`training/synth/README.md`), then `python -m benchmarks.rendered_hands --photos PHOTOS "
        f"--cache FOLDER`: {found.hands} rendered hands with {found.fingers} fingers whose prints "
        f"are known, {found.photos} pictures (each hand in several, with a pose, light and noise "
        f"of its own), {found.pads} pads at about {found.per_ridge:g} pixels per ridge. The app "
        f"found and covered the finger tips by itself: {found.found} of {found.pads} pads; what it "
        "did not find stays open and is not in the table. The attacker knows where the camera saw "
        "every point of the pad. A score is the better one of two: with the print on file, and "
        "with the uncovered pad in another picture. Thresholds from "
        f"{found.stranger_pairs:,} pairs of "
        f"strangers: {' and '.join(map(str, found.thresholds))} for a false match rate of 1 % and "
        f"0.1 %{_few(found)}. Uncovered, at 1 %: {flat.told(found.uncovered[0])} matched; with the "
        f"print on file alone {flat.told(on_file)}, with the other picture alone "
        f"{flat.told(in_pictures)}. {found.attempts:,} attacked pictures; the learned attack "
        "is the one that was trained on flat prints. Columns and "
        "*at chance* as above, of these tests alone."
    )


def _few(found: Rendered) -> str:
    """What a threshold is worth that fewer pairs set than a false match needs."""
    enough = found.stranger_pairs * flat.RATES[1] >= 1
    return "" if enough else " (the latter is only what none of so few pairs reached)"


def _weak(found: Rendered, lines: Sequence[Mapping[str, Any]]) -> str:
    groups = flat.by_condition([trial(line) for line in lines])
    from_score = found.thresholds[0]
    parts = []
    for condition, tried in groups.items():
        if condition.factor != 1:
            best = flat.strongest(tried, from_score)
            scores: Scores = tried[best]
            parts.append(
                f"{condition.style} {nominal_width(condition):.2f} ridges wide: "
                f"{flat.told(scores.matched(from_score))} ({best})"
            )
    return (
        "The attacks are no straw men: far weaker than the app ever covers, after the strongest "
        f"attack, {'; '.join(parts)}."
    )
