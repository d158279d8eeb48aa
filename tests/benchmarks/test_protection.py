"""The benchmark as a whole, small: what is covered, attacked, judged and left for the app."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import protection as bench
from benchmarks import protection_report as report
from benchmarks import touches
from benchmarks.prints import make_print
from benchmarks.protection import Condition, Trial
from benchmarks.touches import Scene
from vov_core.masks import STYLES

CONDITIONS = [Condition(style=name) for name in STYLES]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return touches.photograph(touches.touch(make_print(1), 1), touches.random_shot(5.0, 1))


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_the_apps_own_code_covers_the_whole_pad(scene: Scene, condition: Condition) -> None:
    covered = bench.cover(scene, condition, 1)
    pad = bench.target(scene, covered, condition)
    bare = bench.target(scene, scene.photo.pixels, Condition(style=bench.UNCOVERED))
    # Ridges are gone: none of their fine contrast is left where they were.
    assert abs(_alike(_fine(pad.plane), _fine(bare.plane))) < 0.25
    assert (pad.kernel is not None) == (condition.style in bench.FAMILIES)
    assert pad.width == pytest.approx(bench.nominal_width(condition), rel=0.3)


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation; 0 where one of them shows nothing."""
    return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else 0.0


def _fine(plane: np.ndarray) -> np.ndarray:
    return (plane - cv2.GaussianBlur(plane, (0, 0), 4)).ravel()


def test_a_smaller_width_covers_less(scene: Scene) -> None:
    usual = Condition(style="blur", strength=0.0)
    weak = Condition(style="blur", strength=0.0, factor=1 / 8)
    assert bench.kernel_width(scene, weak) < bench.kernel_width(scene, usual) / 4


def test_every_style_and_strength_is_measured_with_every_attack_that_makes_sense() -> None:
    conditions = list(bench.conditions(2))
    assert {c.style for c in conditions} == {*STYLES, bench.UNCOVERED}
    assert {c.strength for c in conditions if c.style == "blur"} == set(bench.STRENGTHS)
    assert "wiener" in bench.attacks_on(Condition(style="blur"))
    assert "wiener" not in bench.attacks_on(Condition(style="solid"))
    assert "learned" in bench.attacks_on(Condition(style="solid"))


def trials(leaking: str) -> list[Trial]:
    """Scores as a matcher could give them: one style leaks, the others don't."""
    rng = random.Random(4)
    found = []
    for condition in (Condition(style=bench.UNCOVERED), *bench.conditions(1)):
        for attack in bench.attacks_on(condition):
            for identity in range(30):
                clear = condition.style in {leaking, bench.UNCOVERED}
                found.append(
                    Trial(
                        condition=condition,
                        attack=attack,
                        identity=identity,
                        touch=1,
                        mated=rng.randint(80, 200) if clear else rng.randint(0, 30),
                        strangers=tuple(rng.randint(0, 30) for _ in range(20)),
                    )
                )
    return found


def test_a_style_that_leaks_is_told_from_those_that_do_not() -> None:
    seen = trials("pixelate")
    cosmetic = {t.condition for t in seen if t.condition.style in bench.FAMILIES}
    widths = {condition: bench.nominal_width(condition) for condition in cosmetic}
    proof = report.figures(seen, widths, tuple(STYLES), bench.UNCOVERED, (9.0,))
    assert proof.uncovered[0].share == 1 and proof.identities == 30
    assert [row.style for row in proof.rows] == sorted(
        (row.style for row in proof.rows), key=list(STYLES).index
    )
    assert {row.style for row in proof.rows if not row.at_chance} == {"pixelate"}
    assert proof.limits["pixelate"].at_chance_from is None
    assert proof.limits["blur"].at_chance_from == proof.limits["blur"].points[0].width
    assert all(row.attacked[0].share == 0 for row in proof.rows if row.style != "pixelate")


def test_a_small_leak_that_never_matches_is_seen_too() -> None:
    rng = random.Random(5)
    scores = report.Scores(
        tuple(rng.randint(8, 20) for _ in range(60)),
        tuple(tuple(rng.randint(0, 15) for _ in range(6)) for _ in range(60)),
        tuple(range(60)),
    )
    matched, outscored = scores.chances(50)
    assert matched > 0.5 and outscored < 1e-6
    assert not report.at_chance({"none": scores}, 50, 100)


def test_a_run_goes_on_where_it_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "networks", lambda *_: {})
    monkeypatch.setattr(bench, "Gallery", lambda *_: None)
    asked: list[tuple[int, int]] = []

    def measure(_g: object, _n: object, identity: int, touch: int) -> list[Trial]:
        asked.append((identity, touch))
        condition = Condition(style="blur")
        return [
            Trial(
                condition=condition,
                attack="none",
                identity=identity,
                touch=touch,
                mated=1,
                strangers=(2, 3),
            )
        ]

    monkeypatch.setattr(bench, "measure", measure)
    bench.run(tmp_path, 2, 1, 1)
    bench.run(tmp_path, 3, 2, 1)
    assert asked == [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]
    assert len(bench.trials(tmp_path)) == 6
    assert bench.trials(tmp_path)[0].strangers == (2, 3)
