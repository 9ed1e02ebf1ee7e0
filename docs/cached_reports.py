"""Blocks from reports in plots/ and models/, which are in the DVC cache and not in Git.

A function returns the Markdown of its block, or None where its report is not there.
"""

from docs.committed_run import LEFT, NBSP, RIGHT, table
from emotion.core.explanation_report import Estimate, ExplanationReport, MethodReport
from emotion.core.reports import Calibration, EvaluationReport, read_report
from emotion.explanation.methods import SAMPLING
from stages import paths


def evaluation() -> str | None:
    """Calibration, abstention and slices, from the report of the stage evaluate."""
    if not paths.EVALUATION_REPORT.exists() or not paths.CALIBRATION.exists():
        return None
    report = read_report(paths.EVALUATION_REPORT, EvaluationReport)
    calibration = read_report(paths.CALIBRATION, Calibration)
    test, accepted = report.test, report.answered
    lines = [f"- Temperature: {calibration.reason}."]
    if test.ece_low is not None:
        lines.append(f"- ECE on test: {test.ece:.3f} [{test.ece_low:.3f}, {test.ece_high:.3f}].")
    if accepted:
        risk = "" if accepted.error is None else f" at a selective risk of {accepted.error:.2f}"
        lines.append(
            f"- Abstention: with `target_error: {calibration.target_error}`, the confidence "
            f"threshold chosen on validation has {accepted.coverage:.0%} coverage on test{risk}."
        )
    lines += [f"- {gap.sentence}" for gap in report.slices.values()]
    return "\n".join(lines)


def explanation() -> str | None:
    """The scores of the attribution methods, from the report of the stage explain."""
    if not paths.EXPLAIN_REPORT.exists():
        return None
    report = read_report(paths.EXPLAIN_REPORT, ExplanationReport)
    scores = "images", "insertion - deletion", "ROAD", "relevance mass accuracy", "pointing game"
    rows = [
        [
            method.title + " *" * (name in SAMPLING),
            f"{method.images}",
            f"{method.insertion.mean - method.deletion.mean:.2f}{_over(method.gain_over)}",
            f"{method.road.mean:.2f}",
            *_on_evidence(method),
            "baseline" if name in report.baselines else _judged(method),
        ]
        for name, method in (report.methods | report.baselines).items()
    ]
    return table({"method": LEFT, **dict.fromkeys(scores, RIGHT), "verdict": LEFT}, rows)


def _judged(method: MethodReport) -> str:
    return "passed" if method.passed else "**failed**"


def _on_evidence(method: MethodReport) -> tuple[str, str]:
    if method.mass is None or method.pointing is None:  # the images have no masks
        return "", ""
    return f"{method.mass.mean:.2f}{_over(method.mass_over)}", f"{method.pointing.mean:.2f}"


def _over(differences: dict[str, Estimate]) -> str:
    """The interval of the difference to the center prior."""
    found = differences.get("center_map")
    if found is None or found.low is None:
        return ""
    return f" [{found.low:+.2f},{NBSP}{found.high:+.2f}]"
