"""What holds for every mask style."""

from dataclasses import replace
from itertools import product
from math import pi

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vov_core.errors import SettingsError
from vov_core.findings import Region, Source
from vov_core.masks import DEFAULT_STYLE, STYLES, make_style
from vov_core.masks.base import Pixels
from vov_core.masks.regions import footprint, inside, scale_region

from .scenes import ellipse, noisy, sample

IRREVERSIBLE = [name for name, style in STYLES.items() if style.irreversible]
COSMETIC = [name for name, style in STYLES.items() if not style.irreversible]
every_style = pytest.mark.parametrize("name", STYLES)


@pytest.fixture(scope="module")
def hand() -> tuple[Pixels, list[Region]]:
    photo, regions = sample("00119")
    photo.setflags(write=False)
    return photo, regions


def test_registry() -> None:
    assert next(iter(STYLES)) == DEFAULT_STYLE == "skin_tone"
    assert STYLES[DEFAULT_STYLE].irreversible
    assert set(COSMETIC) == {"pixelate", "blur"}
    for name, style in STYLES.items():
        made = make_style(name, strength=0.1, softness=0.2, seed=3)
        assert type(made) is style
        assert (made.name, made.strength, made.softness, made.seed) == (name, 0.1, 0.2, 3)


@pytest.mark.parametrize(
    "setting",
    [
        {"name": "nothing"},
        {"strength": -0.01},
        {"strength": 1.01},
        {"softness": 1.5},
        {"softness": float("nan")},
        {"seed": -1},
    ],
)
def test_unusable_settings_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        make_style(**{"name": "blur", **setting})  # type: ignore[arg-type]
    assert caught.value.details["name"] in {"style", *setting}


@every_style
@pytest.mark.parametrize("softness", [0.0, 0.25, 1.0])
def test_nothing_changes_outside_of_the_footprint(
    name: str, softness: float, hand: tuple[Pixels, list[Region]]
) -> None:
    photo, regions = hand
    before = photo.copy()
    masked = make_style(name, softness=softness).apply(photo, regions)
    assert masked.shape == photo.shape
    assert masked.dtype == np.uint8
    assert not np.shares_memory(masked, photo)
    assert masked.flags.writeable
    assert np.array_equal(photo, before)
    outside = ~footprint(regions, photo.shape, softness)
    assert outside.mean() > 0.5
    assert np.array_equal(masked[outside], photo[outside])


@every_style
def test_same_seed_same_picture(name: str, hand: tuple[Pixels, list[Region]]) -> None:
    photo, regions = hand
    first = make_style(name, seed=7).apply(photo, regions)
    assert np.array_equal(first, make_style(name, seed=7).apply(photo, regions))


@pytest.mark.parametrize("name", ["skin_tone", "synthetic_print", "noise", "sticker"])
def test_another_seed_another_picture(name: str, hand: tuple[Pixels, list[Region]]) -> None:
    photo, regions = hand
    first = make_style(name, seed=1).apply(photo, regions)
    assert not np.array_equal(first, make_style(name, seed=2).apply(photo, regions))


@every_style
def test_uses_flags_tell_the_truth(name: str, hand: tuple[Pixels, list[Region]]) -> None:
    photo, regions = hand
    plain = make_style(name, strength=0.2, softness=0.1)
    stronger = make_style(name, strength=0.9, softness=0.1).apply(photo, regions)
    softer = make_style(name, strength=0.2, softness=0.9).apply(photo, regions)
    masked = plain.apply(photo, regions)
    assert plain.uses_strength == (not np.array_equal(masked, stronger))
    assert plain.uses_softness == (not np.array_equal(masked, softer))


@pytest.mark.parametrize("name", IRREVERSIBLE)
@pytest.mark.parametrize("softness", [0.0, 1.0])
def test_no_covered_pixel_survives(name: str, softness: float) -> None:
    marker = np.zeros((200, 240, 3), np.uint8)
    marker[..., 1] = 255
    regions = [ellipse(90, 100, 60, 84, 0.5, "a"), ellipse(130, 110, 60, 84, 0.2, "b")]
    covered = inside(regions, marker.shape)
    photo = np.full_like(marker, (212, 160, 140))
    photo[covered] = marker[covered]
    masked = make_style(name, softness=softness).apply(photo, regions)
    assert (masked[covered] != marker[covered]).any(-1).all()


@pytest.mark.parametrize("name", COSMETIC)
@pytest.mark.parametrize("strength", [0.0, 1.0])
@pytest.mark.parametrize("width", [4, 12, 60])
def test_cosmetic_styles_are_never_idle(name: str, strength: float, width: int) -> None:
    photo = noisy(200, 200)
    regions = [ellipse(100, 100, width, 1.4 * width)]
    covered = inside(regions, photo.shape)
    masked = make_style(name, strength=strength, softness=0).apply(photo, regions)
    change = np.abs(masked[covered].astype(int) - photo[covered])
    assert change.mean() > 40
    assert masked[covered].std() < 0.6 * photo[covered].std()


@pytest.mark.parametrize("name", COSMETIC)
@pytest.mark.parametrize("width", [60, 200])
def test_cosmetic_styles_remove_ridges_at_any_strength(name: str, width: int) -> None:
    """A finger has about 35 ridges across: their contrast falls to less than a tenth."""
    size = 2 * width
    wave = 127.5 + 100 * np.sin(np.arange(size) * 2 * pi * 35 / width)
    photo = np.repeat(np.tile(wave, (size, 1))[..., None], 3, 2).astype(np.uint8)
    regions = [ellipse(width, width, width, 1.3 * width)]
    core = inside([scale_region(regions[0], 0.8)], photo.shape)
    masked = make_style(name, strength=0.0, softness=0).apply(photo, regions)
    assert masked[core].std() < 0.1 * photo[core].std()


@st.composite
def scenes(draw: st.DrawFn) -> tuple[tuple[int, int], list[Region]]:
    shape = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    coordinate = st.floats(-40, 110, width=32)
    polygons = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=7)
    outlines = draw(st.lists(st.tuples(polygons, st.floats(0, 90)), max_size=4))
    bases = st.none() | st.tuples(coordinate, coordinate)
    regions = [
        Region(
            f"p{i}",
            tuple(polygon),
            width,
            Source.PERSON,
            hand=draw(st.sampled_from([None, 0])),
            base=draw(bases),
        )
        for i, (polygon, width) in enumerate(outlines)
    ]
    return shape, regions


@pytest.mark.parametrize("name", IRREVERSIBLE)
@settings(max_examples=40, deadline=None)
@given(
    scene=scenes(),
    strength=st.floats(0, 1),
    softness=st.floats(0, 1),
    seeds=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(10, 19)),
    flat=st.booleans(),
)
def test_result_tells_nothing_of_covered_pixels(
    name: str,
    scene: tuple[tuple[int, int], list[Region]],
    strength: float,
    softness: float,
    seeds: tuple[int, int, int],
    flat: bool,
) -> None:
    shape, regions = scene
    first = noisy(*shape, seed=seeds[0])
    if flat:
        first[:] = (205, 150, 130)
    second = noisy(*shape, seed=seeds[2])
    outside = ~inside(regions, shape)
    second[outside] = first[outside]
    style = make_style(name, strength=strength, softness=softness, seed=seeds[1])
    masked = style.apply(first, regions)
    assert np.array_equal(masked, style.apply(second, regions))
    kept = ~footprint(regions, shape, softness)
    assert np.array_equal(masked[kept], first[kept])


@pytest.mark.parametrize("name", IRREVERSIBLE)
@pytest.mark.parametrize("number", ["00119", "00107"])
def test_fingers_of_known_axis_tell_nothing_of_covered_pixels(  # type: ignore[no-untyped-def]
    name: str, number: str, finder
) -> None:
    photo, _ = sample(number)
    regions = [scale_region(region, 1.2) for region in finder.find("00", photo).regions]
    regions = [region for region in regions if region.base]
    assert len(regions) >= 5
    other = photo.copy()
    other[inside(regions, photo.shape)] = (0, 255, 0)
    style = make_style(name, softness=1.0)
    assert np.array_equal(style.apply(photo, regions), style.apply(other, regions))


@pytest.mark.parametrize("name", IRREVERSIBLE)
def test_real_hands_tell_nothing_of_covered_pixels(
    name: str, hand: tuple[Pixels, list[Region]]
) -> None:
    photo, regions = hand
    other = photo.copy()
    other[inside(regions, photo.shape)] = (0, 255, 0)
    style = make_style(name, softness=1.0)
    assert np.array_equal(style.apply(photo, regions), style.apply(other, regions))


EDGE_CASES = {
    "none": [],
    "point": [Region("a", ((5.0, 5.0),) * 3, 1.0, Source.PERSON)],
    "line": [Region("a", ((1.0, 1.0), (6.0, 6.0), (1.0, 1.0)), 0.0, Source.PERSON)],
    "one pixel": [
        Region("a", ((4.1, 4.1), (4.9, 4.1), (4.9, 4.9), (4.1, 4.9)), 0.8, Source.PERSON)
    ],
    "outside": [ellipse(-500, -500, 40, 60)],
    "beside": [ellipse(-21, 4, 40, 40)],
    "box in, outline out": [
        Region("a", ((-300.0, 4.0), (4.0, -300.0), (-300.0, -300.0)), 9.0, Source.PERSON)
    ],
    "half outside": [ellipse(0, 0, 6, 8)],
    "larger than the photo": [ellipse(4, 4, 900, 1200)],
    "gigantic": [ellipse(1e7, 0, 4e7, 4e7)],
    "crossing itself": [
        Region("a", ((0.0, 0.0), (7.0, 7.0), (7.0, 0.0), (0.0, 7.0)), 5.0, Source.PERSON)
    ],
    "twice the same": [ellipse(4, 4, 4, 5), ellipse(4, 4, 4, 5)],
    "base far off": [replace(ellipse(4, 4, 4, 5), base=(1e7, -1e7))],
    "base in the middle": [replace(ellipse(4, 4, 4, 5), base=(4.0, 4.0))],
    "base inside": [replace(ellipse(20, 20, 12, 16), base=(24.0, 22.0))],
    "base beyond the border": [replace(ellipse(20, 4, 12, 16), base=(20.0, -6.0))],
    "a hand all covered": [
        replace(ellipse(x, 10, 14, 60, pi / 2, f"h0-{x}"), hand=0, base=(float(x), 30.0))
        for x in (5, 18, 30)
    ],
    "width far too large": [Region("a", ((2.0, 2.0), (5.0, 2.0), (5.0, 6.0)), 1e9, Source.PERSON)],
}


@every_style
@pytest.mark.parametrize("case", EDGE_CASES)
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 40), (60, 50)])
def test_edge_cases(name: str, case: str, shape: tuple[int, int]) -> None:
    photo = noisy(*shape)
    regions = EDGE_CASES[case]
    for strength, softness in product((0.0, 1.0), (0.0, 1.0)):
        masked = make_style(name, strength=strength, softness=softness).apply(photo, regions)
        assert masked.shape == photo.shape
        kept = ~footprint(regions, shape, softness)
        assert np.array_equal(masked[kept], photo[kept])


@every_style
def test_no_regions_is_a_copy(name: str) -> None:
    photo = noisy(30, 20)
    masked = make_style(name).apply(photo, [])
    assert np.array_equal(masked, photo)
    assert not np.shares_memory(masked, photo)


@every_style
def test_greyscale_stays_grey(name: str) -> None:
    if name in {"sticker", "noise", "synthetic_print"}:
        pytest.skip("these bring colours of their own")
    photo, regions = sample("00119")
    grey = np.repeat(photo[..., 1:2], 3, 2)
    masked = make_style(name).apply(grey, regions)
    spread = masked.max(-1).astype(int) - masked.min(-1)
    assert spread.max() <= 1


@pytest.mark.parametrize("name", ["pixelate", "blur", "noise", "sticker"])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_strength_is_relative_to_the_finger(name: str, strength: float) -> None:
    photo, regions = sample("00112")
    double = cv2.resize(photo, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    doubled = [_magnified(region, 2) for region in regions]
    style = make_style(name, strength=strength)
    small = style.apply(photo, regions)
    large = cv2.resize(
        style.apply(double, doubled), photo.shape[1::-1], interpolation=cv2.INTER_AREA
    )
    covered = inside(regions, photo.shape)
    difference = np.abs(small[covered].astype(int) - large[covered])
    assert difference.mean() < 6


def _magnified(region: Region, factor: float) -> Region:
    polygon = tuple((x * factor, y * factor) for x, y in region.polygon)
    return Region(region.id, polygon, region.width * factor, region.source, hand=region.hand)


@pytest.mark.parametrize("softness", [0.0, 0.5, 1.0])
def test_softness_never_thins_the_region(softness: float) -> None:
    photo = np.full((160, 160, 3), 255, np.uint8)
    regions = [ellipse(80, 80, 50, 70, 0.3)]
    masked = make_style("solid", softness=softness).apply(photo, regions)
    assert (masked[inside(regions, photo.shape)] == 0).all()
    band = footprint(regions, photo.shape, softness) & ~inside(regions, photo.shape)
    assert 0 < masked[band].mean() < 255


@pytest.mark.parametrize("name", COSMETIC)
def test_stronger_cosmetics_leave_less(name: str) -> None:
    photo = noisy(300, 300)
    regions = [ellipse(150, 150, 120, 170)]
    covered = inside(regions, photo.shape)
    styles = [make_style(name, strength=strength, softness=0) for strength in (0.0, 0.5, 1.0)]
    rest = [style.apply(photo, regions)[covered].std() for style in styles]
    assert rest[0] > 1.3 * rest[1] > 1.3 * rest[2]
