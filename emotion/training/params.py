"""Settings of training: the section `train` of params.yaml.

The defaults are those of the recipe, which was made for 80 epochs on tens of thousands of images;
params.yaml names the recipe's value, and the reason, wherever its own differs.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from emotion.core.params import one_of, settings
from emotion.data.cache import CacheParams
from emotion.data.transforms import AugmentParams
from emotion.models.classifier import HEADS
from emotion.models.sources.own_checkpoints import OwnCheckpointParams
from emotion.training.amp import AMP_MODES
from emotion.training.losses import LOSSES
from emotion.training.schedules import SCHEDULES
from emotion.training.trackers import TRACKERS

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@settings
class NetworkParams:
    """The keys that define the untrained network; `sanity_checks` reads no others."""

    seed: Annotated[int, Field(ge=0)] = 42
    head: Annotated[str, one_of(HEADS)] = "deep"
    img_size: Annotated[int, Field(ge=32, le=1024)] = 224  # pixels
    grayscale: bool = False  # train and predict on luminance
    freeze_stages: Annotated[int, Field(ge=0)] = 0  # first stages of the backbone, never trained
    deterministic: bool = True  # the same bytes on one kind of machine; false: cuDNN's autotuner


@settings
class TrainParams(NetworkParams, CacheParams, OwnCheckpointParams):
    """All keys of the section."""

    # Of one forward pass, over all processes.
    batch_size: Annotated[int, Field(ge=2, le=65_536)] = 32
    accumulate_steps: Annotated[int, Field(ge=1, le=65_536)] = 1  # batches per optimizer step
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 80
    freeze_backbone_epochs: Annotated[int, Field(ge=0)] = 3  # stage 1: the head only
    lr_backbone: Positive = 1e-4
    lr_head: Positive = 1e-3
    weight_decay: NonNegative = 1e-4
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.05
    use_mixup: bool = True
    mixup_alpha: Positive = 0.4
    use_cutmix: bool = False
    cutmix_alpha: Positive = 1.0
    grad_clip_norm: Positive = 1.0
    amp: Annotated[str, one_of(AMP_MODES)] = "auto"
    use_ema: bool = True
    ema_decay: Annotated[float, Field(gt=0, lt=1)] = 0.999
    augment: AugmentParams = AugmentParams()
    monitor: Literal["macro_f1", "accuracy"] = "macro_f1"  # of validation
    patience: Annotated[int, Field(ge=1)] = 5  # unfrozen epochs without a gain before stopping
    min_delta: NonNegative = 0.0  # what counts as a gain
    use_class_weights: bool = True
    reweight_from: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of epochs before the weights
    scheduler: Annotated[str, one_of(SCHEDULES)] = "cosine"
    loss: Annotated[str, one_of(LOSSES)] = "cross_entropy"
    sampler: Literal["shuffle", "weighted"] = "shuffle"
    teacher_weight: Annotated[float, Field(gt=0, le=1)] = 0.5  # against the loss on labels
    teacher_temperature: Positive = 2.0
    statistics: Literal["none", "head", "all"] = "none"  # of weights and gradients, per epoch
    tracker: Annotated[str, one_of(TRACKERS)] = "none"  # in addition to dvclive

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> "TrainParams":
        if self.sampler == "weighted" and self.use_class_weights:
            raise ValueError(
                "train.sampler 'weighted' already balances the classes: set use_class_weights to "
                "false, or sampler to 'shuffle'"
            )
        return self
