"""Find the images of a table that has bare names, while they lie in folders below the root.

Lists of labels are often published so: `train_00001.jpg,4` for `train/4/train_00001.jpg`.
"""

import unicodedata
from collections import defaultdict
from pathlib import Path

import pandas as pd

from emotion.data.images import list_images
from emotion.datasets.formats.file_names import refuse_unencodable


def look_below(missing: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Look up the names without a folder among all images below the root, which is walked once.

    Args:
        missing: `path` and `attempts` as `resolve_paths` returns them, of a table none of whose
            files it has found.
        root: folder of the dataset.

    Returns:
        The same, with the path relative to the root of each name that one image alone has. Of a
        name that several have, `attempts` names two of them.
    """
    bare = {_key(path) for path in missing["path"] if path and not {*"/\\"} & {*path}}
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in list_images(root) if bare else ():
        if (key := _key(path.name)) in bare:
            places[key].append(path.relative_to(root).as_posix())
    refuse_unencodable(place for several in places.values() for place in several)
    found = [sorted(places.get(_key(path), ())) for path in missing["path"]]
    alone = {row: several[0] for row, several in enumerate(found) if len(several) == 1}
    return pd.DataFrame(
        {
            "path": [alone.get(row, path) for row, path in enumerate(missing["path"])],
            "attempts": [
                "" if row in alone else tried + _describe(found[row])
                for row, tried in enumerate(missing["attempts"])
            ],
        },
        index=missing.index,
        dtype=str,
    )


def _describe(places: list[str]) -> str:
    if not places:
        return ""
    return f" ({len(places)} images have this name: {places[0]}, {places[1]}, ...)"


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name)
