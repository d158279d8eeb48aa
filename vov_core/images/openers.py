"""One opener per format: what a file says before its pixels are decoded, and how to decode them.

An opener hands the decoder the picture's own parts only, where the format allows. Metadata goes
past the decoders, so that damaged or hostile metadata can neither fail a good picture nor keep the
reader busy.
"""

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType

import numpy as np
import pillow_heif
from PIL import Image, ImageChops
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from vov_core.errors import BrokenPhotoError, NotAPhotoError
from vov_core.images import containers, exif
from vov_core.images.extras import take_jpeg_extras, take_png_extra
from vov_core.images.source import Source

# A progressive JPEG of a few megabytes can hold a million empty scans, each of which costs a pass
# over the whole picture. Real files have about ten; libjpeg-turbo's own fuzzers stop at 500.
MAX_SCANS = 500

_PNG_PICTURE = frozenset({"IHDR", "PLTE", "tRNS", "IDAT", "IEND"})
_EXIF_ITEM = re.compile(rb"(infe\x02.{7})Exif", re.DOTALL)


def _open_jpeg(data: bytes) -> Source:
    """JPEG, and the first picture of a multi-picture file (MPO)."""
    kept, extras = [data[:2]], []
    for part in containers.jpeg_head(data):
        code = data[part.start + 1]
        end = len(data) if code == containers.SOS else part.end
        if code == containers.COM or containers.APP0 <= code <= containers.APP15:
            extras.append((code, data[part.body : part.end]))
        if code != containers.COM and not containers.APP1 <= code <= containers.APP13:
            kept.append(data[part.start : end])
    if containers.count_scans(data, part.start) > MAX_SCANS:
        raise BrokenPhotoError(format="JPEG")
    image = JpegImageFile(BytesIO(b"".join(kept)))
    adobe = any(code == containers.APP14 and body[:5] == b"Adobe" for code, body in extras)

    def decode() -> Image.Image:
        image.load()
        # Pillow turns every CMYK JPEG over; only Adobe's programs write them upside down.
        return ImageChops.invert(image) if image.mode == "CMYK" and not adobe else image

    source = Source(size=image.size, decode=decode)
    take_jpeg_extras(source, extras)
    return source


def _open_png(data: bytes) -> Source:
    """PNG; of an animated one the default picture."""
    kept, extras = [data[:8]], []
    for part in containers.png_parts(data):
        if part.kind in _PNG_PICTURE:
            kept.append(data[part.start : part.end + 4])
        else:
            extras.append((part.kind, data[part.body : part.end]))
    image = PngImageFile(BytesIO(b"".join(kept)))
    deep = data[24] == 16

    def decode() -> Image.Image:
        image.load()
        clear = image.info.get("transparency")
        if deep and isinstance(clear, tuple):
            # Pillow keeps the high bytes of the pixels, but both bytes of the clear colour.
            image.info["transparency"] = tuple(value >> 8 for value in clear)
        return image

    source = Source(size=image.size, decode=decode)
    if deep:
        source.notices.add("depth_reduced")
    for kind, body in extras:
        take_png_extra(source, kind, body)
    return source


def _open_heif(data: bytes) -> Source:
    """HEIC and HEIF; of several pictures the primary one.

    The container's own rotation is applied by the decoder. EXIF's orientation, which repeats it, is
    not looked at (ISO/IEC 23008-12 annex A: it is informative only).
    """
    heif = pillow_heif.open_heif(data)

    def decode() -> Image.Image:
        pixels = heif.data  # The size may change while decoding.
        return Image.frombytes(heif.mode, heif.size, pixels, "raw", heif.mode, heif.stride)

    source = Source(size=heif.size, decode=decode)
    _take_heif_extras(source, heif)
    return source


def _take_heif_extras(source: Source, heif: pillow_heif.HeifFile) -> None:
    info = heif.info
    source.take_exif(info.get("exif"))
    source.orientation = None
    source.take_xmp(info.get("xmp"))
    source.take_icc(info.get("icc_profile"))
    if info.get("thumbnails"):
        source.carried.add("thumbnail")
    if info["bit_depth"] > 8:
        source.notices.add("depth_reduced")
    if len(heif) > 1:
        source.notices.add("first_frame")


def _open_avif(data: bytes) -> Source:
    """AVIF: pixels through Pillow, metadata through libheif, which reads the same container.

    Pillow's opener fails on damaged EXIF, so its copy of the file has the EXIF item renamed to a
    free one; the orientation that it then reports is the container's own.
    """
    image = AvifImageFile(BytesIO(_EXIF_ITEM.sub(rb"\1free", data)))

    def decode() -> Image.Image:
        image.load()
        return image

    source = Source(size=image.size, decode=decode)
    try:
        _take_heif_extras(source, pillow_heif.open_heif(data))
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, IndexError):
        # libheif knows no AVIF sequences; libavif has opened it, so the picture is good.
        source.take_icc(image.info.get("icc_profile"))
        source.take_xmp(image.info.get("xmp"))
    turned = image.info.get("exif")
    source.orientation = exif.summarize(turned).orientation if turned else None
    if image.n_frames > 1:
        source.notices.add("first_frame")
    return source


def _open_webp(data: bytes) -> Source:
    """WebP; of an animated one the first frame."""
    image = WebPImageFile(BytesIO(data))
    source = Source(size=image.size, decode=_loader(image))
    source.take_exif(image.info.get("exif"))
    source.take_xmp(image.info.get("xmp"))
    source.take_icc(image.info.get("icc_profile"))
    if image.n_frames > 1:
        source.notices.add("first_frame")
    return source


def _open_tiff(data: bytes) -> Source:
    """TIFF and BigTIFF; of several pages the first.

    Raises:
        NotAPhotoError: A camera's raw file. It looks like a TIFF whose first page is a small
            preview, and covering the preview would pass for covering the photo.
        BrokenPhotoError: Its directories name more bytes than the file could hold.
    """
    summary = exif.summarize(data)
    if summary.subfile & 1 or exif.DNG_VERSION in summary.tags or data[8:10] == b"CR":
        raise NotAPhotoError
    if summary.value_bytes > 4 * len(data):
        raise BrokenPhotoError(format="TIFF")
    image = TiffImageFile(BytesIO(data))
    bits = max(image.tag_v2.get(258, (1,)))
    white_is_zero = image.tag_v2.get(262) == 0

    def decode() -> Image.Image:
        image.load()
        if not image.mode.startswith("I;16"):
            return image
        values = np.asarray(image).astype(np.uint16) << (16 - bits)
        return Image.fromarray(~values if white_is_zero else values)

    source = Source(size=image.size, decode=decode)
    source.take_summary(summary)
    source.take_icc(image.info.get("icc_profile"))
    tagged = {"exif": exif.DESCRIPTIVE, "xmp": {exif.XMP}, "iptc": {exif.IPTC, exif.PHOTOSHOP}}
    source.carried.update(kind for kind, tags in tagged.items() if summary.tags & tags)
    if summary.orientation is not None and not 1 <= summary.orientation <= 8:
        source.orientation = summary.orientation  # Pillow applies the valid ones itself.
    if bits > 8:
        source.notices.add("depth_reduced")
    if image.is_animated:
        source.notices.add("first_frame")
        source.carried.discard("thumbnail")  # The second directory is a page.
    return source


def _open_gif(data: bytes) -> Source:
    """GIF; of an animated one the first frame."""
    image = GifImageFile(BytesIO(data))
    source = Source(size=image.size, decode=_loader(image))
    if "comment" in image.info:
        source.carried.add("comment")
    if b"XMP DataXMP" in data:
        source.carried.add("xmp")
    if image.is_animated:
        source.notices.add("first_frame")
        image.seek(0)
    return source


def _open_bmp(data: bytes) -> Source:
    """BMP of Windows and OS/2."""
    image = BmpImageFile(BytesIO(data))
    return Source(size=image.size, decode=_loader(image))


def _loader(image: Image.Image) -> Callable[[], Image.Image]:
    def decode() -> Image.Image:
        image.load()
        return image

    return decode


OPENERS: Mapping[str, Callable[[bytes], Source]] = MappingProxyType(
    {
        "JPEG": _open_jpeg,
        "PNG": _open_png,
        "WEBP": _open_webp,
        "HEIF": _open_heif,
        "AVIF": _open_avif,
        "BMP": _open_bmp,
        "TIFF": _open_tiff,
        "GIF": _open_gif,
    }
)
