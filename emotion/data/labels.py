"""Class names: synonyms used by corpora, and the label map that defines the order of the logits."""

from collections.abc import Mapping
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten

# The six classes of the recipe; a corpus with other classes of SYNONYMS, such as `disgust` or
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
    "neutral": ("neutrality", "none"),
    "sad": ("sadness",),
    "surprised": ("surprise",),
}
MOST_CLASSES = 1000
LONGEST_CLASS = 50  # characters of a class name
_CLASS_OF = {name: label for label, names in SYNONYMS.items() for name in (label, *names)}


def canonical_label(name: str, extra: Mapping[str, str] | None = None) -> str | None:
    """Our class name for a corpus's word, or None for an unknown word.

    Args:
        name: the corpus's word; case and surrounding spaces are ignored.
        extra: the user's own words (`data.labels` in params.yaml), which take precedence.
    """
    key = str(name).strip().lower()
    return (extra or {}).get(key) or _CLASS_OF.get(key)


def is_class_name(name: str) -> bool:
    """Whether a name can be a class, which stands in figures, tables and on the terminal."""
    name = name.strip()
    return 0 < len(name) <= LONGEST_CLASS and name.isprintable() and name[0].isalnum()


def check_class_names(names: object) -> list[str]:
    """Class names that a file brings, in the order of the logits, checked.

    Raises:
        UserError: not a list of different names that `is_class_name` accepts.
    """
    if not isinstance(names, list) or not names:
        raise UserError(f"class_names is {shorten(repr(names))}, but should be a list of names")
    if len(names) > MOST_CLASSES:
        raise UserError(f"class_names has {len(names):,} names, more than {MOST_CLASSES:,}")
    for name in names:
        if not isinstance(name, str) or not is_class_name(name):
            raise UserError(
                f"class_names has {shorten(repr(name))}, but a name should be text of up to "
                f"{LONGEST_CLASS} printable characters that begins with a letter or a digit"
            )
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"class_names has {', '.join(repeated)} more than once")
    return names


def read_label_map(path: Path) -> dict[str, int]:
    """The label map that prepare_splits wrote, checked: indices 0..n-1, each once."""
    label_map = files.read_json(path)
    numbers = list(label_map.values()) if isinstance(label_map, dict) else [None]
    if not all(type(number) is int for number in numbers) or set(numbers) != {*range(len(numbers))}:
        raise UserError(
            f"{path} does not number its classes from 0, each once; "
            "delete it and run `dvc repro prepare_splits`."
        )
    return dict(sorted(label_map.items(), key=lambda item: item[1]))
