"""Relevance mass accuracy and pointing game, computed by hand."""

import numpy as np

from emotion.data.face_regions import LEVELS
from emotion.explanation.faithfulness.evidence import score_evidence, unit_masks


def test_mass_counts_positive_attribution_only():
    maps = np.array([[[3.0, 1.0], [-9.0, 0.0]], [[3.0, 4.0], [3.0, 0.0]]])
    evidence = np.array([[[True, False], [True, False]]] * 2)
    scores = score_evidence(maps, evidence)
    assert scores.mass.tolist() == [0.75, 0.6]
    assert scores.pointing.tolist() == [1, 0]  # is the strongest pixel inside?
    assert scores.area.tolist() == [0.5, 0.5]


def test_scores_are_undefined_without_evidence_or_attribution():
    maps = np.array([[[1.0, 1.0]], [[0.0, -1.0]]])
    evidence = np.array([[[False, False]], [[True, False]]])
    assert np.isnan(np.stack(score_evidence(maps, evidence))).all()


def test_the_mass_of_a_uniform_map_is_the_area():
    evidence = np.random.default_rng(0).random((3, 8, 8)) < 0.3
    scores = score_evidence(np.ones((3, 8, 8)), evidence)
    np.testing.assert_allclose(scores.mass, scores.area)


def test_the_evidence_of_a_unit_is_the_part_in_its_regions():
    regions = np.array([[[LEVELS["mouth"], LEVELS["cheeks"], LEVELS["eyes"], 0]]], dtype=np.uint8)
    evidence = np.array([[[True, True, True, False]]])
    assert unit_masks(evidence, regions, 12).tolist() == [[[True, True, False, False]]]
    assert unit_masks(evidence, regions, 5).tolist() == [[[False, False, True, False]]]
    assert not unit_masks(evidence & False, regions, 12).any()
