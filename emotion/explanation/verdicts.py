"""From the scores of a method to what a reader should do with its maps.

A method passes if it beats both baselines in insertion minus deletion, if it beats both in the mass
on the evidence where the evidence is known, and if its maps depend on the weights. "Beats" means
that the 95 % interval of the difference, over groups of dependent images, is above 0.
"""

from collections.abc import Mapping

import numpy as np

from emotion.core.explanation_report import Estimate, MethodReport, UnitReport
from emotion.explanation.faithfulness.evidence import score_evidence, unit_masks
from emotion.explanation.faithfulness.randomization import LIMIT
from emotion.explanation.images import ExplainedImages
from emotion.explanation.scoring import Scored
from emotion.metrics.means import mean_by_group

_DECIMALS = 4
_MIN_UNIT_IMAGES = 5  # fewer say nothing of an action unit


def report_method(
    scored: Scored, baselines: Mapping[str, Scored], explained: ExplainedImages
) -> MethodReport:
    """Summarize the scores of a method against the baselines, which have at least its images."""
    groups = explained.rows["group"].to_numpy()

    def estimate(values: np.ndarray, low: float = 0.0) -> Estimate | None:
        mean = mean_by_group(values, groups[: len(values)], bounds=(low, 1.0))
        if mean is None:
            return None
        lowest, highest = map(_round, mean.interval) if mean.interval else (None, None)
        return Estimate(mean=_round(mean.value), low=lowest, high=highest)

    def over(values: np.ndarray, of_baselines: Mapping[str, np.ndarray]) -> dict[str, Estimate]:
        found = {
            name: estimate(values - others[: len(values)], low=-2.0)
            for name, others in of_baselines.items()
        }
        return {name: value for name, value in found.items() if value is not None}

    gains = {name: other.insertion - other.deletion for name, other in baselines.items()}
    gain_over = over(scored.insertion - scored.deletion, gains)
    mass_over = over(scored.mass, {name: other.mass for name, other in baselines.items()})
    randomization = {
        step: _round(float(values.mean())) for step, values in scored.randomization.items()
    }
    passed, verdict = judge(gain_over, mass_over, randomization)
    return MethodReport(
        title=scored.attribution.title,
        images=scored.count,
        verdict=verdict,
        passed=passed,
        deletion=_defined(estimate(scored.deletion)),
        insertion=_defined(estimate(scored.insertion)),
        gain_over=gain_over,
        road=_defined(estimate(scored.road, low=-1.0)),
        mass=estimate(scored.mass),
        mass_over=mass_over,
        pointing=estimate(scored.pointing),
        area=None if np.isnan(scored.area).all() else _round(float(np.nanmean(scored.area))),
        units=_report_units(scored, explained),
        randomization=randomization,
        blank_maps=int((~scored.attribution.maps.any(axis=(1, 2))).sum()),
        note=scored.attribution.note,
        details={
            name: _round(float(np.median(values)))
            for name, values in scored.attribution.details.items()
        },
    )


def judge(
    gain_over: Mapping[str, Estimate],
    mass_over: Mapping[str, Estimate],
    randomization: Mapping[str, float],
) -> tuple[bool, str]:
    """Whether a method passes, and a sentence that says why.

    Args:
        gain_over: insertion minus deletion, minus that of each baseline; empty for a baseline.
        mass_over: mass on the evidence, minus that of each baseline; empty without masks.
        randomization: mean rank correlation after each step of the cascade.
    """
    if not gain_over:
        return False, "a baseline, to be beaten"
    failed = []
    for what, differences in (
        ("marks what the prediction depends on", gain_over),
        ("points at the evidence", mass_over),
    ):
        if differences and not all(_is_above(value) for value in differences.values()):
            name, worst = min(differences.items(), key=lambda item: item[1].mean)
            failed.append(f"{what} no better than the {_words(name)} {_span(worst)}")
    final = list(randomization.values())[-1] if randomization else 0.0
    if final > LIMIT:
        failed.append(f"hardly depends on the weights (rank correlation {final:.2f} without them)")
    if failed:
        return False, f"{' and '.join(failed)}; do not use it for this model"
    shown = mass_over or gain_over
    what = "points at the evidence" if mass_over else "marks what the prediction depends on"
    name, least = min(shown.items(), key=lambda item: item[1].mean)
    return True, f"{what} better than chance and than the {_words(name)} {_span(least)}"


def _report_units(scored: Scored, explained: ExplainedImages) -> dict[str, UnitReport]:
    units = explained.units()[: scored.count]
    found = {}
    for unit in sorted({unit for present in units for unit in present}):
        chosen = np.array([unit in present for present in units])
        masks = unit_masks(
            explained.evidence[: scored.count][chosen],
            explained.regions[: scored.count][chosen],
            unit,
        )
        scores = score_evidence(scored.attribution.maps[chosen], masks)
        defined = ~np.isnan(scores.mass)
        if defined.sum() >= _MIN_UNIT_IMAGES:
            found[str(unit)] = UnitReport(
                mass=_round(float(scores.mass[defined].mean())),
                pointing=_round(float(scores.pointing[defined].mean())),
                area=_round(float(scores.area[defined].mean())),
                images=int(defined.sum()),
            )
    return found


def _is_above(value: Estimate) -> bool:
    return value.low is not None and value.low > 0


def _span(value: Estimate) -> str:
    if value.low is None or value.high is None:
        return f"({value.mean:+.2f}, too few groups for an interval)"
    return f"[{value.low:+.2f}, {value.high:+.2f}]"


def _words(baseline: str) -> str:
    return baseline.replace("_", " ")


def _defined(value: Estimate | None) -> Estimate:
    assert value is not None  # every image has this score
    return value


def _round(value: float) -> float:
    return round(value, _DECIMALS)
