"""Class weights are a negative power of the class frequency, with mean 1."""

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.utils.class_weight import compute_class_weight

from emotion.core import files
from emotion.data.class_weights import ClassWeightParams, compute_class_weights, read_class_weights
from tests.user_errors import user_error

LABELS = ["sad"] * 1 + ["happy"] * 16 + ["angry"] * 4
LABEL_MAP = {"angry": 0, "happy": 1, "sad": 2}


@pytest.mark.parametrize(
    ("alpha", "expected"),
    # counts 4, 16, 1 to the power -1/2 are 1/2, 1/4, 1, of mean 7/12
    [(0.5, {"angry": 6 / 7, "happy": 3 / 7, "sad": 12 / 7}), (0.0, dict.fromkeys(LABEL_MAP, 1.0))],
)
def test_weights_equal_values_computed_by_hand(alpha, expected):
    assert compute_class_weights(LABELS, LABEL_MAP, alpha) == pytest.approx(expected, abs=1e-6)


def test_alpha_1_equals_scikit_learns_balanced_weights_up_to_scale():
    weights = compute_class_weights(LABELS, LABEL_MAP, alpha=1.0)
    balanced = compute_class_weight("balanced", classes=np.array(list(LABEL_MAP)), y=LABELS)
    assert list(weights.values()) == pytest.approx(balanced / balanced.mean(), abs=1e-6)


@pytest.mark.parametrize("alpha", [0.3, 0.6, 2.0])
def test_the_mean_is_1_and_rarer_classes_have_larger_weights(alpha):
    weights = compute_class_weights(LABELS, LABEL_MAP, alpha)
    assert sum(weights.values()) / 3 == pytest.approx(1, abs=1e-6)
    assert weights["sad"] > weights["angry"] > weights["happy"]


def test_weights_are_in_the_order_of_the_logits_for_any_row_order():
    shuffled_map = {"sad": 2, "angry": 0, "happy": 1}
    weights = compute_class_weights(LABELS[::-1], shuffled_map, alpha=0.6)
    assert list(weights) == ["angry", "happy", "sad"]
    assert weights == compute_class_weights(LABELS, LABEL_MAP, alpha=0.6)


def test_all_differences_between_rows_and_label_map_are_in_one_error():
    with user_error("angry", "sad", "bored", hint="dvc repro prepare_splits") as caught:
        compute_class_weights(["happy", "bored"], LABEL_MAP, alpha=0.6)
    assert "happy" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["[1]", "3", '{"happy": 1}', '{"happy": 1, "sad": "1"}', '{"happy": 1, "sad": NaN}']
    + ['{"happy": 1, "sad": 0}', '{"happy": 1, "sad": -1}', '{"happy": 1, "sad": 1, "angry": 1}']
    + ['{"happy": 1, "sad": true}'],
)
def test_a_file_without_one_positive_number_per_class_is_rejected(tmp_path, content):
    (tmp_path / "w.json").write_text(content)
    with user_error("happy", "sad", file="w.json", hint="dvc repro class_weights"):
        read_class_weights(tmp_path / "w.json", {"happy": 0, "sad": 1})


def test_what_the_stage_writes_is_read_back(tmp_path):
    weights = compute_class_weights(["happy", "sad", "sad"], {"happy": 0, "sad": 1}, alpha=2)
    files.write_json(tmp_path / "w.json", weights)
    assert read_class_weights(tmp_path / "w.json", {"happy": 0, "sad": 1}) == weights


def test_the_largest_alpha_gives_finite_weights_and_a_larger_one_is_rejected():
    labels = ["happy"] * 100_000 + ["sad"]
    weights = compute_class_weights(labels, {"happy": 0, "sad": 1}, alpha=2)
    assert all(0 < weight < 3 for weight in weights.values())
    for alpha in (500.0, float("inf"), float("nan")):
        with pytest.raises(ValidationError):
            ClassWeightParams(alpha=alpha)
