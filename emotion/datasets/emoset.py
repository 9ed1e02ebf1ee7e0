"""EmoSet-118K (Yang et al. 2023): scenes, not only faces, in the eight classes of Mikels.

`train.json`, `val.json` and `test.json` are lists of [label, id, image_path, annotation_path], the
paths seen from the root. The annotations (brightness, objects, ...) are not read.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from emotion.core.errors import UserError

SPLITS = ("train", "val", "test")


def read_emoset(root: Path) -> pd.DataFrame:
    """Read the three lists; an entry of another form becomes a row with path and label "".

    Returns:
        The package's columns: train, val, test, each in the order of its list.

    Raises:
        UserError: a list is missing, is no JSON, or has no entry of the form above.
    """
    records = [(*record, split) for split in SPLITS for record in _records(root / f"{split}.json")]
    rows = pd.DataFrame(records, columns=["path", "label", "split"], dtype=str)
    return rows.assign(subject="", source="emoset", synthetic=False)


def _records(listed: Path) -> list[tuple[str, str]]:
    """Path and label of each entry."""
    try:
        entries = json.loads(listed.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(
            f"{listed} does not exist; data.format emoset needs {', '.join(SPLITS)}.json: correct "
            "data.root."
        ) from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise UserError(f"{listed} is not valid JSON ({error}); unpack the corpus again.") from None
    if not isinstance(entries, list) or not any(map(_is_entry, entries)):
        raise UserError(
            f"{listed} is not a list of [label, id, image_path, annotation_path]; take it as the "
            "corpus publishes it."
        )
    return [(entry[2], entry[0]) if _is_entry(entry) else ("", "") for entry in entries]


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 4
        and isinstance(entry[0], str)
        and isinstance(entry[2], str)
    )
