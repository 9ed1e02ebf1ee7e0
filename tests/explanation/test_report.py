"""The report compares each method with the baselines on the same images."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from emotion.data.face_regions import LEVELS
from emotion.explanation.methods.attribution import Attribution
from emotion.explanation.report import report_method
from emotion.explanation.scoring import MethodScores

COUNT = 20


@pytest.fixture
def task():
    """The fields of an ExplainTask that are read: two images per group, evidence at the mouth."""
    evidence = np.zeros((COUNT, 4, 4), dtype=bool)
    evidence[:, 0] = True
    return SimpleNamespace(
        rows=pd.DataFrame({"group": np.arange(COUNT) // 2, "evidence_units": ["12 25"] * COUNT}),
        evidence=evidence,
        regions=np.where(evidence, LEVELS["mouth"], 0).astype(np.uint8),
    )


def scores_of(shift: float, count: int = COUNT) -> MethodScores:
    noise = np.random.default_rng(0).normal(0, 0.05, count)
    maps = np.zeros((count, 4, 4), dtype=np.float32)
    maps[:, 0, 0] = 1
    return MethodScores(
        attribution=Attribution(title="m", maps=maps, details={"r2": np.full(count, 0.5)}),
        deletion=0.4 - shift + noise,
        insertion=0.4 + shift + noise,
        road=np.where(np.arange(count) < 8, 0.1, np.nan),
        mass=0.3 + shift + noise,
        pointing=np.ones(count),
        area=np.full(count, 0.2),
        randomization={"head": np.zeros(3)},
    )


def test_a_report_compares_with_the_baselines_on_the_same_images(task):
    baselines = {"random_map": scores_of(0.0), "center_map": scores_of(0.05)}
    report = report_method(task, scores_of(0.2, count=10), baselines)
    assert report.passed
    assert report.images == 10
    # The noise of the same images cancels out.
    assert report.gain_over["center_map"].mean == pytest.approx(0.3)
    assert report.mass_over["random_map"].mean == pytest.approx(0.2)
    assert report.road.mean == 0.1
    assert report.details == {"r2": 0.5}
    assert report.units["12"].mass == report.units["12"].pointing == 1
    assert report.units["25"].area == 0.25
    assert report.units["12"].images == 10


def test_a_baseline_is_not_judged(task):
    report = report_method(task, scores_of(0.0), {})
    assert not report.passed
    assert not report.gain_over
