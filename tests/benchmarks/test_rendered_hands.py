"""The proof on rendered hands, small: where prints lie, what is found, and what is told."""

import random
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import hand_photos, rendered_report, touches
from benchmarks import rendered_hands as bench
from benchmarks.prints import HEIGHT, PX_PER_MM, WIDTH, Print, make_print
from benchmarks.protection import UNCOVERED, Condition, attacks_on
from benchmarks.rendered_hands import CONDITIONS, Pad, Taken
from tests.training.synth.doll import write_doll
from training.synth.hand import Hand
from training.synth.skin import print_seed, prints
from vov_core.findings import Findings, Finger, Region, Source
from vov_core.geometry import rounded
from vov_core.images import OutputFormat, encode, read_photo
from vov_core.masks import STYLES

SCALE = 14.0  # pixels per millimetre
TURN = np.deg2rad(20)


@pytest.fixture(scope="module")
def print_() -> Print:
    return make_print(5)


def seen_at(flat: np.ndarray) -> np.ndarray:
    """A pad that lies turned in a picture, and bends away at its sides."""
    across = 12 * np.sin(flat[:, 0] / 12)
    turned = np.column_stack(
        (
            across * np.cos(TURN) + flat[:, 1] * np.sin(TURN),
            across * np.sin(TURN) - flat[:, 1] * np.cos(TURN),
        )
    )
    return np.asarray(turned * SCALE + (250, 250))


@pytest.fixture(scope="module")
def pad() -> Pad:
    x, y = np.meshgrid(np.arange(-9, 10, 3.0), np.arange(-12, 13, 3.0))
    flat = np.column_stack((x.ravel(), y.ravel()))
    facts = {
        "photo": 1,
        "prints": [{"seed": 7, "flat": flat.tolist(), "seen": seen_at(flat).tolist()}],
    }
    (found,) = bench.read_pads(facts)
    return found


def picture_of(print_: Print) -> np.ndarray:
    """Every pixel of the picture asks the print what lies there."""
    rows, columns = np.mgrid[:500, :500]
    x, y = (columns + 0.5 - 250) / SCALE, (rows + 0.5 - 250) / SCALE
    across, up = x * np.cos(TURN) + y * np.sin(TURN), x * np.sin(TURN) - y * np.cos(TURN)
    across = 12 * np.arcsin(np.clip(across / 12, -1, 1))
    ridge = cv2.remap(
        print_.ridge,
        (across * PX_PER_MM + WIDTH / 2 - 0.5).astype(np.float32),
        (HEIGHT / 2 - up * PX_PER_MM - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(128 + 40 * ridge)


def test_middle_and_scale_come_from_the_middle_of_the_pad(pad: Pad) -> None:
    assert (pad.seed, pad.number) == (7, 1)
    assert pad.middle == pytest.approx((250, 250), abs=1)
    assert pad.scale == pytest.approx(SCALE, rel=0.06)


def test_a_bent_and_turned_pad_is_unrolled_as_the_print_lies(pad: Pad, print_: Print) -> None:
    found = bench.unrolled(picture_of(print_), pad, 12.0)
    true = touches.flat_pad(print_, 12.0)
    assert found.shape == true.shape
    assert np.corrcoef(found.ravel(), true.ravel())[0, 1] > 0.9
    mirrored = np.corrcoef(found[:, ::-1].ravel(), true.ravel())[0, 1]
    assert abs(mirrored) < 0.3


def taken(print_: Print, pad: Pad, *middles: tuple[float, float]) -> Taken:
    plane = np.clip(picture_of(print_), 0, 255).astype(np.uint8)
    photo = read_photo(encode(np.dstack([plane] * 3), OutputFormat.PNG, 95))
    regions = tuple(
        Region(
            id=f"h0-{finger}",
            polygon=rounded(middle, (150, 110), (0.0, -1.0)),
            width=220,
            source=Source.LANDMARKS,
            finger=finger,
        )
        for middle, finger in zip(middles, (Finger.INDEX, Finger.LITTLE), strict=False)
    )
    return Taken(photo, [pad], Findings(photo_sha256="", width=500, height=500, regions=regions))


def test_a_pad_counts_as_found_where_its_middle_is_covered(print_: Print, pad: Pad) -> None:
    scene = taken(print_, pad, (20.0, 20.0), (255.0, 240.0)).scene(pad, 0.5)
    assert scene is not None
    assert [region.id for region in scene.findings.regions] == ["h0-little"]
    assert scene.per_ridge == pytest.approx(pad.scale / 2)
    assert taken(print_, pad, (20.0, 20.0)).scene(pad, 0.5) is None


def test_the_apps_own_code_covers_what_was_found(print_: Print, pad: Pad) -> None:
    picture = taken(print_, pad, (250.0, 250.0))
    bare = bench.unrolled(bench.cover(picture, CONDITIONS[0])[:, :, 1], pad, 12.0)
    solid = bench.unrolled(bench.cover(picture, Condition(style="solid"))[:, :, 1], pad, 12.0)
    middle = np.s_[60:-60, 60:-60]
    assert bare[middle].std() > 20 > 1 > solid[middle].std()
    weak, usual = (
        bench.cover(picture, Condition(style="blur", strength=0.0, factor=factor))
        for factor in (1 / 8, 1)
    )
    assert weak[200:300, 200:300].std() > 2 * usual[200:300, 200:300].std()


def test_every_style_is_measured_and_the_cosmetic_ones_at_their_weakest() -> None:
    assert {c.style for c in CONDITIONS} == {*STYLES, UNCOVERED}
    assert {c.strength for c in CONDITIONS if c.style == "blur"} == {0.0, 0.5}


def lines(leaking: str, found: int) -> list[dict[str, object]]:
    """A cache as a run leaves it: 30 pads of 15 fingers, of which the app found some."""
    rng = random.Random(6)
    made = []
    for condition in CONDITIONS:
        for attack in attacks_on(condition):
            for number in range(30 if condition.style == UNCOVERED else found):
                clear = condition.style in {leaking, UNCOVERED}
                made.append(
                    {
                        "file": f"hand-{number // 8}-{number % 2}.jpg",
                        "condition": asdict(condition),
                        "attack": attack,
                        "identity": number // 2,
                        "touch": number % 2,
                        "mated": rng.randint(80, 200) if clear else rng.randint(0, 30),
                        "strangers": [rng.randint(0, 30) for _ in range(20)],
                        "found": number < found,
                        "per_ridge": 6.5,
                        "on_file": 90 if number < 20 else 0,
                        "in_pictures": 90,
                    }
                )
    return made


def test_pads_that_were_not_found_are_told_and_not_in_the_rows() -> None:
    seen = rendered_report.figures(lines("nothing", found=27))
    assert (seen.fingers, seen.pads, seen.found, seen.per_ridge) == (15, 30, 27, 6.5)
    assert seen.uncovered[0].hits == 30
    assert all(row.attacked[0].of == 27 and row.at_chance for row in seen.rows)
    # The deliberately weak ones are no rows of the app's styles.
    assert len(seen.rows) == len(CONDITIONS) - 3


def test_a_style_that_leaks_is_told_from_those_that_do_not() -> None:
    seen = rendered_report.figures(lines("solid", found=30))
    assert {row.style for row in seen.rows if not row.at_chance} == {"solid"}
    assert seen.worst(["solid", "noise"]).share == 1 and seen.worst(["noise"]).share == 0


def test_the_report_tells_both_ways_of_matching_and_keeps_the_other_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    kept = rendered_report.proof()
    file = tmp_path / "figures.json"
    monkeypatch.setattr(rendered_report, "put_section", lambda _title, body: told.append(body))
    monkeypatch.setattr(rendered_report.flat, "FIGURES", file)
    rendered_report.report(lines("nothing", found=27))
    (body,) = told
    assert "27 of 30 pads" in body
    assert "on file alone 66.7% of 30" in body and "other picture alone 100.0% of 30" in body
    monkeypatch.setattr("vov_core.protection.FIGURES", file)
    again = rendered_report.proof.__wrapped__()
    assert again.rendered is not None and again.rendered.found == 27
    assert replace(again, rendered=None) == replace(kept, rendered=None)


@pytest.fixture(scope="module")
def doll(tmp_path_factory: pytest.TempPathFactory) -> Hand:
    return Hand(write_doll(tmp_path_factory.mktemp("doll")))


def test_a_doll_shows_four_pads_and_where_their_prints_are(doll: Hand) -> None:
    shot = hand_photos.four_pads(doll, 5001, np.random.default_rng(3))
    found = list(hand_photos.places(doll, shot))
    assert [place.finger for place in found] == ["index", "middle", "ring", "little"]
    for place in found:
        flat, seen = np.array(place.flat), np.array(place.seen)
        near = np.hypot(*flat.T) < 7
        assert ((seen[near] > 0) & (seen[near] < (shot.camera.width, shot.camera.height))).all()
        known = np.column_stack((flat[near], np.ones(near.sum())))
        fit, *_ = np.linalg.lstsq(known, seen[near], rcond=None)
        # The tip is up; a right hand's palm is not mirrored; sizes are as wanted, some foreshorten.
        assert fit[1, 1] < 0 < fit[0, 0]
        assert np.sqrt(-np.linalg.det(fit[:2])) == pytest.approx(hand_photos.PX_PER_MM, rel=0.3)
        corners = flat[np.array(place.faces)]
        assert np.abs(np.diff(corners, axis=1)).max() < 4, "faces join neighbours"
    again = hand_photos.four_pads(doll, 5001, np.random.default_rng(4))
    assert not np.allclose(shot.vertices, again.vertices)


def test_seeds_are_those_of_the_rendered_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def tile(seed: int) -> np.ndarray:
        drawn.append(seed)
        return np.zeros((2, 2, 3), np.float32)

    monkeypatch.setattr("training.synth.skin._print_tile", tile)
    prints(3, left=False)
    prints(3, left=True)
    fingers = ("thumb", "index", "middle", "ring", "little")
    assert drawn == [print_seed(3, f, left) for left in (False, True) for f in fingers]
    assert len(set(drawn)) == 10
