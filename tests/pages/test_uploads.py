"""A large upload stays in memory while the web server receives it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser

from pages._shared.uploads import keep_in_memory

BODY = bytes(range(256)) * 4096 * 5  # 5 MB
HEAD = b'--line\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n'
HEADERS = Headers({"content-type": "multipart/form-data; boundary=line"})


async def stream() -> AsyncIterator[bytes]:
    yield HEAD
    for start in range(0, len(BODY), 65536):
        yield BODY[start : start + 65536]
    yield b"\r\n--line--\r\n"


def receive() -> UploadFile:
    form = asyncio.run(MultiPartParser(HEADERS, stream()).parse())
    upload = form["f"]
    assert isinstance(upload, UploadFile)
    return upload


def test_the_server_alone_would_use_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024**2)
    assert receive().file._rolled  # type: ignore[attr-defined]


def test_a_large_upload_stays_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024**2)
    # A temporary file would have nowhere to go.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    keep_in_memory()
    upload = receive()
    assert not upload.file._rolled  # type: ignore[attr-defined]
    assert upload.file.read() == BODY
