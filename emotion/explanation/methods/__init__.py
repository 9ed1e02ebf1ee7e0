"""Attribution maps of predictions, one method per file.

To add a method, add a file with an `Explainer` and an entry in EXPLAINERS. The packages of methods
are imported by their functions: the check of the settings needs the names alone.
"""

import emotion.models  # noqa: F401, first: it prepares torchvision for pytorch_grad_cam
from emotion.explanation.methods.attention_rollout import explain_attention_rollout
from emotion.explanation.methods.attribution import Explainer
from emotion.explanation.methods.baselines import explain_at_random, explain_center
from emotion.explanation.methods.grad_cam import (
    explain_grad_cam,
    explain_grad_cam_plus_plus,
    explain_hires_cam,
    explain_layer_cam,
)
from emotion.explanation.methods.integrated_gradients import explain_integrated_gradients
from emotion.explanation.methods.lime_superpixels import explain_lime
from emotion.explanation.methods.shap_values import explain_shap

EXPLAINERS: dict[str, Explainer] = {
    "grad_cam": explain_grad_cam,
    "grad_cam_plus_plus": explain_grad_cam_plus_plus,
    "hires_cam": explain_hires_cam,
    "layer_cam": explain_layer_cam,
    "attention_rollout": explain_attention_rollout,
    "integrated_gradients": explain_integrated_gradients,
    "shap_values": explain_shap,
    "lime_superpixels": explain_lime,
}

# These need tens to hundreds of passes per image, so they are scored on fewer images.
SAMPLING = ("integrated_gradients", "shap_values", "lime_superpixels")

# Their maps do not depend on the prediction, so a method must score above both.
BASELINES: dict[str, Explainer] = {
    "random_map": explain_at_random,
    "center_map": explain_center,
}
