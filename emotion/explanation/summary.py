"""Format the report as text: the lines that the stage prints, and the page of observations."""

from emotion.core import markdown
from emotion.core.explanation_report import ExplanationReport, MethodReport
from emotion.core.text import counted


def headline(report: ExplanationReport) -> str:
    """One line per method: its scores and the verdict."""
    width = max(len(method.title) for method in report.methods.values())
    lines = []
    for method in report.methods.values():
        scores = [f"{counted(method.images, 'image'):>11}", _gain(method)]
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
    lines = ["# What the model looks at", "", markdown.bullets(report.observations), ""]
    lines += ["## Which methods can be trusted", ""]
    for method in report.methods.values():
        images = counted(method.images, "image")
        lines.append(f"- **{method.title}** ({images}): {markdown.escape(method.verdict)}.")
    lines += [
        f"- **{markdown.escape(name)}** is left out: {markdown.escape(why)}."
        for name, why in report.left_out.items()
    ]
    return "\n".join(lines) + "\n"


def _gain(method: MethodReport) -> str:
    gain = method.insertion.mean - method.deletion.mean
    return f"insertion - deletion {gain:+.2f}"
