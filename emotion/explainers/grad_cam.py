"""Grad-CAM and Grad-CAM++: feature maps weighted by the gradient of the class's logit.

Grad-CAM: Selvaraju et al., 2017; Grad-CAM++: Chattopadhyay et al., 2018. Both keep positive
contributions only. A class that is predicted only because of evidence against the others has a
blank map; that is a valid result.
"""

import copy

import numpy as np
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from emotion.explainers.attribution import Attribution, Sampling, scale_maps
from emotion.explainers.target_layers import find_target_layer

_BATCH = 8  # images per backward pass


def explain_grad_cam(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    sampling: Sampling,  # noqa: ARG001
) -> Attribution:
    """Grad-CAM at the backbone's last feature map.

    Args:
        model: an EmotionClassifier; not modified.
        images: normalized (N, 3, H, W).
        targets: the class to explain, (N,).
        sampling: not used; Grad-CAM is deterministic.

    Raises:
        NotApplicableError: the backbone has no feature map.
    """
    return _explain("Grad-CAM", GradCAM, model, images, targets)


def explain_grad_cam_plus_plus(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    sampling: Sampling,  # noqa: ARG001
) -> Attribution:
    """Grad-CAM++ at the same layer: better where several regions support the class.

    Arguments and errors are those of `explain_grad_cam`.
    """
    return _explain("Grad-CAM++", GradCAMPlusPlus, model, images, targets)


def _explain(
    title: str, method: type[BaseCAM], model: nn.Module, images: Tensor, targets: Tensor
) -> Attribution:
    # The hooks and gradients are on a copy. The methods are not used as context managers: their
    # __exit__ suppresses IndexError, so an index of no class would give a blank map.
    model = copy.deepcopy(model).requires_grad_(True)
    layer = find_target_layer(model.backbone, images[:1])
    cam = method(model, [layer.module], reshape_transform=layer.to_map)
    maps = []
    for batch, classes in zip(images.split(_BATCH), targets.split(_BATCH), strict=True):
        maps.append(cam(batch, [ClassifierOutputTarget(int(index)) for index in classes]))
    return Attribution(title=title, maps=scale_maps(np.concatenate(maps)), layer=layer.name)
