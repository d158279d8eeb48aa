"""A small learned attack: a network that has seen thousands of covered pads beside their ridges.

It gets what the attacker knows, the covered pad and the kernel's width, and answers with ridges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.attacks import Target
from benchmarks.matching import even
from benchmarks.prints import Plane

PATCH = 64
_WIDTHS = (16, 32, 48)


@dataclass(frozen=True, eq=False)
class Pair:
    """What a network learns from.

    Attributes:
        target: A covered pad.
        ridges: Its true ridges, -1..1, of the same shape.
    """

    target: Target
    ridges: Plane


class Deblurrer(nn.Module):
    """A U-Net of three levels (Ronneberger, Fischer and Brox, 2015), 100,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = _WIDTHS
        self.enter = _block(3, first)
        self.down = _block(first, second)
        self.deep = nn.Sequential(_block(second, third), _block(third, third, 2))
        self.up = _block(third + second, second)
        self.leave = _block(second + first, first)
        self.last = nn.Conv2d(first, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (n, 3, h, w) -> ridges -1..1 (n, 1, h, w)."""
        fine = self.enter(pictures)
        middle = self.down(functional.avg_pool2d(fine, 2))
        deep = self.deep(functional.avg_pool2d(middle, 2))
        middle = self.up(torch.cat((_like(deep, middle), middle), 1))
        fine = self.leave(torch.cat((_like(middle, fine), fine), 1))
        return torch.tanh(self.last(fine))


def _block(inward: int, outward: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inward, outward, 3, padding=dilation, dilation=dilation),
        nn.BatchNorm2d(outward),
        nn.ReLU(),
        nn.Conv2d(outward, outward, 3, padding=1),
        nn.BatchNorm2d(outward),
        nn.ReLU(),
    )


def _like(small: Tensor, large: Tensor) -> Tensor:
    return functional.interpolate(small, large.shape[-2:], mode="bilinear", align_corners=False)


def seen(target: Target) -> Plane:
    """What the network gets: the pad, the pad with all that is faint brought up, the width."""
    plain = (target.plane - target.plane.mean()) / 40
    raised = even(target.plane, target.period) / 2
    width = np.full_like(plain, np.log1p(target.width))
    return np.stack((plain, raised, width)).astype(np.float32)


def train(pairs: Sequence[Pair], steps: int, seed: int = 0) -> Deblurrer:
    """Trains a network from nothing.

    Args:
        pairs: Covered pads of identities that no attack is measured on.
        steps: Of eight patches each.
        seed: Of weights and patches.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs = [seen(pair.target) for pair in pairs]
    network = Deblurrer()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(steps):
        shown, true = _patches(pairs, inputs, rng)
        loss = functional.mse_loss(network(shown), true)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _patches(
    pairs: Sequence[Pair], inputs: Sequence[Plane], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    shown, true = [], []
    for index in rng.integers(len(pairs), size=8):
        ridges = pairs[index].ridges
        top, left = (int(rng.integers(side - PATCH + 1)) for side in ridges.shape)
        rows, columns = slice(top, top + PATCH), slice(left, left + PATCH)
        shown.append(inputs[index][:, rows, columns])
        true.append(ridges[None, rows, columns])
    return torch.from_numpy(np.stack(shown)), torch.from_numpy(np.stack(true))


def restore(network: Deblurrer, target: Target) -> Plane:
    """The ridges that a network believes to see."""
    with torch.inference_mode():
        ridges = network(torch.from_numpy(seen(target))[None])[0, 0]
    return ridges.numpy()


def trained(file: Path, pairs: Sequence[Pair], steps: int) -> Deblurrer:
    """The network in a file; trains and keeps it where there is none."""
    if not file.exists():
        torch.save(train(pairs, steps).state_dict(), file)
    network = Deblurrer()
    network.load_state_dict(torch.load(file, weights_only=True))
    return network.eval()
