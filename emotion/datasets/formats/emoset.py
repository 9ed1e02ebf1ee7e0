"""Read EmoSet-118K (Yang et al. 2023): scenes, not only faces, in the eight classes of Mikels.

`train.json`, `val.json` and `test.json` are lists of [label, id, image_path, annotation_path].
Paths are relative to the root. The annotations (brightness, objects, ...) are not read.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.formats.file_names import is_encodable
from emotion.datasets.formats.tables import read_text

SPLITS = ("train", "val", "test")


def read_emoset(root: Path) -> pd.DataFrame:
    """Read the three lists; an entry of another form becomes a row with path "" and label "".

    Returns:
        The columns of the package: train, val, test, each in the order of its list.

    Raises:
        UserError: a list is missing, is not JSON, or has no entry of the form above.
    """
    records = [
        (*record, split) for split in SPLITS for record in _read_records(root / f"{split}.json")
    ]
    rows = pd.DataFrame(records, columns=["path", "label", "split"], dtype=str)
    return rows.assign(subject="", source="emoset", synthetic=False)


def _read_records(list_file: Path) -> list[tuple[str, str]]:
    """Path and label of each entry."""
    hint = f"data.format emoset needs {', '.join(SPLITS)}.json as published: correct data.root"
    text = read_text(list_file, hint)
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON, or nested too deeply
        raise UserError(f"is not valid JSON ({error})", hint, file=list_file) from None
    if not isinstance(entries, list) or not any(map(_is_entry, entries)):
        problem = "is not a list of [label, id, image_path, annotation_path]"
        raise UserError(problem, hint, file=list_file)
    return [(entry[2], entry[0]) if _is_entry(entry) else ("", "") for entry in entries]


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 4:
        return False
    return all(isinstance(text, str) and is_encodable(text) for text in (entry[0], entry[2]))
