"""Finger tips whose axis is known."""

from dataclasses import replace
from itertools import product
from math import pi

import cv2
import numpy as np
import pytest

from vov_core.findings import Point, Region, Source
from vov_core.geometry import rounded
from vov_core.masks import make_style
from vov_core.masks.base import Pixels, blind
from vov_core.masks.fingers import Finger, find_fingers
from vov_core.masks.regions import hidden_by, inside, place_all, scale_region

SKINS = {"light": (224, 178, 158), "tan": (176, 124, 96), "dark": (92, 62, 50)}
WALLS = {
    "white": (236, 236, 234),
    "grey": (120, 122, 124),
    "blue": (70, 96, 150),
    "green": (120, 190, 140),
    "black": (14, 14, 16),
}
WIDTH, JOINT, END = 60, 190, 96
"""The drawn finger comes from below: its width, its last joint's and its end's row, pixels."""


def photo_of(
    skin: Point | tuple[int, int, int],
    wall: tuple[int, int, int],
    turn: float = 0.0,
    lean: float = 0.0,
) -> Pixels:
    """A drawn finger on a wall, with a little noise; turned about (150, 150), radians."""
    photo = np.full((300, 300, 3), wall, np.uint8)
    tip = (round(150 + lean), END + WIDTH // 2)
    cv2.line(photo, (150, JOINT), tip, skin, WIDTH, cv2.LINE_AA)
    cv2.line(photo, (150, JOINT), (150, 600), skin, WIDTH, cv2.LINE_AA)
    cv2.circle(photo, tip, WIDTH // 2, skin, -1, cv2.LINE_AA)
    turned = cv2.getRotationMatrix2D((149.5, 149.5), np.rad2deg(-turn), 1)
    photo = cv2.warpAffine(photo, turned, (300, 300), borderMode=cv2.BORDER_REPLICATE)
    noise = np.random.default_rng(0).normal(0, 2, (300, 300, 1))
    return np.clip(photo + noise, 0, 255).astype(np.uint8)


def region_of(
    width: float = WIDTH, joint: float = JOINT, end: float = END, turn: float = 0.0
) -> Region:
    """The drawn finger's region, as landmarks would give it."""

    def at(y: float) -> Point:
        return 150 - (y - 150) * np.sin(turn), 150 + (y - 150) * np.cos(turn)

    middle, half = (joint + end) / 2, (joint - end) / 2
    return Region(
        id="h0-index",
        polygon=rounded(at(middle), (0.97 * half, width / 2), (np.sin(turn), -np.cos(turn))),
        width=width,
        source=Source.LANDMARKS,
        hand=0,
        base=at(joint),
    )


def found(photo: Pixels, *regions: Region) -> dict[int, Finger]:
    spots = place_all(regions, photo.shape, 0.25)
    return find_fingers(blind(photo.copy(), spots), hidden_by(spots, photo.shape), spots)


def lab(colours: np.ndarray | tuple[int, int, int]) -> np.ndarray:
    pixels = np.float32(colours).reshape(1, -1, 3) / 255
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]


def is_skin(photo: Pixels, skin: tuple[int, int, int], wall: tuple[int, int, int]) -> np.ndarray:
    """Which pixels are nearer to the skin than to the wall; (h, w) bool."""
    colours = lab(cv2.GaussianBlur(photo, (0, 0), 1))
    nearer = np.linalg.norm(colours - lab(skin), axis=1) < np.linalg.norm(
        colours - lab(wall), axis=1
    )
    return nearer.reshape(photo.shape[:2])


@pytest.mark.parametrize(("skin", "wall"), list(product(SKINS, WALLS)))
def test_covered_finger_keeps_its_shape_and_what_is_beside_it_becomes_wall(
    skin: str, wall: str
) -> None:
    photo = photo_of(SKINS[skin], WALLS[wall])
    region = scale_region(region_of(), 1.4)
    masked = make_style("skin_tone").apply(photo, [region])
    core = inside([region], photo.shape)
    before = is_skin(photo, SKINS[skin], WALLS[wall])
    after = is_skin(masked, SKINS[skin], WALLS[wall])
    assert (before == after)[core].mean() > 0.9
    beside = core & (np.abs(np.arange(300) - 149.5) > 0.62 * WIDTH)
    assert beside.sum() > 200
    assert np.linalg.norm(lab(masked[beside]).mean(0) - lab(WALLS[wall])) < 8


@pytest.mark.parametrize("turn", [0.0, 0.7, pi / 2, -2.1])
@pytest.mark.parametrize("skin", SKINS)
def test_tone_is_the_fingers(skin: str, turn: float) -> None:
    photo = photo_of(SKINS[skin], WALLS["blue"], turn)
    finger = found(photo, region_of(turn=turn))[0]
    assert np.linalg.norm(lab(finger.tone) - lab(SKINS[skin])) < 4
    assert finger.grain == pytest.approx(2, abs=0.7)


@pytest.mark.parametrize("turn", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("estimate", [0.8, 1.0, 1.25])
def test_finger_is_as_wide_as_it_is_seen_and_not_as_estimated(estimate: float, turn: float) -> None:
    photo = photo_of(SKINS["light"], WALLS["grey"], turn)
    finger = found(photo, region_of(width=estimate * WIDTH, turn=turn))[0]
    assert 2 * finger.halves[0] == pytest.approx(WIDTH, abs=4)
    assert finger.offsets[0] == pytest.approx(0, abs=3)


def test_painted_edges_meet_the_seen_ones() -> None:
    photo = photo_of(SKINS["light"], WALLS["blue"])
    region = scale_region(region_of(width=1.3 * WIDTH), 1.2)
    masked = make_style("skin_tone", softness=0).apply(photo, [region])
    widths = is_skin(masked, SKINS["light"], WALLS["blue"])[130:240].sum(1)
    assert np.abs(np.diff(widths.astype(int))).max() <= 4
    assert np.ptp(widths) < 0.16 * WIDTH


def test_more_coverage_does_not_make_the_finger_thicker() -> None:
    photo = photo_of(SKINS["tan"], WALLS["green"])
    shapes = []
    for coverage in (1.0, 1.2, 1.5):
        masked = make_style("skin_tone").apply(photo, [scale_region(region_of(), coverage)])
        shapes.append(is_skin(masked, SKINS["tan"], WALLS["green"]))
    for shape in shapes[1:]:
        assert (shape & shapes[0]).sum() > 0.93 * (shape | shapes[0]).sum()


def test_finger_ends_where_it_looks_out_of_its_region() -> None:
    photo = photo_of(SKINS["light"], WALLS["blue"])
    short = region_of(end=END + 14)
    finger = found(photo, short)[0]
    assert finger.end > finger.axis.end
    masked = make_style("skin_tone").apply(photo, [short])
    column = is_skin(masked, SKINS["light"], WALLS["blue"])[END + 4 : JOINT, 150]
    assert column.mean() > 0.97


def test_finger_leans_to_where_it_looks_out_of_its_region() -> None:
    photo = photo_of(SKINS["light"], WALLS["blue"], lean=14)
    finger = found(photo, region_of())[0]
    # Across is measured clockwise from along: to the right of a finger that points up.
    assert finger.offsets[1] > 0.1 * WIDTH


def test_no_silhouette_before_skin() -> None:
    photo = np.full((300, 300, 3), SKINS["light"], np.uint8)
    assert found(photo, region_of())[0].before_skin == 1
    masked = make_style("skin_tone").apply(photo, [region_of()])
    assert np.ptp(masked.astype(int), axis=(0, 1)).max() <= 6


def test_grey_photo_keeps_grey_fingers() -> None:
    photo = photo_of((190, 190, 190), (60, 60, 60))
    masked = make_style("skin_tone").apply(photo, [scale_region(region_of(), 1.3)])
    assert np.ptp(masked, axis=-1).max() == 0
    same = is_skin(masked, (190,) * 3, (60,) * 3) == is_skin(photo, (190,) * 3, (60,) * 3)
    assert same[inside([region_of()], photo.shape)].mean() > 0.9


def test_overlapping_regions_cut_no_finger() -> None:
    skin, wall = SKINS["light"], WALLS["blue"]
    photo = np.full((300, 300, 3), wall, np.uint8)
    regions = []
    for x in (110, 180):
        cv2.line(photo, (x, 126), (x, 600), skin, WIDTH, cv2.LINE_AA)
        dx = x - 150
        region = region_of()
        moved = tuple((px + dx, py) for px, py in region.polygon)
        regions.append(replace(region, id=f"h0-{x}", polygon=moved, base=(float(x), float(JOINT))))
    grown = [scale_region(region, 1.6) for region in regions]
    cores = [inside([region], photo.shape) for region in grown]
    assert (cores[0] & cores[1]).any()
    masked = make_style("skin_tone").apply(photo, grown)
    after = is_skin(masked, skin, wall)
    before = is_skin(photo, skin, wall)
    rows = slice(140, 260)
    assert (after == before)[rows].mean() > 0.95


@pytest.mark.parametrize(
    "region",
    [
        replace(region_of(), base=None),
        replace(region_of(), base=region_of().centre),
        region_of(joint=320, end=240),
    ],
    ids=["no base", "no direction", "base outside of the photo"],
)
def test_what_is_not_known_is_left_to_the_skin_around(region: Region) -> None:
    photo = photo_of(SKINS["light"], WALLS["blue"])
    assert found(photo, region) == {}
    masked = make_style("skin_tone").apply(photo, [region])
    core = inside([scale_region(region, 0.4)], photo.shape)
    assert np.linalg.norm(lab(masked[core]).mean(0) - lab(SKINS["light"])) < 12


def test_noise_has_the_fingers_tone() -> None:
    photo = photo_of(SKINS["tan"], WALLS["white"])
    masked = make_style("noise", softness=0).apply(photo, [region_of()])
    core = masked[inside([region_of()], photo.shape)].astype(float)
    assert np.abs(core.mean(0) - SKINS["tan"]).max() < 8


def test_ridges_stay_on_the_finger() -> None:
    photo = photo_of(SKINS["light"], WALLS["blue"])
    region = scale_region(region_of(), 1.4)
    style = make_style("synthetic_print", strength=1)
    difference = np.abs(
        style.apply(photo, [region]).astype(int) - make_style("skin_tone").apply(photo, [region])
    ).max(-1)
    finger = is_skin(photo, SKINS["light"], WALLS["blue"])
    assert difference[120:180, 135:165].mean() > 8
    assert difference[cv2.dilate(finger.astype(np.uint8), np.ones((9, 9))) == 0].max() <= 2
