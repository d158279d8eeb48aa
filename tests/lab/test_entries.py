"""Photos are examined once and kept small."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import SAMPLES
from tests.lab.made import jpeg, shape
from vov_core.errors import NotAPhotoError
from vov_core.finder import Finder
from vov_core.images import ReadLimits
from vov_core.lab import LabFile, Queue, examine
from vov_core.lab.entries import LONGEST

HAND = (SAMPLES / "hand_00204.jpg").read_bytes()  # 1440 x 1920


def test_a_large_photo_is_kept_small_with_its_findings(finder: Finder) -> None:
    entry = examine(LabFile("h.jpg", HAND, (shape((0, 0, 1440, 1920)),)), finder, ReadLimits())
    pixels, _ = entry.pixels()
    assert pixels.shape == (LONGEST, 864, 3) and entry.scale == pytest.approx(0.6)
    assert (entry.findings.width, entry.findings.height) == (864, LONGEST)
    assert entry.shapes is not None
    assert entry.shapes[0].box == pytest.approx((0, 0, 864, LONGEST))
    assert len(entry.findings.regions) == 5
    points = np.array([hand.landmarks for hand in entry.findings.hands])
    assert points[..., 1].max() < LONGEST
    assert set(entry.ms) >= {"decode", "hands", "fuse"}


def test_relative_labels_get_the_photos_size(finder: Finder) -> None:
    half = replace(shape((0, 0, 0.5, 0.5)))
    entry = examine(LabFile("a.jpg", jpeg(), (half,), relative=True), finder, ReadLimits())
    assert entry.shapes is not None and entry.shapes[0].box == (0, 0, 160, 120)


def test_a_queue_goes_on_after_a_bad_file(finder: Finder) -> None:
    files = (LabFile("x.jpg", b"nothing"), LabFile("a.jpg", jpeg()))
    queue = Queue(files, ReadLimits())
    assert queue.progress.seconds_left is None and queue.next_name == "x.jpg"
    with pytest.raises(NotAPhotoError):
        queue.step(lambda: finder)
    assert (queue.progress.done, queue.progress.total) == (1, 2)
    assert queue.progress.seconds_left is not None
    assert queue.step(lambda: finder).name == "a.jpg"
    assert queue.next_name is None and queue.progress.seconds_left == 0
