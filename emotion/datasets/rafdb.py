"""RAF-DB, basic set (Li et al. 2017): 15,339 faces, each aligned to 100 x 100 pixels.

The labels stand in `list_patition_label.txt` (the corpus's own spelling), a line an image:
`train_00001.jpg 5`; the aligned face is `train_00001_aligned.jpg`. The name gives the split.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError

LISTS = tuple(
    f"{folder}{name}"
    for folder in ("EmoLabel/", "")
    for name in ("list_patition_label.txt", "list_partition_label.txt")
)
FOLDERS = ("Image/aligned", "aligned")
LABELS = {
    "1": "Surprise",
    "2": "Fear",
    "3": "Disgust",
    "4": "Happiness",
    "5": "Sadness",
    "6": "Anger",
    "7": "Neutral",
}


def read_rafdb(root: Path) -> pd.DataFrame:
    """Read the list of labels; the images' paths follow from the names in it.

    A line whose code is none of 1 to 7 keeps it as its label; a line of one word has the label "".

    Returns:
        The package's columns, in the order of the list.

    Raises:
        UserError: no list, no folder of aligned faces, or a list of another form.
    """
    listed = next((root / name for name in LISTS if (root / name).is_file()), None)
    folder = next((name for name in FOLDERS if (root / name).is_dir()), None)
    if listed is None or folder is None:
        lacking = f"none of {', '.join(LISTS)}" if listed is None else f"no {' or '.join(FOLDERS)}"
        raise UserError(
            f"{root} has {lacking}; data.format rafdb needs the list of labels and the aligned "
            "faces as the corpus comes: correct data.root."
        )
    lines = listed.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    pairs = [(line.strip().split(maxsplit=1) + [""])[:2] for line in lines if line.strip()]
    cells = pd.DataFrame(pairs, columns=["name", "code"], dtype=str)
    if not cells["code"].isin(list(LABELS)).any():
        raise UserError(
            f"{listed} has no line such as `train_00001.jpg 5`, a name and a code from 1 to 7; "
            "take the list as the corpus publishes it."
        )
    stem = cells["name"].str.replace(r"\.\w+$", "", regex=True)
    return pd.DataFrame(
        {
            "path": f"{folder}/" + stem + "_aligned.jpg",
            "label": cells["code"].map(lambda code: LABELS.get(code, code)),
            "split": cells["name"].str.partition("_")[0],
            "subject": "",
            "source": "rafdb",
            "synthetic": False,
        }
    )
