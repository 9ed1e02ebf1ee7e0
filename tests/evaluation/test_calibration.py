"""The fitted temperature is optimal, and it is used only where it is shown to help."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss

from emotion.core.reports import Calibration, read_report, write_report
from emotion.core.seeding import derive_seed
from emotion.evaluation import calibration
from emotion.evaluation.abstention import choose_threshold
from emotion.evaluation.calibration import calibrate, cross_fitted_gain, fit_temperature
from emotion.evaluation.predictions import SplitPredictions


def calibrated(n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is exactly the distribution of the sampled labels."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 5))
    sampled = random.random(n)[:, None]
    return logits, (softmax(logits, axis=1).cumsum(axis=1) < sampled).sum(axis=1).clip(max=4)


@pytest.mark.parametrize("scale", [0.25, 1, 4])
def test_temperature_recovers_a_known_scale(scale):
    logits, labels = calibrated()
    assert fit_temperature(logits * scale, labels) == pytest.approx(scale, rel=0.03)


def test_no_temperature_of_a_grid_is_better(val):
    def loss(temperature):
        scores = log_softmax(val.logits / temperature, axis=1)
        return -scores[np.arange(len(val.labels)), val.labels].mean()

    found = loss(fit_temperature(val.logits, val.labels))
    assert found <= min(loss(t) for t in np.geomspace(0.05, 20, 500)) + 1e-9


def split_of(logits, labels, groups) -> SplitPredictions:
    names = [f"class {index}" for index in range(logits.shape[1])]
    rows = pd.DataFrame({"label": np.array(names)[labels], "group": groups})
    return SplitPredictions(rows, logits, names)


def test_a_temperature_that_helps_is_kept_with_its_gain():
    logits, labels = calibrated(2000)
    result = calibrate(split_of(logits * 3, labels, np.arange(2000) // 4), None)
    assert result.temperature == result.fitted_temperature == pytest.approx(3, rel=0.1)
    assert f"{result.val_nll_gain:.4f}" in result.reason
    before, after = log_loss(labels, softmax(logits * 3, axis=1)), result.val_nll_after
    assert result.val_nll_before == pytest.approx(before, abs=1e-6)
    assert after == pytest.approx(log_loss(labels, softmax(logits, axis=1)), abs=0.01)
    assert result.val_nll_gain == pytest.approx(before - after, abs=0.01)
    assert 0 < result.val_nll_gain_low < result.val_nll_gain < result.val_nll_gain_high


@pytest.mark.slow
def test_the_temperature_of_a_calibrated_network_stays_one():
    kept = 0
    for seed in range(20):
        logits, labels = calibrated(400, seed)
        result = calibrate(split_of(logits, labels, np.arange(400) // 4), None)
        kept += result.temperature != 1
        assert result.temperature != 1 or result.val_nll_after == result.val_nll_before
    assert kept <= 2


def test_few_groups_cannot_show_that_a_temperature_helps():
    logits, labels = calibrated(400)
    result = calibrate(split_of(logits * 3, labels, np.arange(400) % 5), None)
    assert result.temperature == 1
    assert result.fitted_temperature == pytest.approx(3, rel=0.3)
    assert " 5 groups " in result.reason
    assert result.val_nll_gain is None


def test_the_cross_fitted_gain_is_that_of_a_plain_loop_over_folds():
    logits, labels = calibrated(300)
    groups = np.array([f"person {index}" for index in np.arange(300) // 5])
    gain = cross_fitted_gain(logits * 2, labels, groups)
    names = sorted(set(groups), key=lambda name: derive_seed("calibration", name))
    losses = []
    for fold in range(5):
        held_out = np.isin(groups, names[fold::5])
        temperature = fit_temperature(logits[~held_out] * 2, labels[~held_out])
        for divisor, sign in ((1, 1), (temperature, -1)):
            scores = log_softmax(logits[held_out] * 2 / divisor, axis=1)
            losses += list(-sign * scores[np.arange(held_out.sum()), labels[held_out]])
    assert gain.mean == pytest.approx(sum(losses) / 300, abs=1e-6)


def test_the_order_of_the_rows_has_no_influence():
    logits, labels = calibrated(300)
    groups = np.arange(300) // 5
    order = np.random.default_rng(1).permutation(300)
    shuffled = calibrate(split_of(logits[order] * 2, labels[order], groups[order]), 0.3)
    assert shuffled == calibrate(split_of(logits * 2, labels, groups), 0.3)


@pytest.mark.parametrize("labels", [[0, 1, 2], [1, 2, 0]], ids=["all correct", "all wrong"])
def test_a_degenerate_fit_stays_in_its_range_and_does_no_harm(labels):
    split = split_of(np.tile(np.eye(3) * 10, (10, 1)), np.tile(labels, 10), np.arange(30))
    result = calibrate(split, 0.1)
    assert 0.05 <= result.fitted_temperature <= 20
    assert 0 <= result.val_nll_after <= result.val_nll_before


def test_the_interval_of_the_gain_is_that_of_a_cluster_robust_mean(val, monkeypatch):
    monkeypatch.setattr(calibration, "fit_temperature", lambda *_: 2.0)
    groups = np.unique(val.rows["group"], return_inverse=True)[1]
    scores = [log_softmax(val.logits / divisor, axis=1) for divisor in (2, 1)]
    gains = (scores[0] - scores[1])[np.arange(len(val.labels)), val.labels]
    mean = sm.OLS(gains, np.ones(len(gains)))
    fit = mean.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    gain = cross_fitted_gain(val.logits, val.labels, groups)
    assert gain.mean == pytest.approx(fit.params[0], abs=1e-6)
    assert (gain.low, gain.high) == pytest.approx(tuple(fit.conf_int()[0]), abs=1e-6)


def test_a_fit_at_the_limit_of_its_range_is_not_used():
    labels = np.arange(60) % 3
    all_wrong = 8 * np.eye(3)[(labels + 1) % 3]
    result = calibrate(split_of(all_wrong, labels, np.arange(60)), None)
    assert result.temperature == 1
    assert f"{result.fitted_temperature:g}" in result.reason
    assert result.val_nll_gain is None


def test_the_threshold_is_that_of_the_calibrated_confidence(val):
    val = SplitPredictions(val.rows, val.logits * 3, val.class_names)
    result = calibrate(val, 0.2)
    assert result.temperature > 1
    groups = val.rows["group"].to_numpy()
    expected = choose_threshold(val.confidence(result.temperature), val.correct, groups, 0.2)
    plain = choose_threshold(val.confidence(1), val.correct, groups, 0.2)
    assert result.threshold == expected.threshold != plain.threshold
    assert (result.target_error, result.threshold_reason) == (0.2, expected.reason)


@pytest.mark.parametrize("target_error", [None, 0.01, 0.2])
def test_the_file_can_be_read_again(val, target_error, tmp_path):
    result = calibrate(val, target_error)
    assert (result.threshold is None) == (target_error != 0.2)
    write_report(tmp_path / "calibration.json", result)
    assert read_report(tmp_path / "calibration.json", Calibration) == result
