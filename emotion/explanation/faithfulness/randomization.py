"""The randomization check (Adebayo et al., "Sanity Checks for Saliency Maps", 2018).

If the weights of a network are destroyed, its maps must change; the map of an edge detector does
not. Weights are destroyed in a cascade from the head to the first layer, by shuffling each tensor:
its distribution stays, so that activations neither vanish nor explode.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from scipy import stats
from torch import nn

from emotion.explanation.faithfulness.deletion import GRID, pool

LIMIT = 0.5  # mean rank correlation above which a map depends too little on the weights
_SEED = 0


def check_randomization(
    explain: Callable[[nn.Module], np.ndarray],
    model: nn.Module,
    cascade: Mapping[str, Sequence[str]],
    maps: np.ndarray,
) -> dict[str, np.ndarray]:
    """Similarity of each image's map to that of a network whose weights are destroyed.

    Args:
        explain: maps (N, H, W) of a network, always of the same images and classes.
        model: not modified.
        cascade: the parameters that each step destroys, by name, the steps from the last layer to
            the first; what an earlier step destroyed stays so.
        maps: those of the intact network, float (N, H, W).

    Returns:
        Spearman's rank correlation over a grid of cells after each step, (N,) in -1..1.
    """
    return {
        step: correlate(maps, explain(destroyed)) for step, destroyed in destroy(model, cascade)
    }


def destroy(
    model: nn.Module, cascade: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, nn.Module]]:
    """One copy of the model, after each step of the cascade.

    Args:
        model: not modified.
        cascade: the parameters that each step destroys, by name.

    Yields:
        The name of the step, and the copy, which the next step modifies again.
    """
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(_SEED)
    parameters = dict(model.named_parameters())
    for step, names in cascade.items():
        for name in names:
            values = parameters[name].data
            order = torch.randperm(values.numel(), generator=generator).to(values.device)
            values.copy_(values.flatten()[order].view_as(values))
        yield step, model


def correlate(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each pair of maps, over a grid of cells.

    Args:
        first: float (N, H, W).
        second: float (N, H, W).

    Returns:
        float64 (N,) in -1..1; 0 where a map is constant.
    """
    grid = min(GRID, *first.shape[1:])
    found = []
    for one, other in zip(pool(first, grid), pool(second, grid), strict=True):
        varied = np.ptp(one) > 0 and np.ptp(other) > 0
        found.append(stats.spearmanr(one.ravel(), other.ravel()).statistic if varied else 0.0)
    return np.array(found)
