"""Summarize the scores of all methods in the report of the stage."""

from collections.abc import Mapping

import numpy as np

from emotion.core.explanation_report import Estimate, ExplanationReport, MethodReport, UnitReport
from emotion.core.text import counted
from emotion.data.manifest import REGIONS
from emotion.explanation.faithfulness.evidence import score_evidence, unit_masks
from emotion.explanation.images import read_units
from emotion.explanation.observations import MIN_IMAGES, observe
from emotion.explanation.scoring import MethodScores
from emotion.explanation.task import ExplainTask
from emotion.explanation.verdicts import judge
from emotion.metrics.means import mean_by_group

_DECIMALS = 4
_MIN_UNIT_IMAGES = 5  # an action unit in fewer images is not reported


def build_report(
    task: ExplainTask,
    scores: Mapping[str, MethodScores],
    baselines: Mapping[str, MethodScores],
    left_out: dict[str, str],
) -> ExplanationReport:
    """Compare each method with the baselines, and describe the maps of the best one.

    Args:
        task: the model and the images.
        scores: of each method.
        baselines: scores of the maps that do not depend on the prediction, on all images.
        left_out: methods that do not apply, and why.

    Returns:
        The report; methods that passed come first, and among them those with the highest gain.
    """
    methods = {name: report_method(task, found, baselines) for name, found in scores.items()}
    methods = dict(sorted(methods.items(), key=lambda item: _rank(item[1])))
    return ExplanationReport(
        images=task.counts.single,
        sampling_images=task.counts.sampling,
        has_evidence=bool(task.evidence.any()),
        baselines={name: report_method(task, found, {}) for name, found in baselines.items()},
        methods=methods,
        left_out=left_out,
        observations=_observe_best(task, scores, methods),
    )


def report_method(
    task: ExplainTask, scores: MethodScores, baselines: Mapping[str, MethodScores]
) -> MethodReport:
    """Summarize the scores of one method.

    Args:
        task: the model and the images.
        scores: of n images.
        baselines: of at least the same images; empty for a baseline.
    """
    groups = task.rows["group"].to_numpy()
    gains = {name: other.insertion - other.deletion for name, other in baselines.items()}
    gain_over = _differences(scores.insertion - scores.deletion, gains, groups)
    masses = {name: other.mass for name, other in baselines.items()}
    mass_over = _differences(scores.mass, masses, groups)
    randomization = {
        step: _round(float(values.mean())) for step, values in scores.randomization.items()
    }
    passed, verdict = judge(gain_over, mass_over, randomization)
    details = scores.attribution.details
    return MethodReport(
        title=scores.attribution.title,
        images=scores.count,
        verdict=verdict,
        passed=passed,
        deletion=_defined(_estimate(scores.deletion, groups)),
        insertion=_defined(_estimate(scores.insertion, groups)),
        gain_over=gain_over,
        road=_defined(_estimate(scores.road, groups, low=-1.0)),
        mass=_estimate(scores.mass, groups),
        mass_over=mass_over,
        pointing=_estimate(scores.pointing, groups),
        area=None if np.isnan(scores.area).all() else _round(float(np.nanmean(scores.area))),
        units=_report_units(task, scores),
        randomization=randomization,
        blank_maps=int((~scores.attribution.maps.any(axis=(1, 2))).sum()),
        note=scores.attribution.note,
        details={name: _round(float(np.median(values))) for name, values in details.items()},
    )


def _report_units(task: ExplainTask, scores: MethodScores) -> dict[str, UnitReport]:
    units = read_units(task.rows)[: scores.count]
    found = {}
    for unit in sorted({unit for present in units for unit in present}):
        chosen = np.flatnonzero([unit in present for present in units])
        masks = unit_masks(task.evidence[chosen], task.regions[chosen], unit)
        of_unit = score_evidence(scores.attribution.maps[chosen], masks)
        defined = ~np.isnan(of_unit.mass)
        if defined.sum() >= _MIN_UNIT_IMAGES:
            found[str(unit)] = UnitReport(
                mass=_round(float(of_unit.mass[defined].mean())),
                pointing=_round(float(of_unit.pointing[defined].mean())),
                area=_round(float(of_unit.area[defined].mean())),
                images=int(defined.sum()),
            )
    return found


def _observe_best(
    task: ExplainTask, scores: Mapping[str, MethodScores], methods: Mapping[str, MethodReport]
) -> list[str]:
    """Sentences about the best method that passed, on as many images as possible, or why none."""
    passed = [name for name, method in methods.items() if method.passed]
    if not passed:
        return ["No method passed, so the maps say nothing about the model."]
    best = max(passed, key=lambda name: methods[name].images)
    count = methods[best].images
    sentences = observe(
        maps=scores[best].attribution.maps,
        regions=task.regions[:count],
        labels=list(task.rows["label"][:count]),
        predicted=task.predicted[:count],
        class_names=task.class_names,
        title=methods[best].title,
    )
    masks = task.rows[REGIONS][:count] if REGIONS in task.rows else [""] * count
    assumed = sum(mask == "" for mask in masks)
    if sentences and assumed:
        sentences.append(
            f"Without a mask of the face regions: {assumed:,} of {counted(count, 'image')}, taken "
            "as cropped to an upright face."
        )
    return sentences or [
        f"No class was predicted for {MIN_IMAGES} of the {counted(count, 'image')} that "
        f"{methods[best].title} explained, so nothing is said about classes."
    ]


def _rank(method: MethodReport) -> tuple[bool, float]:
    return not method.passed, -min(gain.mean for gain in method.gain_over.values())


def _differences(
    values: np.ndarray, of_baselines: Mapping[str, np.ndarray], groups: np.ndarray
) -> dict[str, Estimate]:
    """The mean difference of scores (n,) to those of each baseline, where it is defined."""
    found = {
        name: _estimate(values - others[: len(values)], groups, low=-2.0)
        for name, others in of_baselines.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _estimate(values: np.ndarray, groups: np.ndarray, low: float = 0.0) -> Estimate | None:
    """The mean of scores (n,) in low..1, NaN left out; None if none is defined."""
    mean = mean_by_group(values, groups[: len(values)], bounds=(low, 1.0))
    if mean is None:
        return None
    lowest, highest = map(_round, mean.interval) if mean.interval else (None, None)
    return Estimate(mean=_round(mean.value), low=lowest, high=highest)


def _defined(value: Estimate | None) -> Estimate:
    assert value is not None  # every image has this score
    return value


def _round(value: float) -> float:
    return round(value, _DECIMALS)
