"""Read a dataset for a trained model: its words become classes of the model, or are left out."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.data.identifiers import identifier_key
from emotion.data.labels import SYNONYMS, canonical_label, class_name_of
from emotion.datasets.params import DataParams
from emotion.datasets.reader import UNKNOWN_LABEL, read_dataset
from emotion.datasets.unknown_labels import explain_missing

EXCLUDED = "excluded by --labels"  # the problem of such a row
SHOWN = 10  # classes in a message
_END = " (excluded)"  # of the class that a word to leave out gets meanwhile


def parse_labels(arguments: Iterable[str]) -> dict[str, str]:
    """Parse `word=class`, or `word=` for a word to leave out, into keys of words and classes.

    Raises:
        UserError: an argument has another form, or a word has two classes.
    """
    labels: dict[str, str] = {}
    for argument in arguments:
        word, equals, label = argument.partition("=")
        word, label = identifier_key(word), class_name_of(label)
        if not word or not equals:
            problem = f"--labels has {argument!r}, which is not WORD=CLASS"
            hint = "write for example bored=neutral, or bored= to leave the rows of bored out"
            raise UserError(problem, hint, key="--labels")
        if labels.setdefault(word, label) != label:
            problem = f"--labels maps {word!r} to two classes"
            raise UserError(problem, "give each word once", key="--labels")
    return labels


def read_for_model(
    root: Path,
    layout: str,
    labels: dict[str, str],
    class_names: Sequence[str],
    subject_pattern: str = "",
) -> pd.DataFrame:
    """List the images of a dataset, without opening them.

    Args:
        root: folder of the dataset.
        layout: a key of ADAPTERS.
        labels: from `parse_labels`. The name of a class stands for its synonyms too.
        class_names: of the model; they are known words. Rows of these classes have them as spelled
            here.
        subject_pattern: as data.subject_pattern of params.yaml.

    Returns:
        The rows of `read_dataset`. `problem` is EXCLUDED for rows of words to leave out, whose
        `label` is then the word.

    Raises:
        UserError: from `read_dataset`.
    """
    if not root.is_dir():
        raise UserError("is not a folder", "give the folder of a dataset", file=root, key="DATA")
    chosen = {word: label or word + _END for word, label in labels.items()}
    synonyms = {other: chosen[word] for word in labels for other in SYNONYMS.get(word, ())}
    words = {identifier_key(name): name for name in class_names} | synonyms | chosen
    settings = DataParams(
        root=str(root),
        format=layout,
        labels=words,
        allow_outside=True,
        subject_pattern=subject_pattern,
    )
    try:
        rows, _ = read_dataset(settings)
    except UserError as error:
        hint = (
            "here, the argument DATA is data.root, --format is data.format, "
            "--subject-pattern is data.subject_pattern, and --labels 1=happy "
            "is `labels: {1: happy}`"
        )
        raise UserError(str(error).removesuffix("."), hint, key="DATA") from None
    problem = rows["problem"].mask(rows["label"].str.endswith(_END), EXCLUDED)
    spelling = {canonical_label(name) or class_name_of(name): name for name in class_names}
    label = rows["label"].map(lambda name: spelling.get(name, name.removesuffix(_END)))
    return rows.assign(label=label, problem=problem)


def check_classes(rows: pd.DataFrame, root: Path, class_names: Sequence[str]) -> None:
    """Refuse classes that the model does not have; rows without a label have no class.

    Args:
        rows: from `read_for_model`.
        root: folder of the dataset, for the message.
        class_names: of the model.

    Raises:
        UserError: with the classes and their rows.
    """
    labels = rows.loc[rows["problem"].isin(["", UNKNOWN_LABEL]), "label"]
    unknown = labels[~labels.isin([*class_names, ""])].value_counts().sort_index()
    if unknown.empty:
        return
    named = ", ".join(f"{name!r} ({count:,} rows)" for name, count in unknown[:SHOWN].items())
    more = ", ..." * (len(unknown) > SHOWN)
    omit = f"{identifier_key(str(unknown.index[0]))}="
    meaning = explain_missing(unknown.index)
    hint = (
        f"map each to one of {', '.join(class_names)}, such as --labels "
        f"{shlex.quote(omit + class_names[0])}, or leave it out, such as --labels "
        f"{shlex.quote(omit)}"
    )
    problem = f"has classes that the model does not have: {named}{more}{meaning}"
    raise UserError(problem, hint, file=root, key="--labels")
