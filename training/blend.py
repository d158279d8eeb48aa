"""Weights between two: ``python -m training.blend EARLIER LATER --share 0.6 --out MEAN.pt``.

Where one training went on from the other, the weights between them often keep what either is better
at: here few false finds of the one, blurred close-ups of the other (Wortsman et al.: Robust
fine-tuning of zero-shot models, 2022).
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def blend(earlier: Mapping[str, Any], later: Mapping[str, Any], share: float) -> dict[str, Any]:
    """The mean of two networks' weights.

    Args:
        earlier: What ``training.train`` wrote.
        later: The same of a training that went on from there.
        share: Of the later weights, 0..1.

    Returns:
        The same about the mean; all but the weights is the later training's.
    """
    weights = {
        name: (old.float() + share * (later["weights"][name].float() - old.float())).to(old.dtype)
        for name, old in earlier["weights"].items()
    }
    return {**later, "weights": weights}


def main() -> None:
    """Command line."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m training.blend", description=__doc__)
    parser.add_argument("earlier", type=Path, help="best.pt of a run")
    parser.add_argument("later", type=Path, help="best.pt of the run that went on from there")
    parser.add_argument("--share", type=float, default=0.5, help="of the later weights")
    parser.add_argument("--out", type=Path, required=True, help="where the mean goes")
    options = parser.parse_args()
    earlier, later = (
        torch.load(path, map_location="cpu", weights_only=True)
        for path in (options.earlier, options.later)
    )
    torch.save(blend(earlier, later, options.share), options.out)


if __name__ == "__main__":
    main()
