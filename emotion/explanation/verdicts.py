"""Decide whether the maps of a method can be used for a model, and say why.

A method passes if it beats both baselines in insertion minus deletion, if it beats both in the
relevance mass accuracy where the evidence is known, and if its maps depend on the weights. "Beats"
means that the 95 % interval of the difference, over groups of dependent images, is above 0.
"""

from collections.abc import Mapping

from emotion.core.explanation_report import Estimate
from emotion.explanation.faithfulness.randomization import LIMIT


def judge(
    gain_over: Mapping[str, Estimate],
    mass_over: Mapping[str, Estimate],
    randomization: Mapping[str, float],
) -> tuple[bool, str]:
    """Whether a method passes, and a sentence that says why.

    Args:
        gain_over: insertion minus deletion, minus that of each baseline; empty for a baseline.
        mass_over: relevance mass accuracy, minus that of each baseline; empty without masks.
        randomization: mean rank correlation after each step of the cascade, in -1..1.
    """
    if not gain_over:
        return False, "a baseline, to be beaten"
    failed = []
    for what, differences in (
        ("mark what the prediction depends on", gain_over),
        ("point at the evidence", mass_over),
    ):
        not_beaten = {name: value for name, value in differences.items() if not _is_above(value)}
        if not_beaten:
            name, worst = min(not_beaten.items(), key=lambda item: item[1].mean)
            failed.append(f"is not shown to {what} better than the {_words(name)} {_span(worst)}")
    final = list(randomization.values())[-1] if randomization else 0.0
    if final > LIMIT:
        failed.append(f"hardly depends on the weights (rank correlation {final:.2f} without them)")
    if failed:
        return False, f"{' and '.join(failed)}; do not use it for this model"
    shown = mass_over or gain_over
    what = "points at the evidence" if mass_over else "marks what the prediction depends on"
    name, least = min(shown.items(), key=lambda item: item[1].mean)
    closer = f"the closer one being the {_words(name)} {_span(least)}"
    return True, f"{what} better than both baselines, {closer}"


def _is_above(value: Estimate) -> bool:
    return value.low is not None and value.low > 0


def _span(value: Estimate) -> str:
    if value.low is None or value.high is None:
        return f"({value.mean:+.2f}, too few groups for an interval)"
    return f"[{value.low:+.2f}, {value.high:+.2f}]"


def _words(baseline: str) -> str:
    return baseline.replace("_", " ")
