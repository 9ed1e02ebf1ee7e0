"""Settings of the stage `evaluate`."""

from typing import Annotated

from pydantic import Field

from emotion.core.params import settings


@settings
class EvaluateParams:
    """The `evaluate` section of params.yaml."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 64  # does not affect the scores
    bootstrap: Annotated[int, Field(ge=100, le=100_000)] = 1000  # resamples for each 95 % interval
    flip: bool = False  # average over each image and its mirror image; so do export and prediction
    # Target error rate of the accepted predictions; the others are marked as uncertain. None
    # accepts all.
    target_error: Annotated[float, Field(gt=0, lt=1)] | None = 0.1
