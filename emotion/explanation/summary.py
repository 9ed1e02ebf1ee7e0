"""Format the report as text: the lines that the stage prints, and the page of observations."""

from emotion.core import markdown
from emotion.core.explanation_report import ExplanationReport, MethodReport


def headline(report: ExplanationReport) -> str:
    """One line per method: its scores and the verdict."""
    width = max(len(method.title) for method in report.methods.values())
    lines = []
    for method in report.methods.values():
        scores = [f"{method.images:>4} images", _gain(method)]
        if method.mass is not None:
            scores.append(f"evidence {method.mass.mean:.2f} (area {method.area:.2f})")
        if method.blank_maps:
            scores.append(f"{method.blank_maps} blank")
        mark = "passed" if method.passed else "FAILED"
        lines.append(f"{method.title:<{width}}  {mark}  {'  '.join(scores)}")
        lines.append(f"{'':<{width}}  {method.verdict}")
    return "\n".join(lines)


def format_observations(report: ExplanationReport) -> str:
    """The page plots/explain/observations.md."""
    lines = ["# What the model looks at", ""]
    if report.observations:
        lines.append(markdown.bullets(report.observations))
    else:
        lines.append("No method passed, so the maps say nothing about the model.")
    lines += ["", "## Which methods can be trusted", ""]
    lines += [
        f"- **{method.title}** ({method.images} images): {markdown.escape(method.verdict)}."
        for method in report.methods.values()
    ]
    lines += [
        f"- **{markdown.escape(name)}** is left out: {markdown.escape(why)}."
        for name, why in report.left_out.items()
    ]
    return "\n".join(lines) + "\n"


def _gain(method: MethodReport) -> str:
    gain = method.insertion.mean - method.deletion.mean
    return f"insertion - deletion {gain:+.2f}"
