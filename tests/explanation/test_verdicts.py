"""Verdicts: what passes, what does not, and the words for it."""

import numpy as np
import pandas as pd
import pytest
import torch

from emotion.core.explanation_report import Estimate
from emotion.data.face_regions import LEVELS
from emotion.explanation.images import ExplainedImages
from emotion.explanation.methods.attribution import Attribution
from emotion.explanation.scoring import Scored
from emotion.explanation.verdicts import judge, report_method

ABOVE, BELOW = Estimate(mean=0.2, low=0.1, high=0.3), Estimate(mean=0.1, low=-0.1, high=0.3)
ALL_ABOVE = {"random_map": ABOVE, "center_map": ABOVE}
ONE_BELOW = {"random_map": ABOVE, "center_map": BELOW}
DESTROYED = {"head": 0.9, "stage 0": 0.1}


def test_a_method_above_both_baselines_passes():
    passed, words = judge(ALL_ABOVE, ALL_ABOVE, DESTROYED)
    assert passed
    assert words.startswith("points at the evidence better than chance")
    assert words.endswith("[+0.10, +0.30]")


def test_without_masks_the_prediction_is_the_judge():
    passed, words = judge(ALL_ABOVE, {}, DESTROYED)
    assert passed
    assert words.startswith("marks what the prediction depends on better than chance")


@pytest.mark.parametrize(
    ("gain", "mass", "randomization", "expected"),
    [
        (ONE_BELOW, ALL_ABOVE, DESTROYED, "prediction depends on no better than the center map"),
        (ALL_ABOVE, ONE_BELOW, DESTROYED, "evidence no better than the center map [-0.10, +0.30]"),
        (ALL_ABOVE, ALL_ABOVE, {"head": 0.1, "stage 0": 0.9}, "hardly depends on the weights"),
    ],
)
def test_each_failure_is_named_with_what_to_do(gain, mass, randomization, expected):
    passed, words = judge(gain, mass, randomization)
    assert not passed
    assert expected in words
    assert words.endswith("do not use it for this model")


def test_too_few_groups_for_an_interval_do_not_pass():
    single = {"random_map": Estimate(mean=0.5, low=None, high=None)}
    passed, words = judge(single, {}, DESTROYED)
    assert not passed
    assert "too few groups" in words


def scored(shift: float, count: int = 20) -> Scored:
    noise = np.random.default_rng(0).normal(0, 0.05, count)
    maps = np.zeros((count, 4, 4), dtype=np.float32)
    maps[:, 0, 0] = 1
    return Scored(
        attribution=Attribution(title="m", maps=maps, details={"r2": np.full(count, 0.5)}),
        deletion=0.4 - shift + noise,
        insertion=0.4 + shift + noise,
        road=np.where(np.arange(count) < 8, 0.1, np.nan),
        mass=0.3 + shift + noise,
        pointing=np.ones(count),
        area=np.full(count, 0.2),
        randomization={"head": np.zeros(3)},
    )


@pytest.fixture
def explained():
    count = 20
    evidence = np.zeros((count, 4, 4), dtype=bool)
    evidence[:, 0] = True
    regions = np.where(evidence, LEVELS["mouth"], 0).astype(np.uint8)
    rows = pd.DataFrame({"group": np.arange(count) // 2, "evidence_units": ["12 25"] * count})
    return ExplainedImages(
        rows=rows,
        probes=0,
        images=torch.empty(count, 0),
        shown=np.empty(0),
        evidence=evidence,
        regions=regions,
        background=torch.empty(0),
    )


def test_a_report_compares_with_the_baselines_on_the_same_images(explained):
    baselines = {"random_map": scored(0.0), "center_map": scored(0.05)}
    report = report_method(scored(0.2, count=10), baselines, explained)
    assert report.passed
    assert report.images == 10
    assert report.gain_over["center_map"].mean == pytest.approx(0.3, abs=0.03)
    assert report.mass_over["random_map"].mean == pytest.approx(0.2, abs=0.03)
    assert report.road.mean == 0.1
    assert report.details == {"r2": 0.5}
    assert report.units["12"].mass == report.units["12"].pointing == 1
    assert report.units["25"].area == 0.25
    assert report.units["12"].images == 10


def test_a_baseline_is_not_judged(explained):
    report = report_method(scored(0.0), {}, explained)
    assert not report.passed
    assert report.verdict == "a baseline, to be beaten"
