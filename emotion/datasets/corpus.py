"""Read the corpus set under `data` in params.yaml, with normalized class and split names.

Synonyms of classes, the choice of classes, split names and the location of images are handled only
here, so that adapters and later stages need not handle them.
"""

import posixpath
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from emotion.core import labels
from emotion.core.errors import UserError
from emotion.core.manifest import SHARE
from emotion.core.params import one_of, settings
from emotion.datasets import ADAPTERS
from emotion.datasets.split_names import SPLIT_OF
from emotion.datasets.votes import PREFIX, Mode, labels_from_votes

# Reasons to reject a row before its image is opened; `votes` defines more.
MISSING = "missing"
OUTSIDE = "outside data.root"
UNKNOWN_LABEL = "unknown label"


@settings
class DataParams:
    """The `data` section of params.yaml."""

    root: str = "data/drawn_faces"  # folder of the corpus, relative to the repository root
    # csv: labels.csv in root; folder: class folders; ...
    format: Annotated[str, one_of(ADAPTERS)] = "csv"
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15  # if the corpus has no split
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15
    split_seed: int = 42  # separate from the training seed, which must not change the test set
    classes: list[str] = Field(default_factory=list)  # to keep, in this order; empty = all found
    labels: dict[str, str] = Field(default_factory=dict)  # word of the corpus: class
    votes: Mode = "majority"  # rule for corpora with annotators' votes
    min_size: Annotated[int, Field(ge=1)] = 32  # pixels; a shorter side rejects the image
    max_rejected: Annotated[float, Field(ge=0, lt=1)] = 0.0  # tolerated share of rejected images
    allow_outside: bool = False  # whether a table may name images outside root
    near_duplicate_bits: Annotated[int, Field(ge=0, le=64)] = 16  # of 256; see inspection
    leak_policy: Literal["drop_from_train", "report", "fail"] = "drop_from_train"
    synthetic_max_fraction: Annotated[float, Field(ge=0, le=1)] = 0.5  # per class, in train

    @field_validator("test_fraction")
    @classmethod
    def _leaves_a_train_split(cls, value: float, info: ValidationInfo) -> float:
        val_fraction = info.data.get("val_fraction", 0.0)
        if value + val_fraction >= 1:
            raise ValueError(
                f"less than 1 - val_fraction ({1 - val_fraction:g}): train gets the rest"
            )
        return value


def read_corpus(params: DataParams) -> pd.DataFrame:
    """List the images of the corpus with normalized class names, without opening them.

    Returns:
        Rows as returned by the adapters (see the package), with these changes. `path` and
        `evidence` are joined to `data.root`. `label` is a class. `split` is train, val or test, or
        "" in every row. `problem` and `detail` state why a row cannot be used, else both are "".
        A missing path or an unknown label is kept as written. Soft votes become columns
        `share_<class>`.

    Raises:
        UserError: the folder does not exist or has no images; or classes or split names are
            unknown.
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
    rows = _apply_votes(rows, params.votes, words)
    rows = _map_labels(rows, words)
    if params.classes:
        rows = _choose_classes(rows, params, words)
    rows = _locate(rows, root, params.allow_outside)
    return rows.assign(split=_map_splits(rows["split"], params.root)).reset_index(drop=True)


def order_classes(found: pd.Series, params: DataParams) -> dict[str, int]:
    """Build the label map, in the order of `data.classes` or alphabetically.

    Raises:
        UserError: there are fewer than two classes.
    """
    if found.nunique() < 2:
        has = f"images of only one class {found.iloc[0]!r}" if len(found) else "no usable image"
        raise UserError(
            f"data.root {params.root!r} has {has}; a classifier needs two classes: check "
            "data.classes and data.labels in params.yaml."
        )
    words = _vocabulary(params.labels)
    chosen = dict.fromkeys(_class_of(name, words) for name in params.classes)
    return {label: index for index, label in enumerate(chosen or sorted(set(found)))}


def _vocabulary(extra: dict[str, str]) -> dict[str, str]:
    """Map the user's words, in lower case, to classes; a new class also maps to itself."""
    classes = {
        value: labels.canonical_label(value) or value.strip().lower() for value in extra.values()
    }
    words = {name: name for name in classes.values()}
    return words | {word.strip().lower(): classes[value] for word, value in extra.items()}


def _class_of(word: str, words: dict[str, str]) -> str:
    """The class that a word means; an unknown word is returned unchanged."""
    return labels.canonical_label(word, words) or word


def _apply_votes(rows: pd.DataFrame, mode: Mode, words: dict[str, str]) -> pd.DataFrame:
    """Compute labels from votes, if there are any, and sum the shares of words of one class."""
    votes = [column for column in rows.columns if column.startswith(PREFIX)]
    if not votes:
        return rows.assign(vote_problem="")
    rows = labels_from_votes(rows, mode).drop(columns=votes)
    shares: dict[str, pd.Series] = {}
    columns = [column for column in rows.columns if column.startswith(SHARE)]
    for column in columns:
        name = SHARE + _class_of(column.removeprefix(SHARE), words)
        shares[name] = shares[name] + rows[column] if name in shares else rows[column]
    return rows.drop(columns=columns).assign(**shares)


def _map_labels(rows: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    written, problem = rows["label"], rows["vote_problem"]
    known = written.map({name: labels.canonical_label(name, words) for name in written.unique()})
    problem = problem.mask((problem == "") & known.isna(), UNKNOWN_LABEL)
    rows = rows.drop(columns="vote_problem")
    return rows.assign(label=known.fillna(written), problem=problem, detail="")


def _choose_classes(rows: pd.DataFrame, params: DataParams, words: dict[str, str]) -> pd.DataFrame:
    chosen = {name: _class_of(name, words) for name in params.classes}
    found = sorted(set(rows.loc[rows["problem"] == "", "label"]))
    absent = [name for name, label in chosen.items() if label not in found]
    if absent:
        raise UserError(
            f"data.classes names {', '.join(map(repr, absent))}, but the corpus in {params.root} "
            f"has {', '.join(found) or 'no known class'}; correct data.classes or data.labels."
        )
    # An image without a winning vote has no class, so it is listed for every choice of classes.
    no_winner = ~rows["problem"].isin(["", UNKNOWN_LABEL])
    keep = rows["label"].isin(list(chosen.values())) & (rows["problem"] == "") | no_winner
    if not keep.all():
        print(f"data.classes leaves out {(~keep).sum():,} of {len(rows):,} images")
    shares = {SHARE + label for label in chosen.values()}
    other = [name for name in rows.columns if name.startswith(SHARE) and name not in shares]
    return rows[keep].drop(columns=other)


def _locate(rows: pd.DataFrame, root: Path, allow_outside: bool) -> pd.DataFrame:
    """Join `path` and `evidence` to the root; files outside are a problem unless allowed."""
    attempts = rows["attempts"] if "attempts" in rows else pd.Series("", index=rows.index)
    rows = rows.drop(columns="attempts", errors="ignore")
    lost = (rows["path"] == "") | (attempts != "")
    problem = rows["problem"].mask((rows["problem"] == "") & lost, MISSING)
    tried = ("looked for at " + attempts).mask(rows["path"] == "", "no path")
    detail = rows["detail"].mask(lost, tried)
    for column in ("path", "evidence"):
        if column not in rows:
            continue
        joined, leaves = _join(rows[column], root)
        outside = (problem == "") & leaves & (not allow_outside)
        problem = problem.mask(outside, OUTSIDE)
        if column == "evidence":
            detail = detail.mask(outside, "its evidence mask is " + joined)
        rows = rows.assign(**{column: joined.where(~lost, rows[column])})
    return rows.assign(problem=problem, detail=detail)


def _join(paths: pd.Series, root: Path) -> tuple[pd.Series, pd.Series]:
    """Join paths to the root, "" staying "", and find those that are outside of it.

    Only the text is compared: a symbolic link inside the root was made by the user or by DVC.
    """
    base = posixpath.normpath(root.as_posix())
    joined = paths.map(lambda path: posixpath.normpath(posixpath.join(base, path)) if path else "")
    if base == ".":
        return joined, joined.str.startswith(("/", "../"))
    return joined, (joined != "") & ~joined.str.startswith(posixpath.join(base, ""))


def _map_splits(written: pd.Series, root: str) -> pd.Series:
    names = written.str.strip().str.lower()
    counts = names.value_counts().to_dict()
    if set(counts) == {""}:
        return names
    without = counts.pop("", 0)
    unknown = [
        f"{name!r} ({count})" for name, count in sorted(counts.items()) if name not in SPLIT_OF
    ]
    problems = [f"{without} of {len(names)} rows have no split"] if without else []
    problems += [f"unknown split names: {', '.join(unknown)}"] if unknown else []
    if problems:
        raise UserError(
            f"the corpus in {root} has its own split, but {'; '.join(problems)}. Give every row "
            f"one of {', '.join(SPLIT_OF)}, or remove the split from all rows."
        )
    return names.map(SPLIT_OF)
