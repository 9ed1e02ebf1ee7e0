"""Labels from what several annotators said, after Barsoum et al. 2016 (arXiv:1608.01041).

An image has one column `votes_<word>` a class. First, a class with a single vote is taken for a
slip and set to 0; then one of three rules names the winner among what remains:

    majority  more than half of the remaining votes
    argmax    the most votes; a tie has no winner
    soft      the most votes, the first of ties; and the shares of the classes become targets

`unknown` and `nf` (not a face) are votes like others, but an image that they win has no label.

Where this differs from the authors' code (microsoft/FERPlus, src/ferplus.py): argmax is ours;
their soft targets (`probability`, `crossentropy`) keep at most the classes that hold the first
75% of the votes and drop an image with more than three of those, ours keep every class with two
votes or more; and what they drop is kept here with its reason, for the caller to reject.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.tables import describe_cells

PREFIX = "votes_"
MODES = ("majority", "argmax", "soft")
NO_CLASS = {"nf": "not a face", "unknown": "unknown"}  # what wins but names no class: the problem
NO_AGREEMENT = "no two votes agree"
NO_MAJORITY = "no majority"
TIE = "tied vote"
PROBLEMS = (*NO_CLASS.values(), NO_AGREEMENT, NO_MAJORITY, TIE)


def parse_votes(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Rows with their `votes_*` columns as integers; an empty cell is no vote.

    Raises:
        UserError: a cell is not a whole number.
    """
    columns = _vote_columns(rows)
    for column in columns:
        strange = ~rows[column].str.fullmatch("[0-9]{0,9}")
        if strange.any():
            raise UserError(
                f"{table}: {strange.sum()} values of {column} are not whole numbers: "
                f"{describe_cells(rows[column][strange])}; write how many annotators said so."
            )
    return rows.assign(**{name: rows[name].replace("", "0").astype(int) for name in columns})


def labels_from_votes(rows: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Turn votes into labels.

    Args:
        rows: with integer columns `votes_<word>`, at least one of them an emotion.
        mode: majority, argmax or soft, see the module.

    Returns:
        The rows with `label` (the winner's word, or "") and `vote_problem` (why there is none, or
        "": one of the texts above). Mode soft adds float columns `share_<word>`, one an emotion:
        its part of the emotions' remaining votes, summing to 1, or all 0 where there is no label.
    """
    assert mode in MODES, mode
    # Emotions first, so that on a tie of mode soft an emotion beats unknown and nf.
    columns = sorted(_vote_columns(rows), key=lambda column: _word(column).lower() in NO_CLASS)
    words = np.array([_word(column) for column in columns], dtype=object)
    votes = rows[columns].to_numpy()
    votes = np.where(votes == 1, 0, votes)

    most = votes.max(axis=1)
    winner = words[votes.argmax(axis=1)]
    problem = np.array([NO_CLASS.get(word.lower(), "") for word in words])[votes.argmax(axis=1)]
    problem = problem.astype(object)
    if mode == "majority":
        problem[2 * most <= votes.sum(axis=1)] = NO_MAJORITY
    elif mode == "argmax":
        problem[(votes == most[:, None]).sum(axis=1) > 1] = TIE
    problem[most == 0] = NO_AGREEMENT

    named = problem == ""
    rows = rows.assign(label=np.where(named, winner, ""), vote_problem=problem)
    if mode == "soft":
        emotions = [i for i, word in enumerate(words) if word.lower() not in NO_CLASS]
        kept = votes[:, emotions] * named[:, None]
        shares = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1)
        rows = rows.assign(**{f"share_{words[i]}": shares[:, k] for k, i in enumerate(emotions)})
    return rows


def _vote_columns(rows: pd.DataFrame) -> list[str]:
    return [column for column in rows.columns if column.startswith(PREFIX)]


def _word(column: str) -> str:
    return column.removeprefix(PREFIX)
