"""Logits are in order for any batch size, and the mode of the network is restored."""

import numpy as np
import torch

from emotion.data.cache import CachedImages
from emotion.data.transforms import preprocess_batch
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.models.inference import predict_logits
from tests.conftest import preprocessing_of

PREPROCESSING = preprocessing_of(32)


def test_logits_equal_the_networks_in_the_order_of_the_images():
    torch.manual_seed(0)
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_resnet")), "deep", 3)
    model.train()
    images = torch.randint(0, 256, (7, 3, 36, 36), dtype=torch.uint8)
    logits = predict_logits(model, CachedImages(images), PREPROCESSING, batch_size=3)
    assert model.training  # restored
    model.eval()
    with torch.no_grad():
        one_by_one = [model(preprocess_batch(image[None], PREPROCESSING))[0] for image in images]
    some = predict_logits(model, CachedImages(images), PREPROCESSING, rows=np.array([5, 1]))
    np.testing.assert_allclose(some, logits[[5, 1]], atol=1e-5)
    np.testing.assert_allclose(logits, torch.stack(one_by_one).numpy(), atol=1e-5)
