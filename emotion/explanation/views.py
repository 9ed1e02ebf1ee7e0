"""What the figures show: views of the probe images, of each class, of mistakes, of mean maps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emotion.core.explanation_report import MethodReport
from emotion.core.text import file_name_of
from emotion.explanation.methods import EXPLAINERS, SAMPLING
from emotion.explanation.panels import ImageView, MapView, draw_panel, draw_sheet
from emotion.explanation.scoring import Scored, Task
from emotion.metrics.figures import show_name

_SHEET_ROWS = 4  # images of a class
_MISTAKES = 6
_MISTAKE_METHODS = 3  # each is shown for two classes


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Everything that the figures show."""

    task: Task
    class_names: Sequence[str]
    scored: Mapping[str, Scored]
    reports: dict[str, MethodReport]  # in the order of the columns

    @property
    def drawable(self) -> int:
        """Number of the first images of which every method has a map."""
        return min(scored.count for scored in self.scored.values())

    @property
    def answers(self) -> list[str]:
        """The predicted class of each image."""
        return [self.class_names[index] for index in self.task.targets.tolist()]


def draw_figures(folder: Path, explained: Explained) -> dict[str, int]:
    """Draw all figures into `folder`, whose earlier ones are removed.

    Returns:
        The panels of the probe images: file name to index of the image.
    """
    for stale in folder.glob("*.png"):
        stale.unlink()
    panels = _draw_probes(folder, explained)
    _draw_classes(folder, explained)
    _draw_mistakes(folder, explained)
    _draw_mean_maps(folder, explained)
    return panels


def _draw_probes(folder: Path, explained: Explained) -> dict[str, int]:
    probes = range(min(explained.task.images.probes, explained.drawable))
    views = [_view(explained, index, list(explained.reports)) for index in probes]
    count: Counter[str] = Counter()
    panels = {}
    for index, view in enumerate(views):
        label = explained.task.images.rows["label"][index]
        count[label] += 1
        name = f"{file_name_of(label)}_{count[label]}.png"
        draw_panel(folder / name, view)
        panels[name] = index
    draw_sheet(folder / "overview.png", [_without_captions(view) for view in views])
    return panels


def _draw_classes(folder: Path, explained: Explained) -> None:
    """One sheet per class, with the methods that passed; all of them if none did."""
    labels = explained.task.images.rows["label"][: explained.drawable]
    for name in explained.class_names:
        chosen = np.flatnonzero(labels == name)[:_SHEET_ROWS]
        views = [_view(explained, int(index), _shown_first(explained)) for index in chosen]
        if views:
            path = folder / f"class_{file_name_of(name)}.png"
            draw_sheet(path, [_without_captions(view) for view in views])


def _draw_mistakes(folder: Path, explained: Explained) -> None:
    """The most confident mistakes: what speaks for the predicted and what for the true class."""
    task, rows = explained.task, explained.task.images.rows
    # The maps of the true class are made here.
    methods = _single_pass(_shown_first(explained))[:_MISTAKE_METHODS]
    answers = explained.answers
    wrong = [index for index in range(explained.drawable) if answers[index] != rows["label"][index]]
    wrong = sorted(wrong, key=lambda index: -task.ends.sharp[index])[:_MISTAKES]
    if not wrong:
        return
    images = task.images.images[wrong]
    truth = [explained.class_names.index(rows["label"][index]) for index in wrong]
    targets = task.targets.new_tensor(truth)
    other = {
        name: EXPLAINERS[name](task.model, images, targets, task.options).maps for name in methods
    }
    views = []
    for place, index in enumerate(wrong):
        view = _view(explained, index, methods)
        pairs = []
        for item, name in zip(view.maps, methods, strict=True):
            title = explained.reports[name].title
            pairs.append(MapView(title=f"{title}\nfor the predicted class", map=item.map))
            pairs.append(MapView(title=f"{title}\nfor the true class", map=other[name][place]))
        views.append(replace(view, maps=pairs))
    draw_sheet(folder / "mistakes.png", views)


def _draw_mean_maps(folder: Path, explained: Explained) -> None:
    """The mean face and the mean map of the images that are predicted as each class."""
    answers, methods = np.array(explained.answers), _single_pass(_shown_first(explained))
    count = min(explained.scored[method].count for method in methods)
    views = []
    for name in explained.class_names:
        if not (answers[:count] == name).any():
            continue
        shown = explained.task.images.shown[answers == name].mean(axis=0)
        maps = []
        for method in methods:
            scored = explained.scored[method]
            chosen = answers[: scored.count] == name
            mean = scored.attribution.maps[chosen].mean(axis=0)
            title = explained.reports[method].title
            maps.append(MapView(title=title, map=mean, caption=f"{chosen.sum()} images"))
        heading = f"predicted\n{show_name(name)}"
        evidence = np.zeros(shown.shape[:2], dtype=bool)
        views.append(ImageView(shown=shown, evidence=evidence, heading=heading, maps=maps))
    if views:
        draw_sheet(folder / "mean_maps.png", views)


def _view(explained: Explained, index: int, methods: Sequence[str]) -> ImageView:
    images, answer = explained.task.images, explained.answers[index]
    label = images.rows["label"][index]
    correct = answer == label
    confidence = float(explained.task.ends.sharp[index])
    return ImageView(
        shown=images.shown[index],
        evidence=images.evidence[index],
        heading=f"{'✓' if correct else '✗'} predicted {show_name(answer)} {confidence:.2f}\n"
        f"true {show_name(label)}",
        correct=correct,
        name=show_name(Path(images.rows["path"][index]).name),
        maps=[
            MapView(
                title=explained.reports[name].title
                + ("" if explained.reports[name].passed else "\n(did not pass)"),
                map=explained.scored[name].attribution.maps[index],
                caption=_caption(explained.scored[name], index),
                passed=explained.reports[name].passed,
            )
            for name in methods
        ],
    )


def _caption(scored: Scored, index: int) -> str:
    lines = [f"deletion {scored.deletion[index]:.2f}, insertion {scored.insertion[index]:.2f}"]
    if not np.isnan(scored.mass[index]):
        lines.append(f"on the evidence {scored.mass[index]:.0%}, chance {scored.area[index]:.0%}")
    details = scored.attribution.details
    if details:
        lines.append(
            ", ".join(f"{key.replace('_', ' ')} {v[index]:.2f}" for key, v in details.items())
        )
    return "\n".join(lines)


def _shown_first(explained: Explained) -> list[str]:
    """The methods that passed, or all of them if none did."""
    passed = [name for name, report in explained.reports.items() if report.passed]
    return passed or list(explained.reports)


def _single_pass(methods: Sequence[str]) -> list[str]:
    """Those of one pass per image, which have many maps; the first one, if none is."""
    return [name for name in methods if name not in SAMPLING] or list(methods[:1])


def _without_captions(view: ImageView) -> ImageView:
    return replace(view, maps=[replace(item, caption="") for item in view.maps])
