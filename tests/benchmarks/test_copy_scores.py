"""Differences between copies and originals, on predictions whose differences are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.copy_scores import ALL, NO_FACE, ORIGINAL, VAL, compare, score
from benchmarks.scenes import KINDS, PORTRAIT


def predictions(wrong: int = 0, no_face: int = 0) -> pd.DataFrame:
    """Twenty happy originals, all correct, and their copies, of which the first are not."""
    rows = []
    for number in range(20):
        row = {"label": "happy", "subject": f"s{number}", "original": f"{number}.jpg"}
        for kind in (VAL, ORIGINAL):
            rows.append({**row, "kind": kind, "predicted": "happy"})
        for kind in KINDS:
            predicted = "happy" if number >= wrong + no_face else "sad"
            predicted = NO_FACE if number < no_face else predicted
            rows.append({**row, "kind": kind, "predicted": predicted})
    return pd.DataFrame(rows)


def test_the_difference_is_in_points_and_the_mean_over_seeds():
    found = compare([predictions(wrong=2), predictions(wrong=4)])["differences"]
    assert found["pasted"]["mean"] == pytest.approx(-15)
    assert found[ALL]["mean"] == pytest.approx(-15)
    assert found["pasted"]["low"] < -15 < found["pasted"]["high"]


def test_an_image_without_a_face_counts_as_wrong_but_not_where_a_face_is_found():
    found = compare([predictions(wrong=1, no_face=4)])
    assert found["found"]["pasted"] == 0.8
    assert found["differences"]["pasted"]["mean"] == pytest.approx(-25)
    assert found["differences"]["pasted"]["where_found"] == pytest.approx(-100 / 16, abs=0.01)


def test_the_interval_is_that_of_four_persons_not_of_twenty_images():
    run = predictions(wrong=10)
    number = run["original"].str.removesuffix(".jpg").astype(int)
    run = run.assign(subject=(number // 5).astype(str))  # all images of two persons are wrong
    # Standard deviation of the four means over the root of 4 - 1, and the quantile of Student.
    half = stats.t.ppf(0.975, 3) * 50 / np.sqrt(3)
    assert compare([run])["differences"]["cut"]["high"] == pytest.approx(half - 50, abs=4)


def test_the_portrait_is_listed_and_not_counted():
    portrait = predictions(wrong=20).tail(len(KINDS)).assign(subject=PORTRAIT, original="p.jpg")
    run = pd.concat([predictions(), portrait])
    assert compare([run])["differences"][ALL]["mean"] == 0
    assert compare([run])["portrait"]["pasted"] == ["sad"]
    assert score([run])["pasted"]["accuracy"] == [1.0]


def test_a_class_that_is_only_predicted_is_no_class_of_the_means():
    found = score([predictions(no_face=10)])["cut"]
    assert found["accuracy"] == found["balanced_accuracy"] == [0.5]
    assert found["macro_f1"] == [pytest.approx(2 / 3, abs=1e-4)]
