"""Compute labels from annotators' votes, after Barsoum et al. 2016 (arXiv:1608.01041).

An image has one column `votes_<word>` per class. First, a single vote for a class is treated as a
mistake and set to 0. Then one of three rules selects the winner among the remaining votes:

    majority  more than half of the remaining votes
    argmax    the most votes; a tie has no winner
    soft      the most votes, the first of ties; the shares of the classes become soft labels

`unknown`, words such as `none`, and `nf` (not a face) count as votes, but an image for which they
win has no label.

Differences from the authors' code (microsoft/FERPlus, src/ferplus.py): argmax is an addition. Their
soft targets (`probability`, `crossentropy`) keep at most the classes that hold the first 75% of the
votes and drop an image with more than three of those; here every class with two votes or more is
kept. Images that they drop are returned here with a reason, and the caller rejects them.
"""

from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from emotion.data.identifiers import identifier_key, is_missing
from emotion.data.manifest import SHARE
from emotion.datasets.formats.tables import refuse_cells

PREFIX = "votes_"
Mode = Literal["majority", "argmax", "soft"]
NOT_A_FACE, UNKNOWN = "not a face", "unknown"  # what the words that are not classes say
NO_AGREEMENT, NO_MAJORITY, TIE = "no two votes agree", "no majority", "tied vote"
PROBLEMS = (NOT_A_FACE, UNKNOWN, NO_AGREEMENT, NO_MAJORITY, TIE)


def parse_votes(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Return the rows with integer columns `votes_*`; an empty cell counts as 0, `3.0` as 3.

    Raises:
        UserError: a cell is not a whole number.
    """
    hint = "write the number of annotators who chose this class"
    for column in vote_columns(rows):
        numbers = rows[column].map({cell: identifier_key(cell) for cell in rows[column].unique()})
        invalid = rows[column][~numbers.str.fullmatch("[0-9]{0,9}")]
        refuse_cells(invalid, f"values of {column} that are not whole numbers", table, hint)
        rows = rows.assign(**{column: numbers.replace("", "0").astype(int)})
    return rows


def problem_of(word: str) -> str:
    """Why an image for which a word wins has no label, "" for a class."""
    if identifier_key(word) == "nf":
        return NOT_A_FACE
    return UNKNOWN if is_missing(word) else ""


def labels_from_votes(rows: pd.DataFrame, mode: Mode) -> pd.DataFrame:
    """Turn votes into labels.

    Args:
        rows: with integer columns `votes_<word>`, at least one of them an emotion.
        mode: the rule, see the module.

    Returns:
        The rows with `label` (the word that won, or "") and `vote_problem` (one of PROBLEMS if
        there is no label, else ""). Mode soft adds one float column `share_<word>` per emotion: its
        share of the remaining votes for emotions. The shares of a row sum to 1, or are all 0 if it
        has no label.
    """
    assert mode in get_args(Mode), mode
    # Emotions first: in a tie in mode soft, an emotion wins against unknown and nf.
    columns = sorted(vote_columns(rows), key=lambda column: problem_of(_word(column)) != "")
    words = np.array([_word(column) for column in columns], dtype=object)
    votes = rows[columns].to_numpy()
    votes = np.where(votes == 1, 0, votes)

    most = votes.max(axis=1)
    winner = words[votes.argmax(axis=1)]
    problems = np.array([problem_of(word) for word in words], dtype=object)
    problem = problems[votes.argmax(axis=1)]
    if mode == "majority":
        problem[2 * most <= votes.sum(axis=1)] = NO_MAJORITY
    elif mode == "argmax":
        problem[(votes == most[:, None]).sum(axis=1) > 1] = TIE
    problem[most == 0] = NO_AGREEMENT

    labeled = problem == ""
    rows = rows.assign(label=np.where(labeled, winner, ""), vote_problem=problem)
    if mode == "soft":
        emotions = [i for i in range(len(words)) if problems[i] == ""]
        kept = votes[:, emotions] * labeled[:, None]
        shares = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1)
        rows = rows.assign(**{f"{SHARE}{words[i]}": shares[:, k] for k, i in enumerate(emotions)})
    return rows


def vote_columns(rows: pd.DataFrame) -> list[str]:
    """The columns `votes_<word>`."""
    return [column for column in rows.columns if column.startswith(PREFIX)]


def _word(column: str) -> str:
    return column.removeprefix(PREFIX)
