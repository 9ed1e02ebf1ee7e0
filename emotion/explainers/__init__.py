"""Attribution maps of predictions, and metrics of their faithfulness.

To add a method, add a file with an `Explainer` and an entry in EXPLAINERS.
"""

import emotion.models  # noqa: F401, first: it prepares torchvision for pytorch_grad_cam
from emotion.explainers.attribution import Explainer
from emotion.explainers.grad_cam import explain_grad_cam, explain_grad_cam_plus_plus
from emotion.explainers.lime_superpixels import explain_lime
from emotion.explainers.shap_gradient import explain_shap

EXPLAINERS: dict[str, Explainer] = {
    "grad_cam": explain_grad_cam,
    "grad_cam_plus_plus": explain_grad_cam_plus_plus,
    "shap_gradient": explain_shap,
    "lime_superpixels": explain_lime,
}
