"""The interval of seeds is Student's prediction interval of one more run with the same params."""

import numpy as np
import pytest
import statsmodels.api as sm

from emotion.cli.seeds import Interval, Scores, params_of_scores, prediction_interval, read_interval

VALUES = [0.640, 0.676, 0.720, 0.675, 0.701]
LOCK = {
    "train": {
        "params": {"params.yaml": {"train": {"seed": 42, "epochs": 6}}},
        "outs": [{"path": "model.pth"}],
    },
    "evaluate": {"deps": [{"path": "model.pth"}], "params": {"params.yaml": {"train.workers": 2}}},
}
PARAMS = {"train.epochs": 6, "train.workers": 2}


def record(params=PARAMS, values=VALUES):
    return {"params": params, "runs": [{"seed": i, "f1": f1} for i, f1 in enumerate(values)]}


@pytest.mark.parametrize("values", [VALUES, VALUES[:2], [0.1, 0.9, 0.5]])
def test_the_interval_is_that_of_an_observation_of_a_regression_on_a_constant(values):
    fit = sm.OLS(np.array(values), np.ones(len(values))).fit()
    frame = fit.get_prediction([1.0]).summary_frame(alpha=0.05)
    expected = (frame["obs_ci_lower"].item(), frame["obs_ci_upper"].item())
    assert prediction_interval(values)[:2] == pytest.approx(expected)


def test_95_percent_of_further_runs_are_inside():
    runs = np.random.default_rng(0).normal(0.65, 0.03, (2000, 6))
    inside = [Scores(run[5], None, prediction_interval(run[:5].tolist())).agree for run in runs]
    assert np.mean(inside) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 2000))


def test_runs_without_any_spread_predict_their_score_exactly():
    assert prediction_interval([0.64] * 5) == Interval(0.64, 0.64, 5)


def test_the_record_holds_for_the_committed_params_with_any_seed():
    assert params_of_scores(LOCK) == PARAMS
    assert read_interval(record(), LOCK) == prediction_interval(VALUES)
    assert read_interval(record(PARAMS | {"train.epochs": 7}), LOCK) is None
    assert read_interval(record({"train.epochs": 6}), LOCK) is None


@pytest.mark.parametrize(
    "damaged",
    [{}, {"runs": 3}, {"runs": [{}]}, {"runs": [3]}, record(values=["x"]), record(values=[0.6])],
)
def test_no_interval_is_read_from_a_record_without_two_scores(damaged):
    assert read_interval(damaged, LOCK) is None
