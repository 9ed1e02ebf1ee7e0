"""Labels and soft labels of a dataset with annotators' votes, in the words of the project."""

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.data import labels
from emotion.data.identifiers import identifier_key
from emotion.data.manifest import SHARE
from emotion.datasets.formats.votes import PREFIX, Mode, labels_from_votes, problem_of, vote_columns


def class_of(word: str, words: dict[str, str]) -> str:
    """The class that a word means; an unknown word is returned unchanged."""
    return labels.canonical_label(word, words) or word


def apply_votes(
    rows: pd.DataFrame, mode: Mode, other_labels: dict[str, float], words: dict[str, str]
) -> pd.DataFrame:
    """Compute labels from votes, if there are any, and sum the shares of words of one class.

    Args:
        rows: of an adapter; with columns `votes_<word>`, or without.
        mode: data.votes.
        other_labels: data.other_labels.
        words: the keys of data.labels, and their classes.

    Returns:
        The rows with `vote_problem`, and with `share_<class>` instead of votes if `mode` is soft.

    Raises:
        UserError: a label lost its votes; a column of `other_labels` is missing or names no class.
    """
    rows = _rename_votes(rows, words)
    votes = vote_columns(rows)
    if not votes:
        return _mix_labels(rows.assign(vote_problem=""), other_labels, words)
    written, unvoted = rows["label"], ~rows[votes].any(axis=1)
    rows = labels_from_votes(rows, mode).drop(columns=votes)
    _refuse_contradictions(written, rows["label"], words)
    keep = unvoted & (written != "")  # a label without votes is kept
    rows = rows.assign(
        label=rows["label"].mask(keep, written), vote_problem=rows["vote_problem"].mask(keep, "")
    )
    shares: dict[str, pd.Series] = {}
    columns = [column for column in rows.columns if column.startswith(SHARE)]
    for column in columns:
        name = SHARE + class_of(column.removeprefix(SHARE), words)
        shares[name] = shares[name] + rows[column] if name in shares else rows[column]
    return _mix_labels(rows.drop(columns=columns).assign(**shares), other_labels, words)


def _mix_labels(
    rows: pd.DataFrame, weights: dict[str, float], words: dict[str, str]
) -> pd.DataFrame:
    """Add the labels of other columns to the soft labels; the label itself stays that of the votes.

    A cell that names none of the classes of the votes has no part.
    """
    shares = [column for column in map(str, rows) if column.startswith(SHARE)]
    voted = rows[shares].sum(axis=1) > 0
    parts = pd.DataFrame(0.0, rows.index, shares)
    for column, weight in weights.items():
        cells = rows.get(column, pd.Series("", rows.index))
        classes = {cell: SHARE + class_of(cell, words) for cell in cells.unique()}
        named = cells.map(classes).where(voted, "")
        if not named.isin(shares).any():
            reason = "names no class of the votes" if column in rows else "does not exist"
            problem = f"data.other_labels has the column {column!r}, which {reason}"
            hint = "name a column of labels beside the columns votes_<word>, or leave it empty"
            raise UserError(problem, hint, key="data.other_labels")
        parts += weight * pd.DataFrame({share: named == share for share in shares})
    mixed = rows[shares].mul(1 - parts.sum(axis=1), axis=0) + parts
    return rows.assign(**mixed)


def _rename_votes(rows: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    """Add the votes for words such as `unknown` to those of the class of data.labels, if any."""
    for column in vote_columns(rows):
        word = column.removeprefix(PREFIX)
        label = words.get(identifier_key(word)) if problem_of(word) else None
        if label:
            total = rows[column] + rows.get(PREFIX + label, 0)
            rows = rows.drop(columns=column).assign(**{PREFIX + label: total})
    return rows


def _refuse_contradictions(written: pd.Series, voted: pd.Series, words: dict[str, str]) -> None:
    """Raise for rows whose label is not the class that won their votes."""
    both = (written != "") & (voted != "")
    pairs = pd.DataFrame({"written": written[both], "voted": voted[both]})
    classes = pairs.map(lambda word: class_of(word, words))
    differ = pairs[classes["written"] != classes["voted"]]
    if len(differ):
        shown = ", ".join(
            f"{shorten(one)} (row {int(index) + 1}; votes: {shorten(other)})"
            for index, one, other in differ.head(3).itertuples()
        )
        hint = "empty the column label to let the votes decide, or remove the columns votes_*"
        raise UserError(f"{len(differ):,} rows have a label that lost their votes: {shown}", hint)
