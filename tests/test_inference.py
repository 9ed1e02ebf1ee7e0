"""Logits in order, whatever the batch size, and the network left as it was found."""

from types import SimpleNamespace

import numpy as np
import torch

from emotion.data.cache import CachedImages
from emotion.data.transforms import eval_batch
from emotion.inference import predict_logits
from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.classifier import EmotionClassifier

SPEC = SimpleNamespace(img_size=32, mean=[0.5] * 3, std=[0.5] * 3)


def test_logits_are_the_networks_own_in_the_order_of_the_images():
    torch.manual_seed(0)
    model = EmotionClassifier(build_backbone(resolve_backbone("test_resnet")), "deep", 3)
    model.train()
    images = torch.randint(0, 256, (7, 3, 36, 36), dtype=torch.uint8)
    logits = predict_logits(model, CachedImages(images), SPEC, batch_size=3)
    assert model.training  # as it was
    model.eval()
    with torch.no_grad():
        one_by_one = [model(eval_batch(p[None], 32, SPEC.mean, SPEC.std))[0] for p in images]
    some = predict_logits(model, CachedImages(images), SPEC, rows=np.array([5, 1]))
    np.testing.assert_allclose(some, logits[[5, 1]], atol=1e-5)
    np.testing.assert_allclose(logits, torch.stack(one_by_one).numpy(), atol=1e-5)
