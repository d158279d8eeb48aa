"""The one signature behind which every mask style lives."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2

from vov_core.errors import SettingsError
from vov_core.findings import Region
from vov_core.masks.regions import Pixels as Pixels
from vov_core.masks.regions import Spot, lay, place_all


@dataclass(frozen=True, kw_only=True)
class MaskStyle(ABC):
    """Covers regions of a photo.

    Attributes:
        strength: 0..1; what it means is the style's own (grain, block size, blur radius), always
            relative to the finger's width. Ignored where ``uses_strength`` is False.
        softness: 0..1; width of the soft edge: 1 stands for half the finger's width. The soft edge
            lies *outside* of the region: however soft, every pixel of the region itself is fully
            covered. Ignored where ``uses_softness`` is False.
        seed: For styles with chance in them, 0 or more; the same seed gives the same picture.

    Raises:
        SettingsError: A value out of its range.
    """

    name: ClassVar[str]
    irreversible: ClassVar[bool]
    uses_strength: ClassVar[bool] = True
    uses_softness: ClassVar[bool] = True

    strength: float = 0.5
    softness: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("strength", "softness"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(name=name, reason="range")
        if self.seed < 0:
            raise SettingsError(name="seed", reason="range")

    def apply(self, pixels: Pixels, regions: Sequence[Region]) -> Pixels:
        """Returns a new picture with the regions covered.

        Args:
            pixels: RGB, uint8, (H, W, 3); never written to.
            regions: What to cover, in pixels of ``pixels``; may be empty or reach over the border.

        Returns:
            A new array of the same shape. Outside of ``footprint(regions, ...)`` it equals
            ``pixels`` bit for bit. For an *irreversible* style no pixel of the result depends on
            any pixel inside a region.
        """
        canvas = pixels.copy()
        spots = place_all(regions, pixels.shape, self.softness)
        # An irreversible style is handed a photo that has already lost what it is to cover:
        # whatever the style does, it can't let anything through.
        source = blind(canvas, spots) if self.irreversible else pixels
        # All covers are made before the first is laid, so that none of them sees another.
        for spot, cover in zip(spots, list(self.covers(source, spots)), strict=True):
            lay(canvas, spot, cover)
        return canvas

    @abstractmethod
    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterable[Pixels]:
        """Makes one cover per spot.

        Args:
            pixels: The photo, (H, W, 3), not to be written to. For an irreversible style all
                pixels of all regions are black.
            spots: The regions' places.

        Returns:
            For each spot a cover, uint8, (h, w, 3) of the spot's box.
        """


def blind(canvas: Pixels, spots: Sequence[Spot]) -> Pixels:
    """Blackens all regions' pixels in place and returns the canvas."""
    for spot in spots:
        view = canvas[spot.window]
        cv2.subtract(view, view, dst=view, mask=spot.core)
    return canvas
