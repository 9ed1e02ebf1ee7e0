"""The Grad-CAM family: feature maps weighted by the gradient of the class's logit.

All keep positive contributions only. A class that is predicted only because the other logits are
lower has a blank map; that is a valid result.

Grad-CAM (Selvaraju et al., 2017) and Grad-CAM++ (Chattopadhyay et al., 2018) average the gradient
of a channel over the image. That is exact only for the last map before an average pooling. In any
finer map, the same channel can count for the class at the mouth and against it at the brow, and the
average marks places that the network did not use (Draelos and Carin, "Use HiResCAM instead of
Grad-CAM", 2020). HiResCAM and LayerCAM (Jiang et al., 2021; positive gradients only) multiply cell
by cell instead. Their maps are fused over scales as in LayerCAM: the mean of the maps of several
layers, each scaled to 0..1.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from emotion.explanation.methods.attribution import Attribution, ExplainerOptions, scale_maps
from emotion.explanation.methods.target_layers import TargetLayer, find_layer, find_levels
from emotion.models.parallel import map_on_cores, split_evenly


def explain_grad_cam(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> Attribution:
    """Grad-CAM at one layer.

    Args:
        model: an EmotionClassifier in evaluation mode; not modified.
        images: normalized float32 (N, 3, H, W).
        targets: the class to explain, int64 (N,).
        options: its `target_layer` is used.

    Raises:
        NotApplicableError: the backbone has no feature map.
        UserError: `target_layer` is not one of its feature maps.
        IndexError: a target is not a class.
    """
    return _explain("Grad-CAM", "GradCAM", _one_layer, model, images, targets, options)


def explain_grad_cam_plus_plus(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> Attribution:
    """Grad-CAM++ at one layer; arguments and errors are those of `explain_grad_cam`."""
    return _explain("Grad-CAM++", "GradCAMPlusPlus", _one_layer, model, images, targets, options)


def explain_hires_cam(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> Attribution:
    """HiResCAM, fused over scales; arguments and errors are those of `explain_grad_cam`."""
    return _explain("HiResCAM", "HiResCAM", find_levels, model, images, targets, options)


def explain_layer_cam(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> Attribution:
    """LayerCAM, fused over scales; arguments and errors are those of `explain_grad_cam`."""
    return _explain("LayerCAM", "LayerCAM", find_levels, model, images, targets, options)


def _one_layer(backbone: nn.Module, image: Tensor, name: str) -> list[TargetLayer]:
    return [find_layer(backbone, image, name)]


def _explain(
    title: str,
    method: str,  # the name of a class of pytorch_grad_cam
    find: Callable[[nn.Module, Tensor, str], list[TargetLayer]],
    model: Any,
    images: Tensor,
    targets: Tensor,
    options: ExplainerOptions,
) -> Attribution:
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    cam_class = getattr(pytorch_grad_cam, method)
    layers = find(model.backbone, images[:1], options.target_layer)

    def explain_batch(batch: tuple[Tensor, Tensor]) -> np.ndarray:
        # A copy, whose hooks no other batch shares. Its weights need no gradients: the images do,
        # so that activations do.
        copied = copy.deepcopy(model).requires_grad_(False)
        modules = [copied.backbone.get_submodule(layer.name) for layer in layers]
        # The methods are not used as context managers: their __exit__ suppresses IndexError, so an
        # index of no class would give a blank map.
        cam = cam_class(copied, modules, reshape_transform=layers[0].to_map)
        targets = [ClassifierOutputTarget(index) for index in batch[1].tolist()]
        return np.asarray(cam(batch[0].clone().requires_grad_(), targets))

    batches = list(zip(split_evenly(images), split_evenly(targets), strict=True))
    maps = map_on_cores(explain_batch, batches)
    names = [f"{layer.name} ({layer.cells} cells per side)" for layer in layers]
    return Attribution(
        title=title, maps=scale_maps(np.concatenate(maps)), note="at " + " and ".join(names)
    )
