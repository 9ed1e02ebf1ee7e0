"""CK+ (Lucey et al. 2010) as class folders, such as CK+48: `anger/S010_004_00000017.png`.

The name says who is in the image (S010), in which sequence (004) and which frame. Frames of one
sequence are near copies, which is why the subject matters more here than anywhere.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.folder import read_folder


def read_ckplus(root: Path) -> pd.DataFrame:
    """List the images; a name of another form leaves its subject "".

    Raises:
        UserError: as `read_folder` does, or no name has CK+'s form.
    """
    rows = read_folder(root)
    subject = rows["path"].str.extract(r"/(S\d+)_\d+_\d+[^/]*$", expand=False).fillna("")
    if len(rows) and not subject.any():
        raise UserError(
            f"{root} has no image with a name such as S010_004_00000017.png, first "
            f"{rows['path'].iloc[0]}; for class folders of another corpus set data.format to "
            "folder."
        )
    return rows.assign(subject=subject, source="ckplus")
