"""The rendered sample photos: hands and fingerprints that belong to nobody."""

from functools import cache
from pathlib import Path

from pages._shared.pictures import fit, jpeg
from vov_core.images import read_photo

_FOLDER = Path(__file__).parents[2] / "samples"

# A first choice for people to try: whole hands, close-ups, other skin tones, the back of a hand.
NAMES = (
    "hand_00300",
    "hand_00301",
    "hand_00302",
    "hand_00120",
    "hand_00119",
    "hand_00204",
    "hand_00112",
    "hand_00202",
    "hand_00121",
)
DEMO = "hand_00300"


def sample_bytes(name: str) -> bytes:
    """The file of a sample.

    Raises:
        ValueError: There is no such sample.
    """
    if name not in NAMES:
        raise ValueError(name)
    return (_FOLDER / f"{name}.jpg").read_bytes()


@cache
def sample_thumbnail(name: str) -> bytes:
    """A small JPEG of a sample."""
    return jpeg(fit(read_photo(sample_bytes(name)).pixels, 220))
