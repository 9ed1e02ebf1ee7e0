"""Read the corpus that `data` in params.yaml names, in our classes and our split names.

Which words mean which class, which classes take part, what a split is called and where an image
may lie are settled here once, so that no adapter and no later stage has to.
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
from emotion.datasets.votes import MODES, PREFIX, labels_from_votes

# Why a row is turned away before its image is opened; `votes` knows more reasons.
MISSING = "missing"
OUTSIDE = "outside data.root"
UNKNOWN_LABEL = "unknown label"


@settings
class DataParams:
    """The `data` section of params.yaml."""

    root: str = "data/drawn_faces"  # folder of the corpus, seen from the repository's root
    format: Literal[*ADAPTERS] = "csv"  # csv: labels.csv in root; folder: class folders; ...
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15  # where the corpus brings no split
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15
    split_seed: int = 42  # its own seed: a new training seed must not move the test set
    classes: list[str] = Field(default_factory=list)  # to keep, in this order; empty = all found
    labels: dict[str, str] = Field(default_factory=dict)  # the corpus's word: our class
    votes: Literal[*MODES] = "majority"  # where a corpus brings annotators' votes
    min_size: Annotated[int, Field(ge=1)] = 32  # pixels; a shorter side rejects the image
    max_rejected: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of bad images to bear
    allow_outside: bool = False  # may a table name images outside root?
    near_duplicate_bits: Annotated[int, Field(ge=0, le=64)] = 16  # of 256; see inspection
    leak_policy: Literal["drop_from_train", "report", "fail"] = "drop_from_train"
    synthetic_max_fraction: Annotated[float, Field(ge=0, le=1)] = 0.5  # of a class, in train

    @field_validator("test_fraction")
    @classmethod
    def _leaves_a_train_split(cls, value: float, info: ValidationInfo) -> float:
        val_fraction = info.data.get("val_fraction", 0.0)
        if value + val_fraction >= 1:
            raise ValueError(f"less than 1 - val_fraction ({1 - val_fraction:g}), to leave a train")
        return value


def read_corpus(params: DataParams) -> pd.DataFrame:
    """List the images of the corpus with our class names; opens none of them.

    Returns:
        Rows as the adapters return them (see the package), with `path` joined to `data.root`,
        `label` one of our classes, `split` train, val, test, or "" in every row. Where a row
        cannot be used, `problem` says why and `detail` more; both are "" elsewhere, and such a
        row keeps its path and label as written. Soft votes become columns `share_<class>`.

    Raises:
        UserError: no such folder, no images, unknown classes or split names.
    """
    root = Path(params.root)
    if not root.is_dir():
        raise UserError(
            f"data.root is {params.root!r}, which is not a folder; point it at the folder of your "
            "images in params.yaml."
        )
    rows = ADAPTERS[params.format](root)
    if rows.empty:
        raise UserError(
            f"data.root {params.root!r} holds no images that data.format {params.format} can "
            f"find; check both in params.yaml (formats: {', '.join(ADAPTERS)})."
        )
    words = _vocabulary(params.labels)
    rows = _count_votes(rows, params.votes, words)
    rows = _our_classes(rows, words)
    if params.classes:
        rows = _choose_classes(rows, params, words)
    rows = _locate(rows, root, params.allow_outside)
    rows["split"] = _our_splits(rows["split"], params.root)
    return rows.reset_index(drop=True)


def order_classes(found: pd.Series, params: DataParams) -> dict[str, int]:
    """The label map: the order of `data.classes`, or alphabetical.

    Raises:
        UserError: fewer than two classes.
    """
    if found.nunique() < 2:
        has = f"images of the one class {found.iloc[0]!r}" if len(found) else "no usable image"
        raise UserError(
            f"data.root {params.root!r} has {has}; a classifier needs two classes: check "
            "data.classes and data.labels in params.yaml."
        )
    words = _vocabulary(params.labels)
    chosen = dict.fromkeys(labels.canonical_label(name, words) for name in params.classes)
    return {label: index for index, label in enumerate(chosen or sorted(set(found)))}


def _vocabulary(extra: dict[str, str]) -> dict[str, str]:
    """The user's words, lower case, to classes; a new class is also a word for itself."""
    classes = {
        value: labels.canonical_label(value) or value.strip().lower() for value in extra.values()
    }
    words = {name: name for name in classes.values()}
    return words | {word.strip().lower(): classes[value] for word, value in extra.items()}


def _count_votes(rows: pd.DataFrame, mode: str, words: dict[str, str]) -> pd.DataFrame:
    """Labels from votes, where there are any; the shares of words for one class are summed."""
    votes = [column for column in rows if column.startswith(PREFIX)]
    if not votes:
        return rows.assign(vote_problem="")
    rows = labels_from_votes(rows, mode).drop(columns=votes)
    for column in [column for column in rows if column.startswith("share_")]:
        word = column.removeprefix("share_")
        share, name = rows.pop(column), f"share_{labels.canonical_label(word, words) or word}"
        rows[name] = rows[name] + share if name in rows else share
    return rows


def _our_classes(rows: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    spelled = rows["label"]
    ours = spelled.map({name: labels.canonical_label(name, words) for name in spelled.unique()})
    voted = rows.pop("vote_problem")
    problem = voted.mask((voted == "") & ours.isna(), UNKNOWN_LABEL)
    return rows.assign(label=ours.fillna(spelled), problem=problem, detail="")


def _choose_classes(rows: pd.DataFrame, params: DataParams, words: dict[str, str]) -> pd.DataFrame:
    chosen = {name: labels.canonical_label(name, words) for name in params.classes}
    found = sorted(set(rows.loc[rows["problem"] == "", "label"]))
    absent = [name for name, label in chosen.items() if label not in found]
    if absent:
        raise UserError(
            f"data.classes names {', '.join(map(repr, absent))}, but the corpus in {params.root} "
            f"has {', '.join(found) or 'no known class'}; correct data.classes or data.labels."
        )
    # An image without a winning vote is of no class, so it is listed whatever was chosen.
    voted_out = ~rows["problem"].isin(["", UNKNOWN_LABEL])
    keep = rows["label"].isin(list(chosen.values())) & (rows["problem"] == "") | voted_out
    if not keep.all():
        print(f"data.classes leaves out {(~keep).sum():,} of {len(rows):,} images")
    shares = {f"share_{label}" for label in chosen.values()}
    other = [name for name in rows if name.startswith("share_") and name not in shares]
    return rows[keep].drop(columns=other)


def _locate(rows: pd.DataFrame, root: Path, allow_outside: bool) -> pd.DataFrame:
    """Join paths to the root; those that lead out of it are a problem unless allowed.

    By their text: a link inside the root is the user's own, as DVC itself makes them.
    """
    base = posixpath.normpath(root.as_posix())
    attempts = rows.pop("attempts") if "attempts" in rows else pd.Series("", index=rows.index)
    lost = (rows["path"] == "") | (attempts != "")
    joined = rows["path"].map(lambda path: posixpath.normpath(posixpath.join(base, path)))
    inside = posixpath.join(base, "")
    leaves = joined.str.startswith(("/", "../")) if base == "." else ~joined.str.startswith(inside)
    outside = leaves & ~lost
    problem, detail = rows["problem"], rows["detail"]
    detail = detail.mask(lost, ("looked for at " + attempts).where(attempts != "", "no path"))
    problem = problem.mask((problem == "") & lost, MISSING)
    if not allow_outside:
        problem = problem.mask((problem == "") & outside, OUTSIDE)
    return rows.assign(path=joined.where(~lost, rows["path"]), problem=problem, detail=detail)


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
