"""Read CK+ (Lucey et al. 2010) as class folders, such as CK+48: `anger/S010_004_00000017.png`.

The file name contains the subject (S010), the sequence (004) and the frame. Frames of one sequence
are near-duplicates, so splitting by subject matters more for this dataset than for any other.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.formats.folder import read_folder
from emotion.datasets.subjects_in_names import CK_PLUS, match_subjects


def read_ckplus(root: Path) -> pd.DataFrame:
    """List the images; `subject` is "" for a file name of another form.

    Raises:
        UserError: as in `read_folder`, or no file name has the form above.
    """
    rows = read_folder(root)
    subject = match_subjects(rows["path"], CK_PLUS)
    if len(rows) and not any(subject):
        first = rows["path"].iloc[0]
        problem = f"has no image with a name such as S010_004_00000017.png, first {first}"
        hint = "for class folders of another dataset, set data.format to folder"
        raise UserError(problem, hint, file=root, key="data.format")
    return rows.assign(subject=subject, source="ckplus")
