"""Mask styles. A new one is one new file and one line in ``STYLES``."""

from collections.abc import Mapping
from types import MappingProxyType

from vov_core.errors import SettingsError
from vov_core.masks.base import MaskStyle
from vov_core.masks.blur import Blur
from vov_core.masks.noise import Noise
from vov_core.masks.pixelate import Pixelate
from vov_core.masks.skin_tone import SkinTone
from vov_core.masks.solid import Solid
from vov_core.masks.sticker import Sticker
from vov_core.masks.synthetic_print import SyntheticPrint

# In the order in which people see them.
STYLES: Mapping[str, type[MaskStyle]] = MappingProxyType(
    {
        style.name: style
        for style in (SkinTone, SyntheticPrint, Solid, Noise, Sticker, Pixelate, Blur)
    }
)
DEFAULT_STYLE = "skin_tone"


def make_style(
    name: str, *, strength: float = 0.5, softness: float = 0.25, seed: int = 0
) -> MaskStyle:
    """Makes the mask style of a name.

    Args:
        name: One of ``STYLES``.
        strength: 0..1.
        softness: 0..1.
        seed: At least 0.

    Raises:
        SettingsError: An unknown name, or a value out of its range.
    """
    style = STYLES.get(name)
    if style is None:
        raise SettingsError(name="style", reason="unknown")
    return style(strength=strength, softness=softness, seed=seed)
