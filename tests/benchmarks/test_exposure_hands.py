"""Exposure on rendered hands, small: where a print lies, how it is lit, what comes back."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import exposure_hands as hands
from benchmarks.exposure_hands import Tip, as_lit, flat_places
from benchmarks.exposure_truth import Shot, share_read
from benchmarks.prints import HEIGHT, PX_PER_MM, WIDTH, Print, make_print
from tests.conftest import SAMPLES
from vov_core.exposure import Level
from vov_core.finder import Finder
from vov_core.findings import Findings, Finger, Region, Source
from vov_core.geometry import rounded

SCALE = 11.0
SIZE = 320


@pytest.fixture(scope="module")
def print_() -> Print:
    return make_print(5)


@pytest.fixture(scope="module")
def stranger() -> Print:
    return make_print(6)


def facts() -> dict[str, Any]:
    """A flat pad in the middle of a picture, as a grid of triangles."""
    columns, rows = np.meshgrid(np.arange(-12, 13, 3.0), np.arange(-12, 13, 3.0))
    flat = np.column_stack((columns.ravel(), rows.ravel()))
    seen = flat * (SCALE, -SCALE) + SIZE / 2
    faces = []
    for n in range(len(flat)):
        if n % 9 < 8 and n < 72:
            faces += [[n, n + 1, n + 9], [n + 1, n + 10, n + 9]]
    return {"flat": flat.tolist(), "seen": seen.tolist(), "faces": faces}


def ridges(print_: Print) -> np.ndarray:
    """The print at every pixel of that picture, asked without triangles."""
    down, across = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    step = PX_PER_MM / SCALE
    return np.asarray(
        cv2.remap(
            print_.ridge,
            (across * step + WIDTH / 2 - 0.5).astype(np.float32),
            (down * step + HEIGHT / 2 - 0.5).astype(np.float32),
            cv2.INTER_LINEAR,
        )
    )


def lit_from_the_side(print_: Print) -> np.ndarray:
    """Bright where ridges rise towards the light, as a relief is."""
    relief = ridges(print_)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) + cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    plane = 128 + 20 * slope / slope.std() + np.random.default_rng(2).normal(0, 2, slope.shape)
    return np.dstack([plane.clip(0, 255).astype(np.uint8)] * 3)


def pad() -> np.ndarray:
    down, across = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    return np.hypot(down, across) < 8 * SCALE


def test_every_pixel_knows_its_place_on_the_flat_print() -> None:
    places = flat_places(facts(), (SIZE, SIZE, 3))
    assert places[40, 200] == pytest.approx([(200.5 - 160) / SCALE, (160 - 40.5) / SCALE])
    assert np.isinf(places[2, 2]).all() and np.isfinite(places[pad()]).all()


def test_places_follow_each_triangle() -> None:
    bent = facts()
    seen = np.array(bent["seen"])
    right = seen[:, 0] > SIZE / 2
    seen[right, 0] = SIZE / 2 + (seen[right, 0] - SIZE / 2) / 2  # foreshortened on one side
    places = flat_places({**bent, "seen": seen}, (SIZE, SIZE, 3))
    assert places[160, 150, 0] == pytest.approx((150.5 - 160) / SCALE)
    assert places[160, 180, 0] == pytest.approx((180.5 - 160) / SCALE * 2)


def test_a_print_that_is_lit_from_a_side_comes_back(print_: Print, stranger: Print) -> None:
    picture, per_ridge = lit_from_the_side(print_), print_.period_mm * SCALE
    plain = share_read(picture, pad(), ridges(print_), per_ridge)
    lit = as_lit(picture, ridges(print_), per_ridge, SCALE)
    wrong = as_lit(picture, ridges(stranger), per_ridge, SCALE)
    assert plain < 0.5, "ridges are not where it is bright"
    assert share_read(picture, pad(), lit, per_ridge) > 0.8
    assert share_read(picture, pad(), wrong, per_ridge) < 0.1


def tip(print_: Print) -> Tip:
    picture, per_ridge = lit_from_the_side(print_), print_.period_mm * SCALE
    region = Region(
        id="h0-index",
        polygon=rounded((160.0, 160.0), (110, 88), (0.0, -1.0)),
        width=16 * SCALE,
        source=Source.LANDMARKS,
        finger=Finger.INDEX,
    )
    lit = as_lit(picture, ridges(print_), per_ridge, SCALE)
    return Tip("hand", picture, region, pad(), lit, None, per_ridge)


def shot(per_ridge: float, blur: float = 0.3, noise: float = 1) -> Shot:
    return Shot(per_ridge=per_ridge, blur=blur, noise=noise, quality=95, seed=1)


def test_photographed_again(print_: Print) -> None:
    held = tip(print_)
    near = hands.retake(held, shot(4.5))
    assert near.true is near.seen.level is Level.READABLE
    assert near.seen.pixels_per_ridge == pytest.approx(4.5 * 0.46 / print_.period_mm, rel=0.01)
    assert hands.retake(held, shot(4.5, blur=4)).true is Level.UNREADABLE
    assert hands.retake(held, shot(1.5)).true is Level.UNREADABLE


def test_every_tip_is_photographed_in_ways_of_its_own(print_: Print) -> None:
    held = tip(print_)
    cases = hands.hand_cases([held, held], 3)
    sizes = [case.per_ridge for case in cases]
    assert len(set(sizes)) == 6 and all(1.5 <= size <= held.per_ridge for size in sizes)
    assert [case.share for case in hands.hand_cases([held], 3)] == [c.share for c in cases[:3]]


def test_tips_of_a_picture_are_those_that_the_app_finds(
    print_: Print, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"finger": "index", "seed": 5, **facts()}
    away = {**known, "seed": 6, "seen": (np.array(known["seen"]) - 150).tolist()}
    cv2.imwrite(str(tmp_path / "hand-1-0.png"), lit_from_the_side(print_))
    text = json.dumps({"photo": 0, "prints": [known, away]})
    (tmp_path / "hand-1-0.json").write_text(text, "utf-8")
    found = Findings("", SIZE, SIZE, regions=(tip(print_).region,))
    monkeypatch.setattr(hands, "grown", make_print)
    finder: Any = SimpleNamespace(find=lambda *_: found)
    (one, seen), (other, unseen) = hands.hand_tips(tmp_path / "hand-1-0.png", finder)
    assert seen is not None and unseen is None and other.hand == "hand-1-0"
    # The same tip, known and found.
    assert one.region.width == pytest.approx(16 * SCALE, rel=0.2)
    assert seen.region.width == 16 * SCALE
    middles = [np.mean(tip.region.polygon, axis=0) for tip in (one, seen)]
    assert np.allclose(*middles, atol=6)
    assert one.per_ridge == pytest.approx(print_.period_mm * SCALE, rel=0.01)
    assert one.stranger is not None
    assert hands.untouched(one, one.lit) > 0.8 > 0.1 > hands.untouched(one, one.stranger)


def test_tips_of_a_sample_whose_ridges_are_there(finder: Finder) -> None:
    tips = list(hands.sample_tips(SAMPLES / "hand_00202.jpg", finder))
    assert tips and all(one.per_ridge >= hands.FINEST for one in tips)
    # What must come back is what the untouched picture shows.
    assert all(hands.untouched(one, one.lit) > 0.95 for one in tips)
    assert not list(hands.sample_tips(SAMPLES / "hand_00119.jpg", finder))
