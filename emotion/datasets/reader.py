"""Read the dataset set under `data` in params.yaml, with normalized class and split names.

Synonyms of classes, the choice of classes, split names and the location of images are handled only
here, so that adapters and later stages need not handle them.
"""

import posixpath
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.data import labels
from emotion.data.identifiers import identifier_key, merge_spellings
from emotion.data.manifest import MASKS, SHARE
from emotion.datasets.formats import ADAPTERS, codes, ferplus
from emotion.datasets.formats.file_names import refuse_unencodable
from emotion.datasets.params import DataParams
from emotion.datasets.row_numbers import drop_row_numbers
from emotion.datasets.split_names import map_splits
from emotion.datasets.subjects_in_names import read_subjects
from emotion.datasets.voted_labels import apply_votes, class_of

# Reasons to reject a row before its image is opened; `votes` defines more.
MISSING = "missing"
OUTSIDE = "outside data.root"
UNKNOWN_LABEL = "unknown label"


def read_dataset(params: DataParams) -> tuple[pd.DataFrame, list[str]]:
    """List the images of the dataset with normalized class names, without opening them.

    Returns:
        Rows as returned by the adapters (see the package), with these changes. `path` and the masks
        are joined to `data.root`. `label` is a class. `split` is train, val or test, or "" in every
        row. A `subject` has one spelling. Columns that only number the rows are left out.
        `problem` and `detail` state why a row cannot be used, else both are "". A missing path or
        an unknown label is kept as written. Soft votes become columns `share_<class>`, to which
        data.other_labels adds.

        And the classes of `data.classes` in their order, or none if all are kept.

    Raises:
        UserError: the folder does not exist or has no images; or classes or split names are
            unknown.
    """
    root = locate_root(params)
    rows = ADAPTERS[params.format](root)
    refuse_unencodable(rows["path"])
    if rows.empty:
        problem = f"data.root {params.root!r} has no images that data.format {params.format} finds"
        hint = f"check both in params.yaml (formats: {', '.join(ADAPTERS)})"
        raise UserError(problem, hint, key="data.root")
    rows = read_subjects(drop_row_numbers(rows), params.subject_pattern)
    rows = rows.assign(subject=merge_spellings(rows["subject"]))
    words = _vocabulary(params.labels)
    rows = _name_codes(rows, words)
    chosen = {name: class_of(name, words) for name in params.classes}
    rows = apply_votes(rows, params.votes, params.other_labels, words)
    # No attributes: slices by another label would be the largest gaps of the evaluation.
    rows = rows.drop(columns=[*params.other_labels, ferplus.LABEL], errors="ignore")
    rows = _map_labels(rows, words)
    if chosen:
        rows = _choose_classes(rows, chosen, params.root)
    rows = _locate(rows, root, params.allow_outside)
    rows = rows.assign(split=map_splits(rows["split"], params.root)).reset_index(drop=True)
    return rows, list(dict.fromkeys(chosen.values()))


def locate_root(params: DataParams) -> Path:
    """The folder of the dataset.

    Raises:
        UserError: it does not exist.
    """
    root = Path(params.root)
    if not root.is_dir():
        problem = f"data.root is {params.root!r}, which is not a folder"
        hint = "set it to the folder of your images in params.yaml"
        raise UserError(problem, hint, key="data.root")
    return root


def order_classes(found: pd.Series, chosen: list[str], root: str) -> dict[str, int]:
    """Build the label map, in the order of `data.classes` or alphabetically.

    Args:
        found: the classes of the usable rows.
        chosen: the order, of `read_dataset`; empty for all classes found.
        root: of the dataset, for the message.

    Raises:
        UserError: there are fewer than two classes.
    """
    if found.nunique() < 2:
        has = f"images of only one class {found.iloc[0]!r}" if len(found) else "no usable image"
        hint = "a classifier needs two classes: check data.classes and data.labels in params.yaml"
        raise UserError(f"data.root {root!r} has {has}", hint, key="data.root")
    return {label: index for index, label in enumerate(chosen or sorted(set(found)))}


def _vocabulary(extra: dict[str, str]) -> dict[str, str]:
    """Map the keys of the user's words to classes; a new class also maps to itself.

    Raises:
        UserError: two spellings of one word have different classes.
    """
    new: dict[str, str] = {}
    words: dict[str, str] = {}
    for word, name in extra.items():
        written = new.setdefault(identifier_key(name), labels.class_name_of(name))
        label = labels.canonical_label(name) or written
        if words.setdefault(identifier_key(word), label) != label:
            problem = f"data.labels has {word!r} in two spellings, for two classes"
            raise UserError(problem, "give each word once", key="data.labels")
    return {identifier_key(name): name for name in words.values()} | words


def _name_codes(rows: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    """Let data.labels say what the codes of the dataset mean, rather than the adapter."""
    if not rows.columns.isin(codes.COLUMNS).any():
        return rows
    named = rows["code"].isin([word for word in words if word])
    codes.refuse_unnamed(rows, named)
    label = rows["label"].mask(named, rows["code"])
    return rows.assign(label=label).drop(columns=list(codes.COLUMNS))


def _map_labels(rows: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    written, problem = rows["label"], rows["vote_problem"]
    known = written.map({name: labels.canonical_label(name, words) for name in written.unique()})
    problem = problem.mask((problem == "") & known.isna(), UNKNOWN_LABEL)
    rows = rows.assign(label=known.fillna(written), problem=problem, detail="")
    return rows.drop(columns="vote_problem")


def _choose_classes(rows: pd.DataFrame, chosen: dict[str, str], root: str) -> pd.DataFrame:
    """Keep the rows of the chosen classes, given by their names as written in data.classes."""
    found = sorted(set(rows.loc[rows["problem"] == "", "label"]))
    absent = [name for name, label in chosen.items() if label not in found]
    if absent:
        names, has = ", ".join(map(repr, absent)), ", ".join(found) or "no known class"
        problem = f"data.classes names {names}, but the dataset in {root} has {has}"
        raise UserError(problem, "correct data.classes or data.labels", key="data.classes")
    # An image without a winning vote has no class, so it is listed for every choice of classes.
    no_winner = ~rows["problem"].isin(["", UNKNOWN_LABEL])
    keep = rows["label"].isin(list(chosen.values())) & (rows["problem"] == "") | no_winner
    if not keep.all():
        print(f"data.classes leaves out {(~keep).sum():,} of {len(rows):,} images")
    shares = {SHARE + label for label in chosen.values()}
    other = [name for name in rows.columns if name.startswith(SHARE) and name not in shares]
    return rows[keep].drop(columns=other)


def _locate(rows: pd.DataFrame, root: Path, allow_outside: bool) -> pd.DataFrame:
    """Join paths of images and masks to the root; files outside are a problem unless allowed."""
    attempts = rows["attempts"] if "attempts" in rows else pd.Series("", index=rows.index)
    rows = rows.drop(columns="attempts", errors="ignore")
    lost = (rows["path"] == "") | (attempts != "")
    problem = rows["problem"].mask((rows["problem"] == "") & lost, MISSING)
    tried = ("looked for at " + attempts).mask(rows["path"] == "", "no path")
    detail = rows["detail"].mask(lost, tried)
    for column in ("path", *MASKS):
        if column not in rows:
            continue
        joined, leaves = _join(rows[column], root)
        outside = (problem == "") & leaves & (not allow_outside)
        problem = problem.mask(outside, OUTSIDE)
        if column in MASKS:
            detail = detail.mask(outside, f"its {column} mask is " + joined)
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
