"""Makes training pictures out of looks, many at once, on a CPU or a GPU.

All views lie in the device's memory; a look is resampled, joined, covered, relit, blurred, made
noisy and compressed there, so that a fast GPU never waits for pictures.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.augment import Batch
from training.build import Picture
from vov_core.detector import GREY

_HALVINGS = 3  # smaller copies of every view, so that small looks don't alias
_REACH = 4  # pixels on each side that a blur looks at
# ITU-R BT.601, as JPEG uses it: luma and the two colour differences.
_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
# Hue turns in the colour plane of NTSC's YIQ.
_YIQ = ((0.299, 0.587, 0.114), (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135))
# ITU-T T.81, tables K.1 and K.2.
_LUMA_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_COLOUR_STEPS = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(((99,) * 8),) * 4,
)


class Darkroom:
    """Develops batches of looks at a fixed set of views.

    Attributes:
        device: Where the views lie and the pictures are made.
    """

    def __init__(self, views: Sequence[Picture], device: str, seed: int = 0) -> None:
        """Copies the views (BGR, uint8) to the device."""
        self.device = device
        self._chance = torch.Generator(device)
        self._chance.manual_seed(seed)
        self._order = np.random.default_rng(seed)
        self._levels = [_canvases(views, device)]
        for _ in range(_HALVINGS):
            self._levels.append(_halved(self._levels[-1]))
        self._to_ycc = torch.tensor(_YCC, device=device)
        self._from_ycc = torch.linalg.inv(self._to_ycc.cpu()).to(device)
        self._to_yiq = torch.tensor(_YIQ, device=device)
        self._from_yiq = torch.linalg.inv(self._to_yiq.cpu()).to(device)
        self._waves = _cosines().to(device)
        steps = torch.tensor([_LUMA_STEPS, _COLOUR_STEPS, _COLOUR_STEPS], device=device)
        self._steps = steps.float()

    def develop(self, batch: Batch) -> Tensor:
        """The pictures of a batch: RGB, float32, (N, 3, S, S), 0..1."""
        batch = Batch(*(np.asarray(part) for part in batch))
        pictures = self._hide(self.join(batch), batch.covers)
        pictures = self._relight(pictures)
        pictures = self._coarsen(pictures)
        pictures = self._smear(pictures)
        pictures = self._grain(pictures)
        pictures = self._compress(pictures)
        return (pictures / 255).clamp_(0, 1).contiguous(memory_format=torch.channels_last)

    def join(self, batch: Batch) -> Tensor:
        """Resamples all layers and lays them on each other: RGB, 0..255."""
        count, size = batch.unclear.shape[:2]
        layers = self._resample(batch, size)
        pictures = layers[:count]
        if len(batch.masks):
            alphas = self._here(batch.masks)[:, None].float() / 255
            for places in _one_each(batch.slots[count:]):
                slots, over = self._here(batch.slots[count + places]), self._here(places)
                under = pictures[slots]
                pictures[slots] = under.lerp_(layers[count + over], alphas[over])
        return pictures

    def _resample(self, batch: Batch, size: int) -> Tensor:
        linear = batch.matrices[:, :, :2].astype(np.float64)
        scales = np.sqrt(np.abs(np.linalg.det(linear)))
        levels = np.clip(np.floor(-np.log2(scales)), 0, _HALVINGS).astype(int)
        back = np.linalg.inv(linear)
        start = -(back @ batch.matrices[:, :, 2:].astype(np.float64))
        side = self._levels[0].shape[-1]
        # grid_sample counts from -1 to 1 on both sides.
        theta = np.concatenate(
            [back * size / side, back.sum(2, keepdims=True) * size / side + 2 * start / side - 1], 2
        )
        moves = self._here(theta.astype(np.float32))
        views = self._here(batch.views)
        result = torch.empty(len(levels), 3, size, size, device=self.device)
        for level in np.unique(levels):
            chosen = self._here(np.flatnonzero(levels == level))
            photos = self._levels[level][views[chosen]].float() - GREY
            grid = functional.affine_grid(
                moves[chosen], [len(chosen), 3, size, size], align_corners=False
            )
            result[chosen] = functional.grid_sample(photos, grid, align_corners=False) + GREY
        return result

    def _hide(self, pictures: Tensor, covers: NDArray[np.float32]) -> Tensor:
        """Lays grainy rectangles of one colour over pictures (N, 3, S, S)."""
        size = pictures.shape[-1]
        line = torch.arange(size, device=self.device)
        for places in _one_each(covers[:, 0]):
            slots = self._here(covers[places, 0].astype(np.int64))
            x0, y0, x1, y1, *colour, grain = self._here(covers[places, 1:]).T[..., None]
            across, down = (line >= x0) & (line < x1), (line >= y0) & (line < y1)
            hidden = (down[:, :, None] & across[:, None])[:, None]
            noise = _wide(grain[:, 0]) * self._normal(len(places), 1, size, size)
            paint = torch.cat(colour, 1)[:, :, None, None] + noise
            pictures[slots] = torch.where(hidden, paint, pictures[slots])
        return pictures

    def _relight(self, pictures: Tensor) -> Tensor:
        """Hue and saturation, then light from night to glare, as one gain per channel and place."""
        n, _, size, _ = pictures.shape
        pictures = torch.einsum("nij,njhw->nihw", self._colour_changes(n), pictures)
        toned = self._draw(n) < 0.7
        gamma = torch.where(toned, (self._draw(n) - 0.5).exp(), 1.0)
        gain = torch.where(toned, (self._draw(n) * 0.7 - 0.45).exp(), 1.0)
        gains = gain[:, None] * torch.where(toned[:, None], self._normal(n, 3) * 0.09, 0.0).exp()
        lift = torch.where(toned, self._draw(n) * 0.12 - 0.06, 0.0)
        light = (pictures / 255).clamp(1e-4, 1) ** _wide(gamma)
        light = light * gains[:, :, None, None] + _wide(lift)
        return (light * self._shade(n, size)).clamp(0, 1) * 255

    def _colour_changes(self, n: int) -> Tensor:
        """(N, 3, 3): turns of the hue by up to 18 degrees, saturation from grey to strong."""
        changed = self._draw(n) < 0.5
        turn = torch.where(changed, (self._draw(n) - 0.5) * 0.63, 0.0)
        strength = torch.where(changed, self._draw(n) * 1.2 + 0.3, 1.0)
        strength = torch.where(self._draw(n) < 0.04, 0.0, strength)
        change = torch.zeros(n, 3, 3, device=self.device)
        change[:, 0, 0] = 1
        change[:, 1, 1] = change[:, 2, 2] = strength * turn.cos()
        change[:, 1, 2], change[:, 2, 1] = -strength * turn.sin(), strength * turn.sin()
        return self._from_yiq @ change @ self._to_yiq

    def _shade(self, n: int, size: int) -> Tensor:
        """(N, 1, S, S): shadow on one side, and here and there a soft spot of glare."""
        line = torch.linspace(-1, 1, size, device=self.device)
        y, x = torch.meshgrid(line, line, indexing="ij")
        turn, slope = self._draw(n) * 6.2832, self._draw(n) * 0.5 + 0.1
        slope = torch.where(self._draw(n) < 0.25, slope, 0.0)
        shade = 1 + _wide(slope) * (_wide(turn.cos()) * x + _wide(turn.sin()) * y)
        middle = self._draw(2 * n) * 2 - 1
        distance = (x - _wide(middle[:n])) ** 2 + (y - _wide(middle[n:])) ** 2
        strength = torch.where(self._draw(n) < 0.06, self._draw(n) * 1.5, 0.0)
        spread = 0.02 + 0.2 * self._draw(n)
        return shade + _wide(strength) * (-distance / _wide(spread)).exp()

    def _coarsen(self, pictures: Tensor) -> Tensor:
        """Fewer pixels than the picture has: small hands that the crop enlarges."""
        n, _, size, _ = pictures.shape
        for part in np.array_split(self._order.permutation(n)[: n // 5], 3):
            if not len(part):
                continue
            chosen = self._here(part)
            small = max(8, int(size * self._order.uniform(0.35, 0.8)))
            less = functional.interpolate(pictures[chosen], size=(small, small), mode="bilinear")
            pictures[chosen] = functional.interpolate(less, size=(size, size), mode="bilinear")
        return pictures

    def _smear(self, pictures: Tensor) -> Tensor:
        """Out of focus, or moved while the shutter was open."""
        n, _, size, _ = pictures.shape
        kernels = torch.cat([self._round_kernels(n // 8), self._line_kernels(n // 16)])
        if not len(kernels):
            return pictures
        chosen = torch.randperm(n, generator=self._chance, device=self.device)[: len(kernels)]
        layers = pictures[chosen].reshape(1, -1, size, size)
        padded = functional.pad(layers, (_REACH,) * 4, mode="reflect")
        weights = kernels[:, None].repeat_interleave(3, 0)
        smeared = functional.conv2d(padded, weights, groups=layers.shape[1])
        pictures[chosen] = smeared.reshape(-1, 3, size, size)
        return pictures

    def _round_kernels(self, n: int) -> Tensor:
        x, y = self._kernel_places()
        spread = _places(self._draw(n) * 1.2 + 0.4)
        return _normalised((-(x**2 + y**2) / (2 * spread**2)).exp())

    def _line_kernels(self, n: int) -> Tensor:
        x, y = self._kernel_places()
        turn, length = _places(self._draw(n) * 3.1416), _places(self._draw(n) * 2.5 + 1)
        along, across = turn.cos() * x + turn.sin() * y, turn.cos() * y - turn.sin() * x
        return _normalised((-(across**2) / 0.3).exp() * (along.abs() <= length))

    def _kernel_places(self) -> tuple[Tensor, Tensor]:
        line = torch.arange(-_REACH, _REACH + 1.0, device=self.device)
        return torch.meshgrid(line, line, indexing="xy")

    def _grain(self, pictures: Tensor) -> Tensor:
        n = len(pictures)
        strength = torch.where(self._draw(n) < 0.15, self._draw(n) * 11 + 3, 0.0)
        noise = torch.randn(pictures.shape, generator=self._chance, device=self.device)
        return (pictures + noise * _wide(strength)).clamp(0, 255)

    def _compress(self, pictures: Tensor) -> Tensor:
        """What JPEG at a quality of 25 to 85 does to some of the pictures."""
        n = len(pictures)
        chosen = torch.randperm(n, generator=self._chance, device=self.device)[: n // 5]
        if not len(chosen):
            return pictures
        quality = self._draw(len(chosen)) * 60 + 25
        factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
        planes = torch.einsum("ij,njhw->nihw", self._to_ycc, pictures[chosen])
        planes[:, 0] -= 128
        coarse = functional.avg_pool2d(planes[:, 1:], 2)
        planes = torch.cat([planes[:, :1], functional.interpolate(coarse, scale_factor=2)], 1)
        size = planes.shape[-1]
        blocks = planes.reshape(-1, 3, size // 8, 8, size // 8, 8).transpose(3, 4)
        steps = (self._steps * factor[:, None, None, None]).clamp(1, 255)[:, :, None, None]
        waves = self._waves @ blocks @ self._waves.T
        blocks = self._waves.T @ ((waves / steps).round() * steps) @ self._waves
        planes = blocks.transpose(3, 4).reshape(-1, 3, size, size)
        planes[:, 0] += 128
        pictures[chosen] = torch.einsum("ij,njhw->nihw", self._from_ycc, planes).clamp(0, 255)
        return pictures

    def _draw(self, n: int) -> Tensor:
        return torch.rand(n, generator=self._chance, device=self.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._chance, device=self.device)

    def _here(self, values: Any) -> Tensor:
        tensor = torch.as_tensor(values)
        if self.device == "cpu":
            return tensor
        pinned = tensor if tensor.is_pinned() else tensor.pin_memory()
        return pinned.to(self.device, non_blocking=True)


def _one_each(slots: NDArray[Any]) -> Iterator[NDArray[np.int64]]:
    """Places in a list of picture numbers, in rounds: each picture once a round, in their order."""
    numbers, seen = np.asarray(slots).tolist(), Counter[Any]()
    rounds: list[list[int]] = []
    for place, number in enumerate(numbers):
        if seen[number] == len(rounds):
            rounds.append([])
        rounds[seen[number]].append(place)
        seen[number] += 1
    for places in rounds:
        yield np.array(places, np.int64)


def _canvases(views: Sequence[Picture], device: str) -> Tensor:
    """All views as RGB in one tensor (N, 3, C, C), each in the upper left corner, grey around."""
    side = max(max(view.shape[:2]) for view in views)
    side += -side % 2**_HALVINGS
    canvases = torch.full((len(views), 3, side, side), GREY, dtype=torch.uint8, device=device)
    for canvas, view in zip(canvases, views, strict=True):
        pixels = torch.from_numpy(np.ascontiguousarray(view[..., ::-1].transpose(2, 0, 1)))
        canvas[:, : view.shape[0], : view.shape[1]] = pixels.to(device)
    return canvases


def _halved(canvases: Tensor) -> Tensor:
    # In parts: as float the whole set would take eight times its memory.
    parts = [functional.avg_pool2d(part.float(), 2).round().byte() for part in canvases.split(256)]
    return torch.cat(parts)


def _cosines() -> Tensor:
    """The 8 x 8 matrix of the discrete cosine transform (type II, orthonormal)."""
    place = torch.arange(8)
    waves = (torch.pi * (2 * place + 1) * place[:, None] / 16).cos() / 2
    waves[0] /= 2**0.5
    return waves


def _wide(values: Tensor) -> Tensor:
    """One value per picture, ready to meet (N, C, H, W)."""
    return values[:, None, None, None]


def _places(values: Tensor) -> Tensor:
    """One value per kernel, ready to meet (N, K, K)."""
    return values[:, None, None]


def _normalised(kernels: Tensor) -> Tensor:
    return kernels / kernels.sum((1, 2), keepdim=True).clamp_min(1e-6)
