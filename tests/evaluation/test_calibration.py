"""The fitted temperature is optimal for logits of any scale."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from emotion.evaluation.calibration import calibrate, fit_temperature


def calibrated(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is exactly the distribution of the sampled labels."""
    random = np.random.default_rng(0)
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


def test_calibration_has_the_loss_before_and_after_the_temperature(val):
    result = calibrate(val.logits, val.labels)
    assert list(asdict(result)) == ["temperature", "val_nll_before", "val_nll_after"]
    assert result.val_nll_after < result.val_nll_before
    assert result.temperature == round(result.temperature, 4)


@pytest.mark.parametrize("labels", [[0, 1, 2], [1, 2, 0]], ids=["all correct", "all wrong"])
def test_temperature_of_a_degenerate_fit_stays_in_its_range(labels):
    result = calibrate(np.eye(3) * 10, np.array(labels))
    assert 0.05 <= result.temperature <= 20
    assert 0 <= result.val_nll_after < result.val_nll_before
