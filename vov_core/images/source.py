"""A picture file between opening and decoding: its size, its metadata, and how to decode it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from vov_core.images import exif
from vov_core.images.exif import ExifSummary


@dataclass(kw_only=True)
class Source:
    """A picture file, opened and not yet decoded.

    Attributes:
        size: Width and height in pixels as the header states them (sides may be swapped).
        decode: Decodes the first frame; may raise anything that a decoder raises.
        orientation: The EXIF orientation still to be applied, valid or not; None for none.
        icc: The colour profile, None without.
        carried: The kinds of metadata it carries.
        notices: What the header alone tells.
    """

    size: tuple[int, int]
    decode: Callable[[], Image.Image]
    orientation: int | None = None
    icc: bytes | None = None
    carried: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)

    def take_exif(self, raw: bytes | None) -> None:
        """Notes what an EXIF block tells; None or empty is no block."""
        if raw:
            summary = exif.summarize(raw)
            self.orientation = summary.orientation
            self.take_summary(summary)
            self.carried.add("exif")

    def take_summary(self, summary: ExifSummary) -> None:
        """Notes which kinds of metadata the directories hold."""
        found = {
            "gps": summary.gps,
            "camera": bool(summary.tags & exif.CAMERA),
            "time": bool(summary.tags & exif.TIME),
            "comment": bool(summary.tags & exif.COMMENT),
            "thumbnail": summary.thumbnail,
        }
        self.carried.update(kind for kind, there in found.items() if there)
        if summary.damaged:
            self.notices.add("metadata_unreadable")

    def take_xmp(self, packet: bytes | None) -> None:
        """Notes an XMP packet; None or empty is none."""
        if packet:
            self.carried.add("xmp")
            if b"GPSLatitude" in packet:
                self.carried.add("gps")

    def take_icc(self, profile: bytes | None) -> None:
        """Notes a colour profile; None or empty is none."""
        if profile:
            self.icc = profile
            self.carried.add("icc")
