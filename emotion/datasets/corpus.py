"""Read the corpus that `data` in params.yaml names, in our classes and our split names.

Which words mean which class, which classes take part and what a split is called are settled here
once, so that no adapter and no later stage has to.
"""

import posixpath
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from emotion.core import labels
from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.datasets import ADAPTERS
from emotion.datasets.split_names import SPLIT_OF


@settings
class DataParams:
    """The `data` section of params.yaml."""

    root: str = "data/drawn_faces"  # folder of the corpus, seen from the repository's root
    format: Literal[*ADAPTERS] = "csv"  # csv: labels.csv in root; folder: class folders
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15  # where the corpus brings no split
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15
    split_seed: int = 42  # its own seed: a new training seed must not move the test set
    classes: list[str] = Field(default_factory=list)  # classes to keep; empty = all found
    labels: dict[str, str] = Field(default_factory=dict)  # the corpus's word: our class
    min_size: Annotated[int, Field(ge=1)] = 32  # pixels; a shorter side rejects the picture
    max_rejected: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of bad pictures to bear

    @field_validator("test_fraction")
    @classmethod
    def _leaves_a_train_split(cls, value: float, info: ValidationInfo) -> float:
        val_fraction = info.data.get("val_fraction", 0.0)
        if value + val_fraction >= 1:
            raise ValueError(f"less than 1 - val_fraction ({1 - val_fraction:g}), to leave a train")
        return value


def read_corpus(params: DataParams) -> pd.DataFrame:
    """List the pictures of the corpus with our class names; opens none of them.

    Returns:
        Rows as the adapters return them (see the package), with `path` joined to `data.root`,
        `label` one of our classes, and `split` train, val, test, or "" in every row.

    Raises:
        UserError: no such folder, no pictures, unknown labels, classes or split names.
    """
    root = Path(params.root)
    if not root.is_dir():
        raise UserError(
            f"data.root is {params.root!r}, which is not a folder; point it at the folder of your "
            "pictures in params.yaml."
        )
    rows = ADAPTERS[params.format](root)
    if rows.empty:
        raise UserError(
            f"data.root {params.root!r} holds no pictures that data.format {params.format} can "
            f"find; check both in params.yaml (formats: {', '.join(ADAPTERS)})."
        )
    rows["path"] = [posixpath.join(root.as_posix(), path) for path in rows["path"]]
    rows["label"] = _our_classes(rows["label"], params.labels, bool(params.classes))
    if params.classes:
        rows = _choose_classes(rows, params)
    if rows["label"].nunique() < 2:
        raise UserError(
            f"data.root {params.root!r} has the one class {rows['label'].iloc[0]!r}; a classifier "
            "needs two: check data.classes and data.labels in params.yaml."
        )
    rows["split"] = _our_splits(rows["split"], params.root)
    return rows.reset_index(drop=True)


def _vocabulary(extra: dict[str, str]) -> dict[str, str]:
    """The user's words, lower case, to classes; a new class is also a word for itself."""
    classes = {
        value: labels.canonical_label(value) or value.strip().lower() for value in extra.values()
    }
    words = {name: name for name in classes.values()}
    return words | {word.strip().lower(): classes[value] for word, value in extra.items()}


def _our_classes(spelled: pd.Series, extra: dict[str, str], chosen: bool) -> pd.Series:
    """Our class of each row; "" where there is none, which only `data.classes` may pardon."""
    words = _vocabulary(extra)
    counts = spelled.value_counts()
    our = {name: labels.canonical_label(name, words) or "" for name in counts.index}
    unknown = {name: count for name, count in counts.items() if not our[name]}
    if unknown and not chosen:
        named = ", ".join(f"{name!r} ({count})" for name, count in sorted(unknown.items()))
        known = ", ".join(sorted({*labels.SYNONYMS, *words.values()}))
        raise UserError(
            f"labels that no class is known for: {named}; known classes: {known}. Say what each "
            "means under data.labels in params.yaml, such as `labels: {grin: happy}`, or list the "
            "classes to keep in data.classes."
        )
    return spelled.map(our)


def _choose_classes(rows: pd.DataFrame, params: DataParams) -> pd.DataFrame:
    words = _vocabulary(params.labels)
    chosen = {name: labels.canonical_label(name, words) for name in params.classes}
    found = sorted(set(rows["label"]) - {""})
    absent = [name for name, label in chosen.items() if label not in found]
    if absent:
        raise UserError(
            f"data.classes names {', '.join(map(repr, absent))}, but the corpus in {params.root} "
            f"has {', '.join(found) or 'no known class'}; correct data.classes or data.labels."
        )
    keep = rows["label"].isin(list(chosen.values()))
    if not keep.all():
        print(f"data.classes leaves out {(~keep).sum():,} of {len(rows):,} pictures")
    return rows[keep]


def _our_splits(spelled: pd.Series, root: str) -> pd.Series:
    counts = spelled.str.strip().str.lower().value_counts().to_dict()
    if set(counts) == {""}:
        return spelled.map(lambda _: "")
    without = counts.pop("", 0)
    strange = [
        f"{name!r} ({count})" for name, count in sorted(counts.items()) if name not in SPLIT_OF
    ]
    problems = [f"{without} of {len(spelled)} rows have no split"] if without else []
    problems += [f"unknown split names: {', '.join(strange)}"] if strange else []
    if problems:
        raise UserError(
            f"the corpus in {root} brings its own split, but {'; '.join(problems)}. Give every "
            f"row one of {', '.join(SPLIT_OF)}, or remove the split altogether."
        )
    return spelled.str.strip().str.lower().map(SPLIT_OF)
