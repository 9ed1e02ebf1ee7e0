"""Let a torchvision wheel built for CUDA be imported beside a CPU build of torch.

Such a torchvision dies on import with "operator torchvision::nms does not exist", because the
compiled library that declares two operators is not loaded. We never call them: declaring their
schemas is enough. Where torchvision's own library loads, it must find them undeclared, so we only
declare on a CPU build of torch.
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
