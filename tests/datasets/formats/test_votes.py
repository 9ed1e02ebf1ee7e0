"""Labels are computed from votes by the rules of Barsoum et al., checked by hand."""

import numpy as np
import pandas as pd
import pytest

from emotion.datasets.formats.votes import labels_from_votes

WORDS = ("happy", "sad", "angry", "unknown", "nf")


def label(mode, *votes):
    rows = pd.DataFrame(votes, columns=[f"votes_{word}" for word in WORDS])
    return labels_from_votes(rows.assign(label=""), mode)


def outcome(mode, *votes):
    return label(mode, votes)[["label", "vote_problem"]].to_numpy().tolist()[0]


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ((6, 4, 0, 0, 0), ["happy", ""]),
        ((5, 5, 0, 0, 0), ["", "no majority"]),
        ((5, 3, 2, 0, 0), ["", "no majority"]),  # exactly half is not a majority
        ((5, 3, 1, 1, 0), ["happy", ""]),  # 5 of 8, because single votes are set to 0
        ((0, 2, 1, 1, 1), ["sad", ""]),
        ((1, 1, 1, 1, 1), ["", "no two votes agree"]),
        ((0, 0, 0, 0, 0), ["", "no two votes agree"]),
        ((2, 1, 0, 7, 0), ["", "unknown"]),
        ((0, 0, 0, 0, 10), ["", "not a face"]),
        ((0, 0, 0, 5, 5), ["", "no majority"]),
    ],
)
def test_majority_requires_more_than_half_of_the_remaining_votes(votes, expected):
    assert outcome("majority", *votes) == expected


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ((4, 3, 3, 0, 0), ["happy", ""]),
        ((2, 4, 4, 0, 0), ["", "tied vote"]),
        ((4, 0, 0, 4, 0), ["", "tied vote"]),
        ((1, 1, 1, 1, 0), ["", "no two votes agree"]),
        ((3, 2, 0, 5, 0), ["", "unknown"]),
        ((3, 2, 0, 0, 5), ["", "not a face"]),
    ],
)
def test_argmax_selects_the_most_votes_and_ties_have_no_winner(votes, expected):
    assert outcome("argmax", *votes) == expected


def test_soft_labels_are_shares_of_the_remaining_votes_for_emotions():
    rows = label("soft", (4, 2, 1, 2, 1), (0, 3, 3, 0, 0), (10, 0, 0, 0, 0))
    assert rows["label"].tolist() == ["happy", "sad", "happy"]
    shares = rows[["share_happy", "share_sad", "share_angry"]].to_numpy()
    np.testing.assert_allclose(shares, [[4 / 6, 2 / 6, 0], [0, 0.5, 0.5], [1, 0, 0]])
    assert "share_unknown" not in rows
    assert "share_nf" not in rows


def test_shares_are_0_without_a_label():
    rows = label("soft", (2, 0, 0, 5, 0), (0, 0, 0, 2, 6), (1, 1, 1, 0, 0))
    assert rows["vote_problem"].tolist() == ["unknown", "not a face", "no two votes agree"]
    assert (rows[["share_happy", "share_sad", "share_angry"]].to_numpy() == 0).all()


def test_in_a_tie_an_emotion_wins_against_unknown_for_any_column_order():
    rows = pd.DataFrame({"votes_Unknown": [3], "votes_NF": [3], "votes_sad": [3]})
    assert labels_from_votes(rows, "soft")["label"].tolist() == ["sad"]


def test_other_columns_row_order_and_the_input_are_unchanged():
    rows = pd.DataFrame({"path": ["b", "a"], "votes_sad": [3, 0], "votes_happy": [1, 2]}, [7, 3])
    result = labels_from_votes(rows, "majority")
    assert result["path"].tolist() == ["b", "a"]
    assert result["votes_happy"].tolist() == [1, 2]
    assert result["label"].to_dict() == {7: "sad", 3: "happy"}
    assert "label" not in rows
