"""The `explain` section of params.yaml."""

from typing import Annotated

from pydantic import Field

from emotion.core.params import one_of, settings
from emotion.explanation.methods import EXPLAINERS

Method = Annotated[str, one_of(EXPLAINERS)]


@settings
class ExplainParams:
    """Which methods are scored, on how many images, and how many of them are drawn."""

    methods: Annotated[list[Method], Field(min_length=1)] = Field(  # keys of EXPLAINERS
        default_factory=lambda: list(EXPLAINERS)
    )
    # About how long scoring takes on two cores. It sets the number of images: see budget.py
    budget_s: Annotated[float, Field(ge=1, le=1_000_000)] = 70.0
    target_layer: str = ""  # of the Grad-CAM family, a module of the backbone; "" chooses
    shap_samples: Annotated[int, Field(ge=2, le=100_000)] = 24  # gradients per image
    lime_samples: Annotated[int, Field(ge=20, le=100_000)] = 120  # masked copies per image
    images_per_class: Annotated[int, Field(ge=1, le=1_000)] = 1  # that are drawn
