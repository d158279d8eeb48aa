"""The written file's boxes."""

import struct

import pytest

from tests.video.made import clip, picture
from vov_core.errors import NotCleanError
from vov_core.video.mp4 import boxes, check_boxes, index_first, walk
from vov_core.video.writer import Mp4Writer


def output() -> bytes:
    writer = Mp4Writer(160, 120, 10)
    for index in range(6):
        writer.picture(picture(index), index * 9000)
    return writer.finish()


def test_the_index_comes_first_and_nothing_but_the_picture_is_in_it() -> None:
    data = output()
    assert [box.kind for box in boxes(data)] == [b"ftyp", b"moov", b"mdat"]
    check_boxes(data)
    for word in (b"x264", b"Lav", b"udta", b"meta"):
        assert word not in data


def test_what_others_write_is_refused() -> None:
    for metadata in ({"title": "secret"}, {}):
        with pytest.raises(NotCleanError) as caught:
            check_boxes(clip(2, metadata=metadata))
        assert caught.value.details["reason"] == "metadata"


def grown(data: bytes, extra: bytes) -> bytes:
    """A box more at the end of the table of contents."""
    moov = next(box for box in boxes(data) if box.kind == b"moov")
    size = struct.pack(">I", moov.end - moov.start + len(extra))
    return data[: moov.start] + size + data[moov.start + 4 : moov.end] + extra + data[moov.end :]


def test_smuggled_boxes_are_found() -> None:
    data = output()
    note = struct.pack(">I4s", 16, b"udta") + b"my place"
    for smuggled in (grown(data, note), data + note, grown(data, note.replace(b"udta", b"uuid"))):
        with pytest.raises(NotCleanError):
            check_boxes(smuggled)
    named = data.replace(b"VideoHandler", b"SecretPlaces")
    with pytest.raises(NotCleanError):
        check_boxes(named)
    dated = bytearray(data)
    header = next(box for box in walk(data) if box.kind == b"mvhd")
    dated[header.body + 7] = 9
    with pytest.raises(NotCleanError):
        check_boxes(bytes(dated))


@pytest.mark.parametrize("cut", [3, 10, 40, 300])
def test_half_a_file_is_no_container(cut: int) -> None:
    with pytest.raises(NotCleanError):
        check_boxes(output()[:-cut])
    with pytest.raises(NotCleanError):
        index_first(output()[:cut])
