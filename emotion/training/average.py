"""The moving average of the weights, kept backbone and head apart.

A frozen backbone is its own average: leaving it out of the frozen epochs saves a pass over all
weights and buffers in each of their short steps.
"""

import copy

from timm.utils import ModelEmaV3

from emotion.models.classifier import EmotionClassifier


class MovingAverage:
    """Exponential moving average of a classifier's parameters and buffers.

    Args:
        model: what is averaged.
        decay: approached from below: warm-up starts the average near the current weights, where a
            plain 0.999 over a few hundred steps would still hold the initialization.
    """

    def __init__(self, model: EmotionClassifier, decay: float):
        self.backbone = ModelEmaV3(model.backbone, decay, use_warmup=True)
        self.head = ModelEmaV3(model.head, decay, use_warmup=True)
        self.module = copy.deepcopy(model).eval()
        self.module.backbone, self.module.head = self.backbone.module, self.head.module

    def update(self, model: EmotionClassifier, step: int) -> None:
        """Move towards the model's weights after the step of this number, from 1."""
        self.head.update(model.head, step=step)
        if not model.frozen:
            self.backbone.update(model.backbone, step=step)
