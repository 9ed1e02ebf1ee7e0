"""Class names: synonyms used by corpora, and the label map that defines the order of the logits."""

from collections.abc import Mapping
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError

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
