"""EmoSet-118K (Yang et al. 2023): scenes, not only faces, in the eight classes of Mikels.

`train.json`, `val.json` and `test.json` are lists of [label, id, image_path, annotation_path].
Paths are relative to the root. The annotations (brightness, objects, ...) are not read.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError

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
    try:
        entries = json.loads(files.read_text(list_file))
    except FileNotFoundError:
        raise UserError(
            f"{list_file} does not exist; data.format emoset needs {', '.join(SPLITS)}.json: "
            "correct data.root."
        ) from None
    except OSError as error:
        raise UserError(f"{list_file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, nested too deeply
        raise UserError(
            f"{list_file} is not valid JSON ({error}); unpack the corpus again."
        ) from None
    if not isinstance(entries, list) or not any(map(_is_entry, entries)):
        raise UserError(
            f"{list_file} is not a list of [label, id, image_path, annotation_path]; use the file "
            "as published."
        )
    return [(entry[2], entry[0]) if _is_entry(entry) else ("", "") for entry in entries]


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 4
        and isinstance(entry[0], str)
        and isinstance(entry[2], str)
    )
