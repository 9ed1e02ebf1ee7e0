"""Settings of the crop: the keys of the section `data` that define what a network sees."""

import dataclasses
from typing import Annotated

from pydantic import Field

from emotion.core.params import one_of, settings
from emotion.data.face_crop import KINDS
from emotion.data.preprocessing import MARGINS, Preprocessing


@settings
class CropParams:
    """The keys that training reads too: the crop belongs to the network, as its input size does."""

    faces: Annotated[str, one_of(KINDS)] = "as_is"  # or box, aligned: faces are detected
    # Side of the view, in units of the tight square.
    face_margin: Annotated[float, Field(ge=MARGINS[0], le=MARGINS[1], allow_inf_nan=False)] = 1.0

    def of_network(self, preprocessing: Preprocessing) -> Preprocessing:
        """The preprocessing of a network that is trained on these crops."""
        return dataclasses.replace(
            preprocessing, faces=self.faces, face_margin=float(self.face_margin)
        )


AS_IS = CropParams()  # images of one face each that are cropped already
