"""Make a torchvision wheel built for CUDA importable with a CPU build of torch.

Such a torchvision fails on import with "operator torchvision::nms does not exist", because the
compiled library that declares two operators is not loaded. They are never called here, so declaring
their schemas is enough. Where torchvision's own library loads, they must not be declared twice, so
this module acts on a CPU build of torch only.
"""

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library: torch.library.Library | None = None  # the declarations live as long as this object


def declare() -> None:
    """Declare the two schemas once; must run before the first `import torchvision`."""
    global _library
    if _library is None and torch.version.cuda is None:
        _library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS:
            _library.define(schema)
