"""Backbones, heads, pretrained weights and checkpoints.

Importing this package prepares torchvision; import it before timm, pytorch_grad_cam or
torch.onnx, which import torchvision themselves.
"""

from emotion.models import torchvision_operators

torchvision_operators.declare()
