"""Predictions of a mediocre, overconfident network."""

import numpy as np
import pandas as pd
import pytest

from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.report import ModelFacts, build_report
from emotion.evaluation.slice_gaps import compute_gaps

NAMES = ["angry", "happy", "neutral", "sad"]


def make_predictions(seed: int, n: int = 240, subjects: int = 40, sharpness: float = 4.0):
    random = np.random.default_rng(seed)
    labels = random.choice(4, n, p=[0.1, 0.4, 0.3, 0.2])
    person = random.integers(0, subjects, n)
    logits = (np.eye(4)[labels] + random.normal(0, 0.5, (n, 4))) * sharpness
    rows = pd.DataFrame(
        {
            "path": [f"data/faces/{i:05d}.png" for i in range(n)],
            "label": np.array(NAMES)[labels],
            "split": "test",
            "subject": person.astype(str),
            "source": "drawn_faces",
            "group": [f"drawn_faces/{p}" for p in person],
            "sha256": [f"{seed}-{i}" for i in range(n)],
            "width": 112,
            "height": 112,
            "synthetic": True,
            "skin_tone": (person % 3 * 4 + 2).astype(str),
            "evidence": [f"evidence/{i:05d}.png" for i in range(n)],
        }
    )
    return SplitPredictions.from_network(rows, logits.astype(np.float32), NAMES)


@pytest.fixture(scope="session")
def val():
    return make_predictions(seed=1)


@pytest.fixture(scope="session")
def test():
    return make_predictions(seed=2)


def report_of(test, val=None, threshold=None):
    """The report on `test` for a model with a temperature of 2."""
    model = ModelFacts(
        model_type="resnet50", weights="random", temperature=2.0, threshold=threshold
    )
    return build_report(test, val, model, compute_gaps(test), resamples=100)


@pytest.fixture(scope="session")
def report(val, test):
    return report_of(test, val, threshold=0.7)
