"""Settings of the stage `export_onnx`."""

from typing import Annotated

from pydantic import Field

from emotion.core.params import settings
from emotion.export.license import LicenseSetting

NEWEST, OLDEST = 18, 11  # opsets


@settings
class ExportParams:
    """The `export_onnx` section of params.yaml."""

    opset: Annotated[int, Field(ge=OLDEST, le=NEWEST)] = NEWEST  # of the standard operators
    rows: Annotated[int, Field(ge=1, le=100_000)] = 32  # test images of the parity check
    tolerance: Annotated[float, Field(gt=0)] = 1e-4  # largest difference of a logit or probability
    # largest loss of macro-F1 on validation with which an int8 or fp16 file is kept
    int8_max_f1_drop: Annotated[float, Field(ge=0, le=1)] = 0.01


@settings
class LicenseParams:
    """The key of the section `publish` that goes into the metadata of the file."""

    license: LicenseSetting = ""
