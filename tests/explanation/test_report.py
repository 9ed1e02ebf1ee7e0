"""The report compares each method with the baselines on the same images."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from emotion.data.face_regions import LEVELS
from emotion.explanation.methods.attribution import Attribution
from emotion.explanation.report import build_report, report_method
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


def observations(task, passes: bool, predicted, masks=None):
    """Of a method with maps that do or do not beat the baselines."""
    count = len(predicted)
    task.class_names, task.predicted = ["happy", "sad"], predicted
    task.counts = SimpleNamespace(single=count, sampling=count)
    rows = task.rows.drop(columns="face_regions", errors="ignore").assign(label="happy")
    task.rows = rows if masks is None else rows.assign(face_regions=masks)
    scores = {"m": scores_of(0.2 if passes else -0.2, count=count)}
    return build_report(task, scores, {"center_map": scores_of(0.0)}, {}).observations


def test_no_observation_says_which_reason_it_has(task):
    few, many = ["happy"] * 2 + ["sad"] * 2, ["happy"] * 6
    for passes, predicted, masks, words in (
        (False, many, None, ["No method passed"]),
        (False, few, None, ["No method passed"]),
        (True, few, None, ["No class was predicted for 5 of the 4 images that m explained"]),
        (True, many, ["mask.png"] * COUNT, ["happy (6 images)"]),
        (True, many, ["mask.png"] * 19 + [""], ["happy (6 images)"]),  # the last is not explained
        (
            True,
            many,
            ["", *["mask.png"] * 19],
            ["happy (6 images)", "Without a mask of the face regions: 1 of 6 images,"],
        ),
        (
            True,
            many,
            None,
            ["happy (6 images)", "Without a mask of the face regions: 6 of 6 images,"],
        ),
    ):
        found = observations(task, passes, predicted, masks)
        assert len(found) == len(words)
        for sentence, start in zip(found, words, strict=True):
            assert sentence.startswith(start)
