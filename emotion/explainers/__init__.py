"""Maps of what a prediction rests on, and the tests that such maps must stand.

Every explainer is a function (model, images, targets, sampling) -> Attribution. To add one: a
file here, and a line in EXPLAINERS.
"""

import emotion.models  # noqa: F401, first: it prepares torchvision for pytorch_grad_cam
from emotion.explainers.grad_cam import explain_grad_cam, explain_grad_cam_plus_plus
from emotion.explainers.lime_superpixels import explain_lime
from emotion.explainers.shap_gradient import explain_shap

EXPLAINERS = {
    "grad_cam": explain_grad_cam,
    "grad_cam_plus_plus": explain_grad_cam_plus_plus,
    "shap_gradient": explain_shap,
    "lime_superpixels": explain_lime,
}
