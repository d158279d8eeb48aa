"""A saved video is listed, zipped, mailed, exported and handed out as what it is."""

import io
import json
import uuid
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.video.made import clip
from vov_core.archive import Archive, Owner, Receipt, SavedPhoto, open_archive
from vov_core.bundle import zip_stream
from vov_core.export import export
from vov_core.findings import Verdict
from vov_core.mail.letter import Letter, compose
from vov_core.media import is_video, media_type, small_picture
from vov_core.settings import Settings

ME = Owner.new_guest()
VIDEO = clip(12)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    opened = open_archive(Settings(data_dir=tmp_path))
    opened.agree(ME, opened.terms(ME).version)
    return opened


@pytest.fixture
def saved(archive: Archive) -> SavedPhoto:
    receipt = Receipt(
        approved_at=datetime.now(UTC),
        output_sha256=sha256(VIDEO).hexdigest(),
        file_name="wave_protected.mp4",
        format="mp4",
        width=160,
        height=120,
        verdict=Verdict.DANGER,
        style="skin_tone",
        mode="safe",
        confidence=0.25,
        coverage=1.6,
        strength=0.5,
        softness=0.3,
        hands=1,
        regions_found=5,
        fingerprints_covered=5,
        left_out=0,
        drawn=0,
        models={"hand_landmarker": "1"},
        app_version="0",
        ms_total=1.0,
    )
    return archive.save(VIDEO, receipt, ME, save_id=uuid.uuid4())


def test_kinds_are_told_by_the_format() -> None:
    assert (media_type("mp4"), media_type("jpeg")) == ("video/mp4", "image/jpeg")
    assert is_video("mp4") and not is_video("webp")


def test_its_small_picture_is_one_of_its_frames(archive: Archive, saved: SavedPhoto) -> None:
    small = archive.thumbnails(ME, [saved.id])[saved.id]
    assert small is not None
    shown = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert shown is not None and shown.shape[1] / shown.shape[0] == pytest.approx(160 / 120, 0.05)
    left, right = shown[:, : shown.shape[1] // 3].mean((0, 1)), shown[:, -30:].mean((0, 1))
    assert left[0] > left[2] + 80 and right[2] > right[0] + 80


@pytest.mark.parametrize("data", [b"", b"no video", VIDEO[: len(VIDEO) // 2]])
def test_a_file_that_cannot_be_read_has_no_small_picture(data: bytes) -> None:
    assert small_picture(data, "mp4", 160, 120) is None


def test_it_is_zipped_and_mailed_under_its_name(archive: Archive, saved: SavedPhoto) -> None:
    bundle = b"".join(zip_stream([saved.id], lambda n: archive.file(ME.key, n), str))
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        assert opened.namelist() == ["wave_protected.mp4"]
        assert opened.read("wave_protected.mp4") == VIDEO
    letter = Letter("anna@example.org", "Video", "Here it is.", (saved.id,))
    files = [archive.file(ME.key, saved.id)]
    message = compose(letter, files, sender="vov@example.org", message_id="<1@example.org>")
    (part,) = message.iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("video/mp4", "wave_protected.mp4")
    assert part.get_content() == VIDEO


@pytest.mark.usefixtures("saved")
def test_it_goes_along_with_all_other_data(archive: Archive) -> None:
    target = io.BytesIO()
    export(archive, ME, target)
    with zipfile.ZipFile(target) as opened:
        facts = json.loads(opened.read("data.json"))
        (entry,) = facts["photos"]
        assert entry["file"].endswith("_wave_protected.mp4") and facts["pictures_left_out"] == []
        assert opened.read(entry["file"]) == VIDEO
        assert entry["receipt"]["format"] == "mp4"
