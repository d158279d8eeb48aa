"""Every mode that a decoder may hand over, made into plain sRGB.

A picture is split into its colours and its transparency; the colours go through the profile that
the file carries, then the transparency is laid on white.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

# A profile that moves no probe colour by more than this many levels is sRGB by another name;
# passing 12 million pixels through it would cost more time than decoding them.
SAME_COLOUR = 2

_ICC_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_DEEP = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
# Tops of the usual ranges of whole and of real numbers.
_RANGES = {
    "i": (255.0, 65_535.0, 4_294_967_295.0),
    "f": (1.0, 255.0, 65_535.0, 4_294_967_295.0),
}
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image, icc: bytes | None) -> tuple[Image.Image, frozenset[str]]:
    """Makes any decoded picture RGB, 8 bit, sRGB, opaque.

    Args:
        image: A decoded picture of any mode that Pillow reads.
        icc: The file's colour profile, if it has one.

    Returns:
        The picture, and notices: ``alpha_flattened`` where transparency was laid on white,
        ``depth_reduced`` where more than 8 bit became 8, ``metadata_unreadable`` where the profile
        is damaged or belongs to another kind of picture (it is passed over).
    """
    notices: set[str] = set()
    if image.mode in _DEEP:
        notices.add("depth_reduced")
    colours, alpha = _split(image)
    converted = _through_profile(colours, icc) if icc else None
    if icc and converted is None:
        notices.add("metadata_unreadable")
    result = converted or _plain_rgb(colours)
    if alpha is not None and alpha.getextrema() != (255, 255):
        notices.add("alpha_flattened")
        result = _on_white(result, alpha)
    return result, frozenset(notices)


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours in L, RGB, CMYK or LAB, and transparency in L."""
    if image.mode in _DEEP:
        return _eight_bit(image)
    if image.has_transparency_data:
        unmultiplied = {"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)
        image = image.convert(unmultiplied)
        if image.mode == "LA":
            return image.getchannel("L"), image.getchannel("A")
        image = image.convert("RGBA")
        return image.convert("RGB"), image.getchannel("A")
    if image.mode == "1":
        return image.convert("L"), None
    if image.mode in _ICC_SPACES.values():
        return image, None
    return image.convert("RGB"), None


def _eight_bit(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Scales one deep channel to 0..255 by the smallest usual range that holds all its values."""
    values = np.asarray(image)
    clear = image.info.get("transparency")
    alpha = None
    if isinstance(clear, int):
        alpha = Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))
    if image.mode.startswith("I;16"):
        wide = values.astype(np.uint32)
        return Image.fromarray(((wide * 255 + 32_767) // 65_535).astype(np.uint8)), alpha
    return Image.fromarray(_scaled(values)), alpha


def _scaled(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    real = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(real.min()), float(real.max())
    if low < 0:
        top = high - low
        real = real - low
    else:
        top = next((r for r in _RANGES[values.dtype.kind] if high <= r), high)
    return np.asarray(np.rint(real * (255.0 / (top or 1.0))), dtype=np.uint8)


def _through_profile(image: Image.Image, icc: bytes) -> Image.Image | None:
    """The picture in sRGB; None where the profile can't be used for it."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        space = profile.profile.xcolor_space.strip()
        if _ICC_SPACES.get(space) != image.mode:
            return None
        transform = ImageCms.buildTransform(profile, _SRGB, image.mode, "RGB")
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        return transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    probe = Image.fromarray(cube)
    moved = np.asarray(transform.apply(probe)).astype(np.int16)
    return bool(np.abs(moved - cube).max() <= SAME_COLOUR)


def _plain_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        # Pillow has no formula for Lab; the colour engine has.
        lab = ImageCms.createProfile("LAB")
        return ImageCms.buildTransform(lab, _SRGB, "LAB", "RGB").apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image, alpha: Image.Image) -> Image.Image:
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=alpha)
    return white
