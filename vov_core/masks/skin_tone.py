"""Mask style: a smooth finger tip in the finger's own tone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.regions import Spot
from vov_core.masks.tips import paint_tips


@dataclass(frozen=True, kw_only=True)
class SkinTone(MaskStyle):
    """Paints a smooth finger tip in the tone of the skin around, before what lies behind it.

    The fill is always opaque; there is nothing for a strength to change.
    """

    name: ClassVar[str] = "skin_tone"
    irreversible: ClassVar[bool] = True
    uses_strength: ClassVar[bool] = False

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:
        """Smooth skin with the photo's own grain; see ``MaskStyle.covers``."""
        yield from paint_tips(pixels, spots, self.seed)
