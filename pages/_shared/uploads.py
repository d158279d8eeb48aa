"""Keeps uploads off the disk on their way in."""

from starlette.formparsers import MultiPartParser

_LARGEST = 1024**3


def keep_in_memory() -> None:
    """Lets the web server hold an upload in memory while it arrives.

    Starlette, Streamlit's web server, writes what exceeds 1 MB of a form into a temporary file.
    An upload must never reach a disk; its size is bounded by ``server.maxUploadSize``.
    """
    MultiPartParser.spool_max_size = _LARGEST
