"""Class names: the synonyms corpora use, and the label map that fixes the order of the logits."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError

# The six classes of the recipe; a corpus that has others of SYNONYMS, such as `disgust` or Mikels'
# `awe`, keeps them.
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
_CLASS_OF = {name: label for label, names in SYNONYMS.items() for name in (label, *names)}


def canonical_label(name: str, extra: Mapping[str, str] | None = None) -> str | None:
    """Our class name for a corpus's spelling of it, or None if we know none.

    Args:
        name: the corpus's word; case and surrounding spaces do not matter.
        extra: the user's own words (`data.labels` in params.yaml), asked first.
    """
    key = str(name).strip().lower()
    return (extra or {}).get(key) or _CLASS_OF.get(key)


def infer_label_map(labels: Iterable[str]) -> dict[str, int]:
    """Class name to logit index, alphabetical, which is also the recipe's order."""
    return {label: index for index, label in enumerate(sorted(set(labels)))}


def read_label_map(path: Path) -> dict[str, int]:
    """The label map that prepare_splits wrote, checked: indices 0..n-1, each once."""
    label_map = files.read_json(path)
    if sorted(label_map.values()) != list(range(len(label_map))):
        raise UserError(
            f"{path} does not number its classes 0..{len(label_map) - 1}, each once; "
            "delete it and run `dvc repro prepare_splits`."
        )
    return dict(sorted(label_map.items(), key=lambda item: item[1]))
