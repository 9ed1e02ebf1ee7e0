"""Class names: synonyms that datasets use, and the label map, which orders the logits."""

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.data.identifiers import identifier_key

# The six classes of the recipe; a dataset with other classes of SYNONYMS, such as `disgust` or
# Mikels' `awe`, keeps them.
RECIPE_CLASSES = ("angry", "fearful", "happy", "neutral", "sad", "surprised")

SYNONYMS = {
    "amusement": (),
    "angry": ("anger",),
    "awe": (),
    "contempt": ("contemptuous",),
    "contentment": (),
    "disgust": ("disgusted",),
    "excitement": (),
    "fearful": ("fear", "afraid", "scared"),
    "happy": ("happiness", "joy", "joyful"),
    "neutral": ("neutrality",),
    "sad": ("sadness",),
    "surprised": ("surprise",),
}
MOST_CLASSES = 1000
LONGEST_CLASS = 50  # characters of a class name
_CLASS_OF = {name: label for label, names in SYNONYMS.items() for name in (label, *names)}


def canonical_label(name: str, extra: Mapping[str, str] | None = None) -> str | None:
    """The class of a name that a dataset uses, or None if the name is unknown.

    Args:
        name: of the dataset, in any spelling (see `identifier_key`).
        extra: the keys of the user's own names (`data.labels` in params.yaml), which take
            precedence.
    """
    key = identifier_key(name)
    return (extra or {}).get(key) or _CLASS_OF.get(key)


def class_name_of(name: str) -> str:
    """The class that a name of the user becomes: in lower case, composed, with single blanks."""
    return unicodedata.normalize("NFC", " ".join(name.split())).lower()


def is_class_name(name: str) -> bool:
    """Whether a name can be a class, which appears in figures, tables and on the terminal.

    It must have 1 to LONGEST_CLASS printable characters, and begin with a letter or a digit.
    """
    name = name.strip()
    return 0 < len(name) <= LONGEST_CLASS and name.isprintable() and name[0].isalnum()


def check_class_names(names: object) -> list[str]:
    """Check the class names of a file, in the order of the logits, and return them.

    Raises:
        ValueError: not a list of names that `is_class_name` accepts and that differ in more than
            their spelling. Callers add the file and a hint.
    """
    if not isinstance(names, list) or not names:
        raise ValueError(f"class_names is {shorten(repr(names))}, but should be a list of names")
    if len(names) > MOST_CLASSES:
        raise ValueError(f"class_names has {len(names):,} names, more than {MOST_CLASSES:,}")
    for name in names:
        if not isinstance(name, str) or not is_class_name(name):
            raise ValueError(
                f"class_names has {shorten(repr(name))}, but a name should be text of up to "
                f"{LONGEST_CLASS} printable characters that begins with a letter or a digit"
            )
    keys = [identifier_key(name) for name in names]
    if repeated := [name for name, key in zip(names, keys, strict=True) if keys.count(key) > 1]:
        shown = shorten(", ".join(dict.fromkeys(repeated)))
        raise ValueError(f"class_names has a class more than once: {shown}")
    return names


def class_indices(labels: Iterable[str], class_names: Iterable[str]) -> np.ndarray:
    """Labels as class indices, the positions of their logits.

    Args:
        labels: a class name per row, such as the column `label` of a manifest.
        class_names: in the order of the logits; the label map is one too.

    Returns:
        int64 (N,), in 0..C-1.

    Raises:
        UserError: a label is not a class name; the rows and the network are from different runs.
    """
    index = {name: number for number, name in enumerate(class_names)}
    labels = list(labels)
    if unknown := sorted({str(label) for label in labels if label not in index}):
        raise UserError(
            f"the rows have the classes {', '.join(unknown)}, which are not among "
            f"{', '.join(index)}: they are from different runs",
            "run `dvc repro`, which makes both from the same splits",
        )
    return np.array([index[label] for label in labels], dtype=np.int64)


def read_label_map(path: Path) -> dict[str, int]:
    """The label map that prepare_splits wrote, checked: indices 0..n-1, each once."""
    label_map = files.read_json(path)
    numbers = list(label_map.values()) if isinstance(label_map, dict) else [None]
    if not all(type(number) is int for number in numbers) or set(numbers) != {*range(len(numbers))}:
        hint = "delete it and run `dvc repro prepare_splits`"
        raise UserError("does not number its classes from 0, each once", hint, file=path)
    return dict(sorted(label_map.items(), key=lambda item: item[1]))
