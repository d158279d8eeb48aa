"""The frame: print size, the right shot in the right place, words that fit."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vov_core.booth import (
    COLOURS,
    Design,
    Layout,
    cell_size,
    compose,
    drawable,
    print_size,
)
from vov_core.booth.frames import CAPTION_LENGTH, Pixels, fitted

TONES = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (210, 210, 30)]


def plain(tone: tuple[int, int, int], size: tuple[int, int] = (640, 480)) -> Pixels:
    return np.full((size[1], size[0], 3), tone, np.uint8)


def shots() -> list[Pixels | None]:
    return [plain(tone) for tone in TONES]


def places(frame: Pixels, tone: tuple[int, int, int]) -> tuple[float, float, int]:
    """Centre and number of the pixels that have exactly this tone."""
    rows, columns = np.nonzero((frame == tone).all(axis=2))
    return float(columns.mean()), float(rows.mean()), len(rows)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("layout", Layout)
def test_every_frame_has_print_size_and_its_shots_in_order(layout: Layout, colour: str) -> None:
    frame = compose(shots(), Design(layout=layout, colour=colour))
    width, height = print_size(layout)
    assert frame.shape == (height, width, 3) and frame.dtype == np.uint8
    across, down = cell_size(layout)
    centres = []
    for tone in TONES:
        x, y, count = places(frame, tone)
        centres.append((x, y))
        assert count > 0.97 * across * down  # all but the rounded corners
    if layout is Layout.GRID:
        assert centres[0][0] < centres[1][0] and centres[0][1] == pytest.approx(
            centres[1][1], abs=2
        )
        assert centres[0][1] < centres[2][1] and centres[2][0] < centres[3][0]
    else:
        assert [y for _, y in centres] == sorted(y for _, y in centres)


@pytest.mark.parametrize("layout", Layout)
def test_print_sizes_are_four_by_six_inch_and_half_of_it(layout: Layout) -> None:
    inches = {Layout.GRID: (4, 6), Layout.STRIP: (2, 6)}[layout]
    assert print_size(layout) == (inches[0] * 300, inches[1] * 300)


def test_a_changed_shot_changes_its_own_place_only() -> None:
    before = compose(shots(), Design())
    changed = shots()
    changed[3] = plain((9, 9, 9))
    rows, columns = np.nonzero((before != compose(changed, Design())).any(axis=2))
    across, down = cell_size(Layout.GRID)
    assert len(rows) > 0.97 * across * down
    assert columns.max() - columns.min() < across and rows.max() - rows.min() < down


def test_an_empty_place_shows_its_number() -> None:
    frame = compose([*shots()[:3], None], Design(colour="mint"))
    assert places(frame, TONES[0])[2] and not (frame == TONES[3]).all(axis=2).any()


def test_four_shots_are_needed() -> None:
    with pytest.raises(ValueError, match="zip"):
        compose(shots()[:3], Design())


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("caption", ["우리", "W" * CAPTION_LENGTH, "가" * 60])
def test_words_stay_below_the_shots_and_inside_the_margin(layout: Layout, caption: str) -> None:
    bare = compose(shots(), Design(layout=layout))
    words = Design(layout=layout, caption=caption, day=date(2026, 11, 23), brand="VOV")
    rows, columns = np.nonzero((bare != compose(shots(), words)).any(axis=2))
    width, height = print_size(layout)
    last = np.nonzero((bare == TONES[3]).all(axis=2))[0].max()
    assert rows.size and rows.min() > last and rows.max() < height - 8
    assert columns.min() > 8 and columns.max() < width - 8


def test_the_date_is_the_guests_choice() -> None:
    day = Design(day=date(2026, 1, 2))
    assert (compose(shots(), Design()) != compose(shots(), day)).any()


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("  오늘도   우리 ♥ ", "오늘도 우리 ♥"),
        ("party 🎉 time", "party time"),
        ("two\nlines\tand \x07 more", "two lines and more"),
        ("🎉🎉", ""),
        ("x" * 99, "x" * CAPTION_LENGTH),
    ],
)
def test_a_caption_is_one_line_that_can_be_written(typed: str, printed: str) -> None:
    assert drawable(typed) == printed


@given(st.text(max_size=80))
@settings(max_examples=40)
def test_any_text_can_be_a_caption(typed: str) -> None:
    line = drawable(typed)
    assert len(line) <= CAPTION_LENGTH and line == line.strip() and drawable(line) == line


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (4000, 300), (40, 3000), (9, 9)])
@pytest.mark.parametrize("layout", Layout)
def test_the_middle_of_a_shot_is_kept_undistorted(size: tuple[int, int], layout: Layout) -> None:
    shot = plain((10, 10, 10), size)
    shot[size[1] // 2 - 2 : size[1] // 2 + 3, size[0] // 2 - 2 : size[0] // 2 + 3] = 250
    cell = fitted(shot, layout)
    across, down = cell_size(layout)
    assert cell.shape == (down, across, 3)
    rows, columns = np.nonzero(cell[..., 0] > 130)
    scale = max(across / size[0], down / size[1])
    assert rows.mean() == pytest.approx(down / 2, abs=3 + 1.5 * scale)
    assert columns.mean() == pytest.approx(across / 2, abs=3 + 1.5 * scale)
