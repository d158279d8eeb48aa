"""One person's photos: once examined, many times masked, bounded in memory, never mixed up."""

import gc
import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from vov_core import workspace
from vov_core.errors import NotAPhotoError, SessionFullError
from vov_core.finder import Finder
from vov_core.findings import Findings, Region, Source
from vov_core.images import OutputFormat, Photo, ReadLimits
from vov_core.pipeline import Look, Tuning
from vov_core.workspace import Step, Workspace

TUNING = Tuning()
SQUARE = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0))
DRAWN = Region(id="p1", polygon=SQUARE, width=20, source=Source.PERSON)


class CountingFinder:
    """The real finder, and how often it was asked."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.calls = 0

    def find(self, photo_sha256: str, pixels: np.ndarray) -> Findings:
        self.calls += 1
        return self.finder.find(photo_sha256, pixels)


class HandlessFinder:
    """Finds nothing, so that only what the workspace itself holds is measured."""

    def find(self, photo_sha256: str, pixels: np.ndarray) -> Findings:
        height, width = pixels.shape[:2]
        return Findings(photo_sha256=photo_sha256, width=width, height=height)


@pytest.fixture
def counting(finder: Finder) -> CountingFinder:
    return CountingFinder(finder)


@pytest.fixture
def space(counting: CountingFinder) -> Workspace:
    return Workspace(lambda: counting, ReadLimits(), 100 * 1024**2)


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_slider_never_runs_a_model_again(
    space: Workspace, counting: CountingFinder, sample: Callable[[str], bytes]
) -> None:
    item = space.add("hand.jpg", sample("00119"))
    for coverage in (1.0, 1.2, 1.5):
        for style in ("skin_tone", "blur"):
            space.masked(item, Tuning(look=Look(style=style, coverage=coverage)))
    space.approve(item, TUNING)
    assert counting.calls == 1


def test_the_same_settings_give_the_kept_picture(
    space: Workspace, sample: Callable[[str], bytes]
) -> None:
    item = space.add("hand.jpg", sample("00119"))
    assert space.masked(item, TUNING)[1] is space.masked(item, TUNING)[1]
    other = Tuning(look=Look(style="solid"))
    assert space.masked(item, other)[1] is not space.masked(item, TUNING)[1]


def test_what_is_approved_is_what_was_shown(
    space: Workspace, sample: Callable[[str], bytes]
) -> None:
    item = space.add("hand.png", sample("00119"))
    tuning = Tuning(look=Look(style="noise"), format=OutputFormat.PNG)
    shown = space.masked(item, tuning)[1].pixels
    approval = space.approve(item, tuning)
    written = np.asarray(Image.open(io.BytesIO(approval.output.data)).convert("RGB"))
    assert np.array_equal(written, shown)


def test_a_change_takes_the_approval_back(space: Workspace, sample: Callable[[str], bytes]) -> None:
    item = space.add("hand.jpg", sample("00119"))
    before = datetime.now(UTC)
    assert before <= space.approve(item, TUNING).at <= datetime.now(UTC)
    assert item.approved
    for other in (
        replace(TUNING, look=Look(coverage=1.5)),
        replace(TUNING, quality=80),
        replace(TUNING, format=OutputFormat.WEBP),
    ):
        item.tuning = other
        assert not item.approved
    item.tuning = TUNING
    space.toggle(item, TUNING.rules, item.findings.regions[0].id)
    assert not item.approved
    space.toggle(item, TUNING.rules, item.findings.regions[0].id)
    space.reset(item)
    assert item.approved


def test_an_output_counts_before_it_is_kept(
    counting: CountingFinder, sample: Callable[[str], bytes]
) -> None:
    data = sample("00119")
    space = Workspace(lambda: counting, ReadLimits(), len(data) + 1000)
    item = space.add("hand.jpg", data)
    with pytest.raises(SessionFullError):
        space.approve(item, TUNING)
    assert item.approval is None and space.held == len(data)


def test_the_steps_of_a_new_photo_are_told(
    space: Workspace, sample: Callable[[str], bytes]
) -> None:
    told: list[Step] = []
    space.add("hand.jpg", sample("00119"), told.append)
    assert told == [Step.READ, Step.LOOK]


def test_toggle_leaves_out_and_puts_back(space: Workspace, sample: Callable[[str], bytes]) -> None:
    item = space.add("hand.jpg", sample("00119"))
    first = item.findings.regions[0].id
    space.toggle(item, TUNING.rules, first)
    assert first not in {r.id for r in space.selection(item, TUNING.rules).masked}
    space.toggle(item, TUNING.rules, first)
    assert first in {r.id for r in space.selection(item, TUNING.rules).masked}


def test_an_unknown_region_changes_nothing(
    space: Workspace, sample: Callable[[str], bytes]
) -> None:
    item = space.add("hand.jpg", sample("00119"))
    before = item.edits
    space.toggle(item, TUNING.rules, "h9-thumb")
    assert item.edits == before


def test_drawn_regions_come_and_go(space: Workspace) -> None:
    item = space.add("plain.jpg", jpeg((200, 160, 140)))
    space.draw(item, DRAWN)
    assert [r.id for r in space.selection(item, TUNING.rules).masked] == ["p1"]
    space.toggle(item, TUNING.rules, "p1")
    assert space.selection(item, TUNING.rules).masked == ()


def test_the_same_bytes_are_one_photo_and_two_names_may_be_equal(space: Workspace) -> None:
    red, blue = jpeg((200, 0, 0)), jpeg((0, 0, 200))
    first = space.add("a.jpg", red)
    assert space.add("b.jpg", red) is first
    second = space.add("a.jpg", blue)
    assert second is not first and [i.name for i in space.items] == ["a.jpg", "a.jpg"]


def test_a_bad_photo_leaves_the_others(space: Workspace) -> None:
    good = space.add("good.jpg", jpeg((9, 9, 9)))
    with pytest.raises(NotAPhotoError):
        space.add("bad.jpg", b"only words")
    assert space.items == (good,)


def test_a_hundred_photos_hold_no_hundred_bitmaps(monkeypatch: pytest.MonkeyPatch) -> None:
    size, few = (320, 240), 4
    bitmap = 3 * size[0] * size[1]
    monkeypatch.setattr(workspace, "_DECODED_BYTES", few * bitmap)
    space = Workspace(HandlessFinder, ReadLimits(), 100 * 1024**2)

    def work_on(numbers: range) -> int:
        """Everything that a person does with a photo; the bytes that are held afterwards."""
        for number in numbers:
            colour = (number // 10 * 25, number % 10 * 25, 100)
            item = space.add(f"{number}.jpg", jpeg(colour, size))
            space.draw(item, DRAWN)
            space.masked(item, Tuning(look=Look(style="noise")))
            space.approve(item, TUNING)
            space.exposures(item)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        ten, hundred = work_on(range(10)), work_on(range(10, 100))
    finally:
        tracemalloc.stop()
    assert len(space.items) == 100 and all(item.approval for item in space.items)
    # Compressed, a photo is far smaller than decoded; what grows is the former alone.
    assert space.held / 100 < bitmap / 20
    assert (hundred - ten) / 90 < bitmap / 10


def test_a_full_session_refuses(counting: CountingFinder) -> None:
    data = jpeg((1, 2, 3), (800, 800))
    space = Workspace(lambda: counting, ReadLimits(), len(data) + 10)
    space.add("one.jpg", data)
    with pytest.raises(SessionFullError):
        space.add("two.jpg", jpeg((3, 2, 1), (800, 800)))


def test_decoded_photos_are_bounded(space: Workspace) -> None:
    for shade in range(6):
        space.add(f"{shade}.jpg", jpeg((shade * 40, 0, 0), (5000, 3600)))
    decoded = sum(photo.pixels.nbytes for photo in space._decoded.values())
    assert len(space.items) == 6 and decoded <= 170 * 1024**2
    again: Photo = space.photo(space.items[0])
    assert (again.width, again.height) == (5000, 3600)


def test_removed_photos_are_forgotten(space: Workspace, sample: Callable[[str], bytes]) -> None:
    item = space.add("hand.jpg", sample("00119"))
    space.approve(item, TUNING)
    assert space.held > len(item.data)
    space.remove(item.id)
    assert space.items == () and space.held == 0 and space.get(item.id) is None
    assert not space._decoded and space._masked is None
    space.add("again.jpg", sample("00119"))
    space.clear()
    assert space.items == ()


def test_seeds_are_not_derived_from_the_photo(
    counting: CountingFinder, sample: Callable[[str], bytes]
) -> None:
    seeds = {
        Workspace(lambda: counting, ReadLimits(), 10**8).add("h.jpg", sample("00121")).seed
        for _ in range(3)
    }
    assert len(seeds) == 3


def test_a_removed_photo_is_empty_for_whoever_still_holds_it(
    space: Workspace, sample: Callable[[str], bytes]
) -> None:
    item = space.add("hand.jpg", sample("00119"))
    space.approve(item, TUNING)
    space.remove(item.id)
    assert item.data == b"" and item.approval is None
    assert item.findings.hands == item.findings.regions == () and not item.findings.photo_sha256
