"""Paints finger tips over the regions: what the styles that look like skin have in common.

A finger whose axis is known gets its natural silhouette before what lies behind it; any other
region is filled with the skin around it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from vov_core.masks.background import Surroundings, ease, fill_in
from vov_core.masks.fingers import Finger, find_fingers, likeness, own_place, pad_of, paint
from vov_core.masks.grain import grained
from vov_core.masks.regions import (
    Mask,
    Pixels,
    Plane,
    Spot,
    Window,
    blend,
    hidden_by,
    overlap,
    within,
)
from vov_core.masks.skin import Tone, find_tones

# A smaller share of skin, or of anything else, around a finger does not count.
_SOME = 0.03

Direction = tuple[float, float]
Relief = Callable[[Spot, Window, Pixels, Direction], Pixels]
"""Makes the relief of a finger tip.

Given a spot, a window of the photo, the pad (h, w) in it and the unit vector to the hand ((0, 0) if
unknown); returns uint8 (h, w, 3), by which skin is multiplied: 128 leaves it as it is.
"""


def tones_of(pixels: Pixels, spots: Sequence[Spot]) -> list[Plane]:
    """The skin's tone around each spot: (3,) float32 RGB.

    Args:
        pixels: The photo, RGB, with all regions' pixels black.
        spots: The regions' places.
    """
    hidden = hidden_by(spots, pixels.shape)
    tones = {i: finger.tone for i, finger in find_fingers(pixels, hidden, spots).items()}
    others = [i for i in range(len(spots)) if i not in tones]
    found = find_tones(pixels, hidden, [spots[i] for i in others])
    tones |= {i: tone.tone for i, tone in zip(others, found, strict=True)}
    return [tones[i] for i in range(len(spots))]


def paint_tips(
    pixels: Pixels, spots: Sequence[Spot], seed: int, relief: Relief | None = None
) -> Iterator[Pixels]:
    """Paints a cover for each spot, with the photo's own grain.

    Args:
        pixels: The photo, RGB, with all regions' pixels black.
        spots: The regions' places.
        seed: For all chance.
        relief: What stands out of the skin; None for nothing.

    Yields:
        For each spot a cover, uint8, (h, w, 3) of the spot's box.
    """
    hidden = hidden_by(spots, pixels.shape)
    fingers = find_fingers(pixels, hidden, spots)
    scene = _Scene.look(pixels, hidden, spots, fingers, seed, relief)
    others = [spot for i, spot in enumerate(spots) if i not in fingers]
    tones = iter(find_tones(pixels, hidden, others))
    for i, spot in enumerate(spots):
        if i in fingers:
            cover, grain = scene.cover(i), fingers[i].grain
        else:
            tone = next(tones)
            cover, grain = _filled(tone, spot, relief), tone.grain
        yield grained(cover, spot, grain, seed)


def _filled(tone: Tone, spot: Spot, relief: Relief | None) -> Pixels:
    """A spot filled with the skin around."""
    cover, pad = tone.paint()
    return _raised(cover, relief(spot, spot.window, pad, tone.base)) if relief else cover


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """All fingers of a photo whose axis is known.

    Regions may overlap: every spot's cover shows all fingers in it, so that none is cut by another.

    Attributes:
        spots: All spots.
        fingers: Index of a spot -> its finger.
        views: Index of a spot -> the spot and its surroundings.
        reached: Index of a spot -> all spots, its own among them, that its view reaches.
        layers: Index of a spot -> its painted finger, as long as a spot to come needs it.
        seed: For all chance.
        relief: What stands out of the skin.
    """

    spots: Sequence[Spot]
    fingers: Mapping[int, Finger]
    views: Mapping[int, Surroundings]
    reached: Mapping[int, Sequence[int]]
    layers: dict[int, "_Layer"]
    seed: int
    relief: Relief | None

    @classmethod
    def look(
        cls,
        pixels: Pixels,
        hidden: Mask,
        spots: Sequence[Spot],
        fingers: Mapping[int, Finger],
        seed: int,
        relief: Relief | None,
    ) -> Self:
        """Looks at what is around all fingers."""
        views = {i: Surroundings.take(pixels, hidden, spots[i]) for i in fingers}
        reached = {
            i: [j for j, spot in enumerate(spots) if overlap(view.window, spot.window)]
            for i, view in views.items()
        }
        return cls(
            spots=spots,
            fingers=fingers,
            views=views,
            reached=reached,
            layers={},
            seed=seed,
            relief=relief,
        )

    def cover(self, index: int) -> Pixels:
        """Paints a spot's cover. Spots are to be asked for in their order."""
        near = [self.fingers[j] for j in self.reached[index] if j in self.fingers]
        view, spot = self.views[index], self.spots[index]
        cover = view.enlarge(_behind(view, self.fingers[index], near), spot.window)
        for j in self.fingers:
            if index in self.reached[j]:
                self._layer(j).lay(cover, spot)
        # Memory that is let go at once is used again at once, which is much faster than fresh one.
        for j in [j for j in self.layers if max(self.reached[j]) <= index]:
            del self.layers[j]
        return cover

    def _layer(self, index: int) -> "_Layer":
        """A painted finger; it is painted where it lies in any spot's box."""
        if index not in self.layers:
            view = self.views[index]
            window = _hull(view.window, [self.spots[j].window for j in self.reached[index]])
            self.layers[index] = _Layer.paint(
                self.fingers[index], view, window, self.seed, self.relief
            )
        return self.layers[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """A painted finger and its place in the photo."""

    window: Window
    skin: Pixels
    alpha: Pixels

    @classmethod
    def paint(
        cls,
        finger: Finger,
        around: Surroundings,
        window: Window,
        seed: int,
        relief: Relief | None,
    ) -> "_Layer":
        """Paints a finger with its relief."""
        skin, alpha = paint(finger, around, window, seed)
        if relief:
            ax, ay = finger.axis.along
            pad = pad_of(finger, around, window)
            skin = _raised(skin, relief(around.spot, window, pad, (-ax, -ay)))
        return cls(window=window, skin=skin, alpha=alpha)

    def lay(self, cover: Pixels, spot: Spot) -> None:
        """Lays what of the finger lies in a spot's box over the spot's cover, in place."""
        if shared := overlap(self.window, spot.window):
            own, view = within(shared, self.window), cover[within(shared, spot.window)]
            view[:] = blend(self.skin[own], view, self.alpha[own])


def _hull(frame: Window, others: Sequence[Window]) -> Window:
    """The smallest window around all that a frame shares with others, one of them at least."""
    rows, columns = zip(*(s for other in others if (s := overlap(frame, other))), strict=True)
    return (
        slice(min(r.start for r in rows), max(r.stop for r in rows)),
        slice(min(c.start for c in columns), max(c.stop for c in columns)),
    )


def _behind(view: Surroundings, finger: Finger, fingers: Sequence[Finger]) -> Plane:
    """What lies behind a finger: (h, w, 3) RGB on its view's grid.

    Skin (of the palm, or of the finger itself where it lies not quite where the landmarks say) and
    background are carried in apart from each other, so that they meet in an edge, not in a blur.
    """
    known = view.seen.copy()
    for other in fingers:
        known *= 1 - own_place(other, view)
    if not known.any():
        known = view.seen
    like = likeness(view.rgb, finger.tone)
    # Cells on an edge, half skin and half background, count for neither.
    skin = known * ease((like - np.float32(0.4)) / np.float32(0.3))
    rest = known * ease((np.float32(0.25) - like) / np.float32(0.25))
    some = _SOME * known.sum()
    if skin.sum() < some or rest.sum() < some:
        return fill_in(view.rgb, known)
    share = fill_in(skin[..., None], skin + rest)
    background = fill_in(view.rgb, rest)
    over = fill_in(view.rgb, skin) - background
    return background + over * ease((share - np.float32(0.4)) / np.float32(0.2))


def _raised(skin: Pixels, relief: Pixels) -> Pixels:
    """The skin with a relief (see ``Relief``)."""
    return np.asarray(cv2.multiply(skin, relief, scale=1 / 128), np.uint8)
