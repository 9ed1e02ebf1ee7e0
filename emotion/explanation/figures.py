"""Compose the figures of the stage: probe images, classes, mistakes, and mean maps."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from emotion.core.explanation_report import ExplanationReport
from emotion.core.text import counted, file_name_of
from emotion.explanation.methods import EXPLAINERS, SAMPLING
from emotion.explanation.panels import LabeledMap, Panel, draw_panel, draw_sheet
from emotion.explanation.scoring import MethodScores
from emotion.explanation.task import ExplainTask
from emotion.metrics.figures import show_name

_SHEET_ROWS = 4  # images of a class
_MISTAKES = 6
_MISTAKE_METHODS = 3  # each is shown for two classes

Scores = Mapping[str, MethodScores]  # by method


def draw_figures(
    folder: Path, task: ExplainTask, scores: Scores, report: ExplanationReport
) -> dict[str, int]:
    """Draw all figures into a folder, whose earlier ones are removed.

    Args:
        folder: of the figures.
        task: the model and the images.
        scores: of each method, with its maps.
        report: of the same methods; their order is that of the columns.

    Returns:
        The panels of the probe images: file name to index of the image.
    """
    for earlier in folder.glob("*.png"):
        earlier.unlink()
    panels = _draw_probes(folder, task, scores, report)
    _draw_classes(folder, task, scores, report)
    _draw_mistakes(folder, task, scores, report)
    _draw_mean_maps(folder, task, scores, report)
    return panels


def _draw_probes(
    folder: Path, task: ExplainTask, scores: Scores, report: ExplanationReport
) -> dict[str, int]:
    """One panel per probe image with the maps of all methods, and all of them in one sheet."""
    probes = range(min(task.counts.probes, _mapped_by_all(scores)))
    panels = _compose(task, scores, report, probes, list(report.methods))
    count: Counter[str] = Counter()
    names = []
    for panel, label in zip(panels, task.rows["label"], strict=False):
        count[label] += 1
        names.append(f"{file_name_of(label)}_{count[label]}.png")
        draw_panel(folder / names[-1], panel)
    draw_sheet(folder / "overview.png", _without_captions(panels))
    return dict(zip(names, probes, strict=True))


def _draw_classes(
    folder: Path, task: ExplainTask, scores: Scores, report: ExplanationReport
) -> None:
    """One sheet per class."""
    labels = task.rows["label"][: _mapped_by_all(scores)]
    for name in task.class_names:
        chosen = np.flatnonzero(labels == name)[:_SHEET_ROWS].tolist()
        if chosen:
            panels = _compose(task, scores, report, chosen, _methods_shown(report))
            path = folder / f"class_{file_name_of(name)}.png"
            draw_sheet(path, _without_captions(panels))


def _draw_mistakes(
    folder: Path, task: ExplainTask, scores: Scores, report: ExplanationReport
) -> None:
    """The most confident mistakes, with the maps of the predicted and of the true class."""
    methods = _single_pass(_methods_shown(report))[:_MISTAKE_METHODS]
    labels, predicted = task.rows["label"], task.predicted
    wrong = [i for i in range(_mapped_by_all(scores)) if predicted[i] != labels[i]]
    wrong = sorted(wrong, key=lambda index: -task.endpoints.original[index])[:_MISTAKES]
    if not wrong:
        return
    images = task.images[wrong]
    true = task.targets.new_tensor([task.class_names.index(labels[index]) for index in wrong])
    of_true = [EXPLAINERS[name](task.model, images, true, task.options).maps for name in methods]
    panels = []
    for place, panel in enumerate(_compose(task, scores, report, wrong, methods)):
        maps = []
        for name, of_predicted, others in zip(methods, panel.maps, of_true, strict=True):
            title, passed = report.methods[name].title, report.methods[name].passed
            for whose, values in (("predicted", of_predicted.map), ("true", others[place])):
                text = f"{title}\nfor the {whose} class"
                maps.append(LabeledMap(title=text, map=values, passed=passed))
        panels.append(replace(panel, maps=maps))
    draw_sheet(folder / "mistakes.png", panels)


def _draw_mean_maps(
    folder: Path, task: ExplainTask, scores: Scores, report: ExplanationReport
) -> None:
    """The mean face and the mean map of the images that are predicted as each class."""
    predicted, methods = np.array(task.predicted), _single_pass(_methods_shown(report))
    count = min(scores[method].count for method in methods)
    panels = []
    for name in task.class_names:
        if not (predicted[:count] == name).any():
            continue
        shown = task.shown[predicted == name].mean(axis=0)
        maps = []
        for method in methods:
            chosen = predicted[: scores[method].count] == name
            mean = scores[method].attribution.maps[chosen].mean(axis=0)
            caption = counted(chosen.sum(), "image")
            title, passed = report.methods[method].title, report.methods[method].passed
            maps.append(LabeledMap(title=title, map=mean, caption=caption, passed=passed))
        panels.append(
            Panel(
                shown=shown,
                evidence=np.zeros(shown.shape[:2], dtype=bool),
                heading=f"predicted\n{show_name(name)}",
                maps=maps,
            )
        )
    if panels:
        draw_sheet(folder / "mean_maps.png", panels)


def _compose(
    task: ExplainTask,
    scores: Scores,
    report: ExplanationReport,
    indices: Iterable[int],
    methods: Sequence[str],
) -> list[Panel]:
    """The panel of each image, with the maps of some methods."""
    panels, classes = [], task.predicted
    for index in indices:
        label, predicted = task.rows["label"][index], classes[index]
        confidence = task.endpoints.original[index]
        maps = [
            LabeledMap(
                title=report.methods[name].title
                + ("" if report.methods[name].passed else "\n(did not pass)"),
                map=scores[name].attribution.maps[index],
                caption=_caption(scores[name], index),
                passed=report.methods[name].passed,
            )
            for name in methods
        ]
        panels.append(
            Panel(
                shown=task.shown[index],
                evidence=task.evidence[index],
                heading=f"{'✓' if predicted == label else '✗'} predicted {show_name(predicted)} "
                f"{confidence:.2f}\ntrue {show_name(label)}",
                correct=predicted == label,
                name=show_name(Path(task.rows["path"][index]).name),
                maps=maps,
            )
        )
    return panels


def _caption(scores: MethodScores, index: int) -> str:
    lines = [f"deletion {scores.deletion[index]:.2f}, insertion {scores.insertion[index]:.2f}"]
    if not np.isnan(scores.mass[index]):
        lines.append(f"on the evidence {scores.mass[index]:.0%}, chance {scores.area[index]:.0%}")
    details = scores.attribution.details
    if details:
        lines.append(
            ", ".join(f"{key.replace('_', ' ')} {v[index]:.2f}" for key, v in details.items())
        )
    return "\n".join(lines)


def _mapped_by_all(scores: Scores) -> int:
    """Number of the first images that have a map of every method."""
    return min(found.count for found in scores.values())


def _methods_shown(report: ExplanationReport) -> list[str]:
    """The methods that passed, or all of them if none did."""
    passed = [name for name, method in report.methods.items() if method.passed]
    return passed or list(report.methods)


def _single_pass(methods: Sequence[str]) -> list[str]:
    """Those of one pass per image, which have many maps; the first one, if none is."""
    return [name for name in methods if name not in SAMPLING] or list(methods[:1])


def _without_captions(panels: Sequence[Panel]) -> list[Panel]:
    return [
        replace(panel, maps=[replace(item, caption="") for item in panel.maps]) for panel in panels
    ]
