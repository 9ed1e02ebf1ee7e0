"""A comparison is the same whether its tables are those in Git or those in the DVC cache."""

import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotion.evaluation.comparison.paired import compare_pair
from emotion.evaluation.comparison.pairing import pair_rows
from emotion.evaluation.comparison.predictions import parse_predictions
from emotion.evaluation.predictions import (
    SplitPredictions,
    write_predictions,
    write_predictions_for_git,
)
from emotion.evaluation.report import score
from tests.conftest import make_calibration

NAMES = ["a,b", 'a "quoted" b', "1", "nan", "гняв", "哀", "a;=1+1", "probability_a", " a", "label"]
LOGITS = [0.0, 0.00001, 0.0001, 0.5, -2.0, 30.0]  # some are equal to four digits of a probability


def make_models(seed):
    """Predictions of two models with the same classes for the same rows, some of them copies."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(NAMES)[: rng.integers(2, 7)].tolist()
    images = rng.integers(0, 10, rng.integers(1, 30))
    labels = rng.choice(names, 10)
    rows = pd.DataFrame(
        {
            "path": [f"people/Ada {number}.jpg" for number in range(len(images))],
            "sha256": [f"{image:064x}" for image in images],
            "group": [f"Ada {image // 3}" for image in images],
            "label": labels[images],
        }
    )
    shape = len(rows), len(names)
    ties, others = rng.choice(LOGITS, (2, *shape)), rng.normal(0, 3, (2, *shape))
    logits = np.where(rng.random((2, len(rows), 1)) < 0.5, ties, others)
    return [SplitPredictions.from_network(rows, one, names) for one in logits]


def read_both(predictions, temperature):
    """The predictions as they are read from the table in the cache, and from that in Git."""
    calibration = make_calibration(temperature)
    for write in (write_predictions, write_predictions_for_git):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "test.csv", predictions, calibration)
            text = (Path(folder) / "test.csv").read_text(encoding="utf-8")
        yield parse_predictions(text, "main", "test.csv")


@pytest.mark.parametrize("temperature", [0.05, 0.7, 1.3, 20.0])
@pytest.mark.parametrize("seed", range(6))
def test_both_tables_give_the_same_pairs(seed, temperature):
    models = make_models(seed)
    first, second = (list(read_both(model, temperature)) for model in models)
    expected = pair_rows(first[0], second[0])
    for pair in product(first, second):
        rows = pair_rows(*pair)
        assert rows.class_names == expected.class_names == models[0].class_names
        for name in ("labels", "predicted", "confidence", "groups"):
            np.testing.assert_array_equal(getattr(rows, name), getattr(expected, name))
        assert (rows.only_first, rows.only_second, rows.conflicts) == (0, 0, 0)
    for number, model in enumerate(models):
        assert (expected.predicted[number] == model.predicted).all()
        confidence = expected.confidence[number]
        np.testing.assert_allclose(
            confidence, model.confidence(temperature), rtol=0, atol=5.0001e-5
        )


def test_a_comparison_is_the_same_and_has_the_accuracy_of_the_report(test):
    other = SplitPredictions(test.rows, np.roll(test.logits, 1, axis=0), test.class_names)
    first, second = (list(read_both(model, 1.7)) for model in (test, other))
    compared = [compare_pair(*pair, resamples=200) for pair in product(first, second)]
    for comparison in compared:
        assert comparison.scores == compared[0].scores
        assert comparison.class_f1 == compared[0].class_f1
        assert comparison.p_value == compared[0].p_value
        assert comparison.scores["accuracy"].first == score(test, 1.7).accuracy
        assert comparison.scores["accuracy"].second == score(other, 1.7).accuracy
