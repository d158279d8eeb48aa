"""Skin tones and the styles that paint with them."""

import cv2
import numpy as np
import pytest

from vov_core.findings import Region, Source
from vov_core.masks import make_style
from vov_core.masks.base import Pixels
from vov_core.masks.regions import Spot, hidden_by, inside, place_all, scale_region
from vov_core.masks.skin import FALLBACK_TONE, Tone, find_tones

from .scenes import ellipse, sample

SKINS = {"light": (224, 178, 158), "tan": (176, 124, 96), "dark": (92, 62, 50)}
WALLS = {
    "white": (236, 236, 234),
    "grey": (120, 122, 124),
    "blue": (70, 96, 150),
    "green": (120, 190, 140),
    "black": (14, 14, 16),
    "wood": (76, 60, 50),
    "lilac": (170, 140, 160),
}


def finger(skin: tuple[int, int, int], wall: tuple[int, int, int]) -> Pixels:
    """A drawn finger that comes from below, on a wall, with a little noise."""
    photo = np.full((240, 200, 3), wall, np.uint8)
    cv2.line(photo, (100, 90), (100, 240), skin, 60)
    cv2.circle(photo, (100, 90), 30, skin, -1)
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    return np.clip(photo + noise, 0, 255).astype(np.uint8)


TIP = ellipse(100, 100, 70, 92, np.pi / 2)


def tones(photo: Pixels, regions: list[Region]) -> tuple[list[Spot], list[Tone]]:
    spots = place_all(regions, photo.shape, 0.25)
    return spots, find_tones(photo, hidden_by(spots, photo.shape), spots)


def lab(colour: np.ndarray | tuple[int, int, int]) -> np.ndarray:
    return cv2.cvtColor(np.float32(colour).reshape(1, 1, 3) / 255, cv2.COLOR_RGB2LAB)[0, 0]


@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize("wall", WALLS)
def test_tone_is_the_skins_though_most_around_is_wall(skin: str, wall: str) -> None:
    if (skin, wall) == ("dark", "wood"):
        pytest.skip("nobody could tell these apart by colour")
    _, (tone,) = tones(finger(SKINS[skin], WALLS[wall]), [TIP])
    assert np.linalg.norm(lab(tone.tone) - lab(SKINS[skin])) < 6


@pytest.mark.parametrize("skin", SKINS)
def test_fill_looks_like_the_skin(skin: str) -> None:
    photo = finger(SKINS[skin], WALLS["blue"])
    masked = make_style("skin_tone").apply(photo, [TIP])
    core = masked[inside([scale_region(TIP, 0.5)], photo.shape)]
    assert np.linalg.norm(lab(core.mean(0)) - lab(SKINS[skin])) < 8


def test_base_points_to_the_hand() -> None:
    _, (tone,) = tones(finger(SKINS["light"], WALLS["blue"]), [TIP])
    assert tone.base[1] > 0.95


def test_grain_is_the_photos_own() -> None:
    _, (tone,) = tones(finger(SKINS["light"], WALLS["blue"]), [TIP])
    assert tone.grain == pytest.approx(2, abs=0.5)
    photo = finger(SKINS["light"], WALLS["blue"])
    masked = make_style("skin_tone").apply(photo, [TIP])[80:120, 80:120, 1].astype(float)
    fine = masked - cv2.GaussianBlur(masked, (0, 0), 3)
    assert 1 < fine.std() < 3


def test_wall_is_never_taken_on_rendered_hands() -> None:
    for number in ("00112", "00202", "00119", "00105", "00120", "00204", "00118"):
        photo, regions = sample(number)
        _, found = tones(photo, regions)
        for tone in found:
            _, a, b = lab(tone.tone)
            assert 15 < np.rad2deg(np.arctan2(b, a)) < 75
            assert np.hypot(a, b) > 11


def test_fallback_where_there_is_nothing_to_see() -> None:
    photo = np.zeros((40, 40, 3), np.uint8)
    _, (tone,) = tones(photo, [ellipse(20, 20, 200, 300)])
    assert np.array_equal(tone.tone, FALLBACK_TONE)
    assert tone.base == (0.0, 0.0)


def test_a_tip_among_tips_takes_the_hands_tone() -> None:
    photo = finger(SKINS["tan"], WALLS["blue"])
    small = Region("p1", ((96, 96), (104, 96), (104, 104), (96, 104)), 8, Source.PERSON)
    _, found = tones(photo, [TIP, small])
    assert np.linalg.norm(lab(found[1].tone) - lab(SKINS["tan"])) < 6


def test_grey_photo_has_a_grey_fill_like_the_finger() -> None:
    photo = finger((190, 190, 190), (60, 60, 60))
    photo[..., 1] = photo[..., 2] = photo[..., 0]
    _, (tone,) = tones(photo, [TIP])
    assert tone.tone.mean() == pytest.approx(190, abs=12)


def test_prints_differ_from_finger_to_finger_and_have_ridges() -> None:
    photo = np.full((260, 400, 3), SKINS["light"], np.uint8)
    regions = [
        ellipse(100, 130, 120, 150, np.pi / 2, "a"),
        ellipse(300, 130, 120, 150, np.pi / 2, "b"),
    ]
    masked = make_style("synthetic_print", strength=1).apply(photo, regions)[..., 1].astype(float)
    left, right = masked[80:180, 60:140], masked[80:180, 260:340]
    assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 0.3
    spectrum = np.abs(np.fft.fft2((left - left.mean()) * np.hanning(100)[:, None] * np.hanning(80)))
    fy, fx = np.meshgrid(np.fft.fftfreq(100), np.fft.fftfreq(80), indexing="ij")
    frequency = np.hypot(fy, fx)
    peak = (frequency * spectrum**2).sum() / (spectrum**2).sum()
    assert 9 / 120 < peak < 24 / 120


def test_stronger_prints_stand_out_more() -> None:
    photo = np.full((200, 200, 3), SKINS["tan"], np.uint8)
    regions = [ellipse(100, 100, 120, 150)]
    weak, strong = (
        make_style("synthetic_print", strength=s).apply(photo, regions)[70:130, 70:130, 1].std()
        for s in (0.0, 1.0)
    )
    assert strong > 3 * weak


def test_grain_fills_regions_larger_than_its_tile() -> None:
    photo = np.full((1500, 1600, 3), SKINS["tan"], np.uint8)
    photo = np.clip(photo + np.random.default_rng(0).normal(0, 2, photo.shape), 0, 255)
    region = ellipse(800, 750, 1100, 1300)
    masked = make_style("skin_tone").apply(photo.astype(np.uint8), [region])
    core = masked[400:1100, 300:1300, 1].astype(float)
    assert (core - cv2.GaussianBlur(core, (0, 0), 3)).std() == pytest.approx(2, abs=1)


@pytest.mark.parametrize("number", ["00112", "00119", "00202"])
def test_rendered_hands_in_grey_have_tips_as_light_as_the_skin(number: str) -> None:
    photo, regions = sample(number)
    grey = np.repeat(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    _, in_colour = tones(photo, regions)
    _, in_grey = tones(grey, regions)
    differences = [
        abs(lab(one.tone)[0] - lab(other.tone)[0])
        for one, other in zip(in_colour, in_grey, strict=True)
    ]
    assert np.median(differences) < 15
