"""The exponential moving average (EMA) of the weights, of backbone and head separately.

The average of a frozen backbone is the backbone itself: leaving it out of the frozen epochs saves
one pass over all weights and buffers per step.
"""

import copy

from timm.utils import ModelEmaV3

from emotion.models.classifier import EmotionClassifier


class MovingAverage:
    """Exponential moving average of a classifier's parameters and buffers.

    Args:
        model: the network to average.
        decay: reached by warm-up, which starts the average near the current weights; a constant
            0.999 over a few hundred steps would still hold the initialization.
    """

    def __init__(self, model: EmotionClassifier, decay: float):
        self.backbone = ModelEmaV3(model.backbone, decay, use_warmup=True)
        self.head = ModelEmaV3(model.head, decay, use_warmup=True)
        self.module = copy.deepcopy(model).eval()
        self.module.backbone, self.module.head = self.backbone.module, self.head.module

    def update(self, model: EmotionClassifier, step: int) -> None:
        """Move towards the model's weights after optimizer step number `step`, from 1."""
        self.head.update(model.head, step=step)
        if not model.frozen:
            self.backbone.update(model.backbone, step=step)
