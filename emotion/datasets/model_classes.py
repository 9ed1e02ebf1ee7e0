"""Read a corpus for a trained model: its words become classes of the model, or are left out."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.data.labels import SYNONYMS
from emotion.datasets.params import DataParams
from emotion.datasets.reader import UNKNOWN_LABEL, read_corpus

EXCLUDED = "excluded by --labels"  # the problem of such a row
SHOWN = 10  # classes in a message
_END = " (excluded)"  # of the class that a word to leave out gets meanwhile


def parse_labels(arguments: Iterable[str]) -> dict[str, str]:
    """Parse `word=class`, or `word=` for a word to leave out, into words and classes.

    Raises:
        UserError: an argument has another form, or a word has two classes.
    """
    labels: dict[str, str] = {}
    for argument in arguments:
        word, equals, label = (part.strip().lower() for part in argument.partition("="))
        if not word or not equals:
            raise UserError(
                f"--labels has {argument!r}, which is not WORD=CLASS; write for example "
                "bored=neutral, or bored= to leave the rows of bored out."
            )
        if labels.setdefault(word, label) != label:
            raise UserError(f"--labels maps {word!r} to two classes; give each word once.")
    return labels


def read_for_model(
    root: Path, layout: str, labels: dict[str, str], class_names: Sequence[str]
) -> pd.DataFrame:
    """List the images of a corpus, without opening them.

    Args:
        root: folder of the corpus.
        layout: a key of ADAPTERS.
        labels: from `parse_labels`. The name of a class stands for its synonyms too.
        class_names: of the model; they are known words.

    Returns:
        As `read_corpus`. `problem` is EXCLUDED for rows of words to leave out, whose `label` is
        then the word.

    Raises:
        UserError: from `read_corpus`.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a folder; give the folder of a corpus.")
    chosen = {word: label or word + _END for word, label in labels.items()}
    synonyms = {other: chosen[word] for word in labels for other in SYNONYMS.get(word, ())}
    own = {name: name for name in class_names}
    settings = DataParams(
        root=str(root), format=layout, labels={**own, **synonyms, **chosen}, allow_outside=True
    )
    try:
        rows = read_corpus(settings)
    except UserError as error:
        raise UserError(f"{error} (Here DATA is data.root, and --format is data.format.)") from None
    excluded = rows["label"].str.endswith(_END)
    return rows.assign(
        label=rows["label"].str.removesuffix(_END), problem=rows["problem"].mask(excluded, EXCLUDED)
    )


def check_classes(rows: pd.DataFrame, root: Path, class_names: Sequence[str]) -> None:
    """Refuse classes that the model does not know; rows without a label are no class.

    Args:
        rows: from `read_for_model`.
        root: folder of the corpus, for the message.
        class_names: of the model.

    Raises:
        UserError: with the classes and their rows.
    """
    labels = rows.loc[rows["problem"].isin(["", UNKNOWN_LABEL]), "label"]
    unknown = labels[~labels.isin([*class_names, ""])].value_counts().sort_index()
    if unknown.empty:
        return
    named = ", ".join(f"{name!r} ({count:,} rows)" for name, count in unknown[:SHOWN].items())
    first = str(unknown.index[0]).lower()
    raise UserError(
        f"{root} has classes that the model does not know: {named}"
        f"{', ...' * (len(unknown) > SHOWN)}; the model's are {', '.join(class_names)}. Map each "
        f"to one of them, such as --labels {shlex.quote(f'{first}={class_names[0]}')}, or leave "
        f"it out, such as --labels {shlex.quote(f'{first}=')}."
    )
