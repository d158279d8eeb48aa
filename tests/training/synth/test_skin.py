"""Prints sit on the pads, belong to nobody else, and nothing of the photo's ridges is left."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.prints import Print
from training.synth import skin
from training.synth.hand import FINGERS, Hand


@pytest.fixture
def quick_prints(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Prints that cost nothing; gives the seeds that were asked for."""
    asked: list[int] = []

    def make(seed: int) -> Print:
        asked.append(seed)
        waves = np.random.default_rng(seed).standard_normal((80, 60)).astype(np.float32)
        return Print(np.tanh(waves), 0.48)

    skin._grown.cache_clear()
    monkeypatch.setattr(skin, "make_print", make)
    yield asked
    skin._grown.cache_clear()


def test_pad_maps(doll: Hand) -> None:
    maps = skin.pad_maps(doll)
    for i, finger in enumerate(FINGERS):
        pad = doll.pads[finger]
        assert maps.strength[pad.middle] == pytest.approx(1)
        own = maps.on_pad & (doll.faces == pad.middle).any(1)
        corners = maps.atlas[own]
        assert (corners[..., 0] > i / 5).all()
        assert (corners[..., 0] < (i + 1) / 5).all()
        np.testing.assert_allclose(corners.mean((0, 1)), ((i + 0.5) / 5, 0.5), atol=0.05)
    off = np.setdiff1d(
        np.arange(len(doll.rest)), np.concatenate([p.vertices for p in doll.pads.values()])
    )
    assert (maps.strength[off] == 0).all()


def test_each_hand_has_prints_of_its_own(quick_prints: list[int]) -> None:
    right, left, other = skin.prints(0, False), skin.prints(0, True), skin.prints(1, False)
    assert right.shape == (80, 5 * 60, 3)
    assert 0 <= right.min() < right.max() <= 1
    assert len(set(quick_prints)) == 15
    assert min(quick_prints) >= 100_000
    assert not np.allclose(right, left)
    assert not np.allclose(right, other)


@pytest.mark.usefixtures("quick_prints")
def test_left_hands_prints_are_mirrored_as_their_pictures_will_be() -> None:
    left = skin.prints(0, True)
    first = skin._print_tile(skin.FIRST_PRINT + 5)
    np.testing.assert_array_equal(left[:, :60], first[:, ::-1])


def test_wear_flattens_ridges_and_leaves_them_in_place() -> None:
    ridge = np.sin(np.arange(200, dtype=np.float32))[None].repeat(200, 0)
    strengths = []
    for seed in range(8):
        worn = skin.worn(Print(ridge, 0.48), np.random.default_rng(seed))
        assert (np.abs(worn) <= np.abs(ridge) + 1e-6).all()
        assert (np.sign(worn) == np.sign(ridge)).all()
        strengths.append(np.abs(worn).mean() / np.abs(ridge).mean())
    assert 0.6 < np.mean(strengths) < 0.95


def test_the_photos_own_ridges_are_gone(doll: Hand, doll_folder: Path) -> None:
    texture = skin.Texture(doll, doll_folder)
    colours, relief = texture.of(0)
    # The texture is noise, so whatever fine structure is left would show.
    palm, back = (colours[rows, 500:1500] for rows in (slice(200, 800), slice(1300, 1900)))
    fine_palm, fine_back = (
        np.std(part - cv2.GaussianBlur(part, (0, 0), 2)) for part in (palm, back)
    )
    assert fine_palm < 0.15 * fine_back
    assert relief.shape == texture.edge.shape
    again, _ = texture.of(1)
    assert not np.allclose(colours[200:800], again[200:800], atol=0.01)


def test_texture_is_needed(doll: Hand, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        skin.Texture(doll, tmp_path)


def test_seams_meet(doll: Hand, doll_folder: Path) -> None:
    texture = skin.Texture(doll, doll_folder)
    texture.colours[1024:] *= 0.5  # the back is darker than the palm
    gain = texture.seam_gain(doll)
    colours = texture._at_vertices(doll) * gain
    order = np.argsort(doll.welded, kind="stable")
    order = order[doll.welded[order] >= 0]
    same = np.flatnonzero(np.diff(doll.welded[order]) == 0)
    before = np.log(texture._at_vertices(doll) + 1e-3)
    apart_before = np.abs(before[order[same]] - before[order[same + 1]]).mean()
    apart = np.abs(np.log(colours[order[same]]) - np.log(colours[order[same + 1]])).mean()
    assert apart_before > 0.3
    assert apart < 0.1 * apart_before


def test_relief_has_ridges_across_the_fingers_and_cells_on_the_back(doll: Hand) -> None:
    size = 768
    picture = skin.relief(doll, skin.backness(doll), size).astype(np.float32)
    assert picture.shape == (size, size)
    # The middle finger's strip of the palmar half; its length runs downwards.
    finger = picture[100:300, 3 * size // 6 + 20 : 4 * size // 6 - 20]
    down, across = (np.abs(np.diff(finger, axis=axis)).mean() for axis in (0, 1))
    assert down > 1.5 * across
    cells = picture[size // 2 + 50 : -50, 100:-100]
    down, across = (np.abs(np.diff(cells, axis=axis)).mean() for axis in (0, 1))
    assert 0.8 < down / across < 1.25


def test_back_and_palm_are_told_apart(doll: Hand) -> None:
    back = skin.backness(doll)
    assert back[doll.pads["index"].middle] < 0.05
    assert back[doll.rest[:, 2].argmax()] > 0.9
