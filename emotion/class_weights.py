"""Weights that keep rare classes from being ignored by the loss.

A weight falls with a power of the class's frequency. The power sets how much of the imbalance is
taken back: 0 none of it, 1 all of it (the usual "balanced" weights), and values between them
spare a class of a few dozen images the enormous weight that makes training unstable. The
effective number of samples (Cui et al., "Class-balanced loss based on effective number of
samples", CVPR 2019) tempers the same weights by another curve, whose beta has to be retuned for
each corpus size; the power does not depend on the size.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from emotion.core.errors import UserError
from emotion.core.params import settings


@settings
class ClassWeightParams:
    """The `class_weights` section of params.yaml."""

    alpha: Annotated[float, Field(ge=0)] = 0.6  # 0: all ones; 1: inverse frequency


def compute_class_weights(
    labels: Iterable[str], label_map: Mapping[str, int], alpha: float
) -> dict[str, float]:
    """Weight of each class, proportional to frequency ** -alpha, with mean 1 over the classes.

    Args:
        labels: of the training rows only; counting others would leak the test set's proportions.
        label_map: class name to logit index.
        alpha: 0 or more.

    Returns:
        Class name to weight, in the order of the logits; rounded to six decimals, so that the
        last bit of another machine's power function does not change the file.

    Raises:
        UserError: a class without training rows, or rows of a class that the map does not have.
    """
    counts = Counter(labels)
    names = sorted(label_map, key=label_map.__getitem__)
    empty = [name for name in names if not counts[name]]
    strange = sorted(counts.keys() - label_map.keys())
    if empty or strange:
        problems = [f"class {name!r} has no training row" for name in empty]
        problems += [
            f"class {name!r} of the training rows is not in the label map" for name in strange
        ]
        raise UserError(
            f"{'; '.join(problems)}: the label map and the training rows do not belong together; "
            "run `dvc repro prepare_splits`."
        )
    raw = {name: counts[name] ** -alpha for name in names}
    mean = sum(raw.values()) / len(raw)
    return {name: round(weight / mean, 6) for name, weight in raw.items()}
