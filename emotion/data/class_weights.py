"""Compute class weights, so that the loss does not ignore rare classes.

A weight is a negative power of the class frequency. The exponent sets how much of the imbalance is
corrected: 0 is none, 1 is all (the usual "balanced" weights). Values between them avoid very large
weights for classes with a few dozen images, which make training unstable. The effective number of
samples (Cui et al., "Class-balanced loss based on effective number of samples", CVPR 2019) reduces
the same weights by another curve, but its beta must be tuned for each size of a dataset; the
exponent does not depend on the size.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import settings


@settings
class ClassWeightParams:
    """The `class_weights` section of params.yaml."""

    alpha: Annotated[float, Field(ge=0, le=2)] = 0.6  # 0: all ones; 1: inverse frequency


def compute_class_weights(
    labels: Iterable[str], label_map: Mapping[str, int], alpha: float
) -> dict[str, float]:
    """Compute one weight per class, proportional to frequency ** -alpha, with mean 1 over classes.

    Args:
        labels: a class name per training row; other splits would leak their class frequencies.
        label_map: class name to logit index.
        alpha: the exponent, 0 or more.

    Returns:
        Class name to weight, in the order of the logits. Rounded to six decimals, so that
        differences in the last bit of the power function between machines do not change the file.

    Raises:
        UserError: a class has no training rows, or a row's class is not in the label map.
    """
    counts = Counter(labels)
    names = sorted(label_map, key=label_map.__getitem__)
    empty = [name for name in names if not counts[name]]
    unknown = sorted(counts.keys() - label_map.keys())
    if empty or unknown:
        problems = [f"class {name!r} has no training row" for name in empty]
        problems += [f"class {name!r} of a row is not in the label map" for name in unknown]
        raise UserError(
            f"{'; '.join(problems)}: the label map and the training rows are from different runs",
            "run `dvc repro prepare_splits`",
        )
    raw = {name: counts[name] ** -alpha for name in names}
    mean = sum(raw.values()) / len(raw)
    return {name: max(round(weight / mean, 6), 1e-6) for name, weight in raw.items()}


def read_class_weights(path: Path, label_map: Mapping[str, int]) -> dict[str, float]:
    """Read the weights that the stage class_weights wrote.

    Returns:
        Class name to weight, positive and finite.

    Raises:
        UserError: the file does not have a positive number for every class, and no other class.
    """
    weights = files.read_json(path)
    valid = isinstance(weights, dict) and all(
        type(weight) in (int, float) and 0 < weight < math.inf for weight in weights.values()
    )
    if not valid or set(weights) != set(label_map):
        problem = f"does not have one positive number for each of {', '.join(label_map)}"
        raise UserError(problem, "delete it and run `dvc repro class_weights`", file=path)
    return weights
