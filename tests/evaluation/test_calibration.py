"""One temperature, the right one, whatever the scale of the logits."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from emotion.evaluation.calibration import calibrate, fit_temperature


def honest(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is exactly the distribution of the labels."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (n, 5))
    draws = random.random(n)[:, None]
    return logits, (softmax(logits, axis=1).cumsum(axis=1) < draws).sum(axis=1).clip(max=4)


@pytest.mark.parametrize("scale", [0.25, 1, 4])
def test_temperature_undoes_a_known_scale(scale):
    logits, labels = honest()
    assert fit_temperature(logits * scale, labels) == pytest.approx(scale, rel=0.03)


def test_temperature_is_where_no_grid_point_is_better(val):
    def loss(temperature):
        scores = log_softmax(val.logits / temperature, axis=1)
        return -scores[np.arange(len(val.labels)), val.labels].mean()

    found = loss(fit_temperature(val.logits, val.labels))
    assert found <= min(loss(t) for t in np.geomspace(0.05, 20, 500)) + 1e-9


def test_calibration_file_holds_the_losses_around_the_temperature(val):
    result = calibrate(val.logits, val.labels)
    assert list(result) == ["temperature", "val_nll_before", "val_nll_after"]
    assert result["val_nll_after"] < result["val_nll_before"]
    assert result["temperature"] == round(result["temperature"], 4)


@pytest.mark.parametrize("labels", [[0, 1, 2], [1, 2, 0]], ids=["all right", "all wrong"])
def test_temperature_of_a_hopeless_fit_stays_in_its_range(labels):
    result = calibrate(np.eye(3) * 10, np.array(labels))
    assert 0.05 <= result["temperature"] <= 20
    assert 0 <= result["val_nll_after"] < result["val_nll_before"]
