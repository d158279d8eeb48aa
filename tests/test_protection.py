"""The figures that come with the app: complete, in order, and with all their pictures."""

import pytest

from vov_core.masks import STYLES
from vov_core.protection import PICTURES, picture, proof


def test_every_style_was_measured() -> None:
    assert {row.style for row in proof().rows} == set(STYLES)
    for name, style in STYLES.items():
        rows = proof().of_style(name)
        assert {0.0, 0.5, 1.0} == {r.strength for r in rows} or not (
            style.uses_strength and name != "sticker"
        )


@pytest.mark.parametrize("name", [n for n, s in STYLES.items() if s.irreversible])
def test_irreversible_styles_are_at_the_level_of_strangers(name: str) -> None:
    assert proof().at_chance(name)
    worst = proof().worst(name)
    assert worst is not None and worst.low <= proof().rates[0]


def test_uncovered_prints_were_matched_or_nothing_would_be_proven() -> None:
    assert proof().uncovered[0].low > 0.9
    assert proof().identities >= 50
    # A photo of any of these sizes gives a print away.
    assert len(proof().scales) == len(proof().uncovered_by_scale) >= 3
    assert all(rate.low > 0.9 for rate in proof().uncovered_by_scale)
    together = sum(rate.hits for rate in proof().uncovered_by_scale)
    assert together == proof().uncovered[0].hits


def test_rendered_hands_were_measured_too() -> None:
    rendered = proof().rendered
    assert rendered is not None
    assert {row.style for row in rendered.rows} == set(STYLES)
    assert 0 < rendered.found <= rendered.pads
    assert all(row.attacked[0].of == rendered.found for row in rendered.rows)
    # Uncovered they are matched, or nothing would be proven.
    assert rendered.uncovered[0].low > 0.5
    safe = [name for name, style in STYLES.items() if style.irreversible]
    assert rendered.worst(safe).low <= proof().rates[0]
    assert all(row.at_chance for row in rendered.rows if row.style in safe)


def test_intervals_hold_their_shares() -> None:
    for row in proof().rows:
        for rate in (*row.after, *row.attacked, row.strangers):
            assert 0 <= rate.low <= rate.share <= rate.high <= 1
        assert row.beats_low <= row.beats <= row.beats_high


def test_cosmetic_styles_have_their_limit() -> None:
    assert set(proof().limits) == {n for n, s in STYLES.items() if not s.irreversible}
    for limit in proof().limits.values():
        widths = [point.width for point in limit.points]
        assert widths == sorted(widths) and limit.weakest in widths
        # Weak enough, they do give prints away: the attacks are no straw men.
        assert not limit.points[0].at_chance


def test_all_pictures_are_there_and_no_other() -> None:
    named = {f"{case}-{step}.webp" for case, steps in proof().cases.items() for step in steps}
    assert named == {file.name for file in PICTURES.iterdir()}
    for case, steps in proof().cases.items():
        assert all(picture(case, step)[8:12] == b"WEBP" for step in steps)


def test_a_style_that_nobody_measured_has_no_verdict() -> None:
    assert proof().worst("nobody's style") is None
    assert not proof().at_chance("nobody's style")
