"""Explain a checkpoint on test images: attribution maps, their scores, and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.explanation_report import ExplanationReport, MethodReport
from emotion.explanation.methods import BASELINES, EXPLAINERS, SAMPLING
from emotion.explanation.methods.attribution import NotApplicableError
from emotion.explanation.observations import observe
from emotion.explanation.params import ExplainParams
from emotion.explanation.scoring import Scored, Task, prepare_task, randomize, score_maps
from emotion.explanation.verdicts import report_method
from emotion.explanation.views import Explained, draw_figures
from emotion.models.checkpoint import Checkpoint

_DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What the stage writes, besides the figures."""

    report: ExplanationReport
    scores: pd.DataFrame  # one row per image and method
    panels: pd.DataFrame  # one row per panel of a probe image


def explain_checkpoint(
    checkpoint: Checkpoint, rows: pd.DataFrame, params: ExplainParams, figures: Path
) -> Explanation:
    """Map, score and draw the predicted class of test images.

    Args:
        checkpoint: the model.
        rows: the test split.
        params: which methods, how many images, how many samples.
        figures: the folder of the figures; those of an earlier run are removed.

    A method that cannot explain this architecture is left out with a note.

    Raises:
        UserError: no method applies, a setting does not fit the model, or an image or a mask cannot
            be used.
    """
    task = prepare_task(checkpoint, rows, params)
    images, counts = task.images, task.counts
    baselines = {name: score_maps(BASELINES[name], task, counts.single) for name in BASELINES}
    scored, left_out = _score_methods(task, params.methods)
    if not scored:
        raise UserError(
            f"none of explain.methods ({', '.join(params.methods)}) applies to "
            f"{checkpoint.model_type}; add shap_values or lime_superpixels, which always do."
        )
    reports = {name: report_method(found, baselines, images) for name, found in scored.items()}
    explained = Explained(
        task=task,
        class_names=checkpoint.class_names,
        scored=scored,
        reports=dict(sorted(reports.items(), key=lambda item: _rank(item[1]))),
    )
    panels = draw_figures(figures, explained)
    report = ExplanationReport(
        images=counts.single,
        sampling_images=counts.sampling,
        has_evidence=images.has_evidence,
        baselines={name: report_method(found, {}, images) for name, found in baselines.items()},
        methods=explained.reports,
        left_out=left_out,
        observations=_observe(explained),
    )
    return Explanation(
        report=report,
        scores=_score_table(explained, baselines),
        panels=_panel_table(explained, panels),
    )


def _score_methods(task: Task, methods: Sequence[str]) -> tuple[dict[str, Scored], dict[str, str]]:
    """The scores of each method, and why others are left out."""
    scored: dict[str, Scored] = {}
    left_out: dict[str, str] = {}
    with tqdm(methods, desc="explain", unit="method", leave=False) as bar:
        for name in bar:
            bar.set_postfix_str(name)
            is_sampling, explain = name in SAMPLING, EXPLAINERS[name]
            count = task.counts.sampling if is_sampling else task.counts.single
            try:
                found = score_maps(explain, task, count)
            except NotApplicableError as error:
                left_out[name] = str(error)
                tqdm.write(f"explain: {name} is left out: {error}")
                continue
            correlations = randomize(explain, task, found.attribution.maps, is_sampling)
            scored[name] = replace(found, randomization=correlations)
    return scored, left_out


def _rank(report: MethodReport) -> tuple[bool, float]:
    """Methods that passed first, and among them those with the highest gain over chance."""
    return not report.passed, -min(gain.mean for gain in report.gain_over.values())


def _observe(explained: Explained) -> list[str]:
    """Sentences about the best method that passed, if any, on as many images as possible."""
    passed = [name for name, report in explained.reports.items() if report.passed]
    if not passed:
        return []
    best = max(passed, key=lambda name: explained.reports[name].images)
    count = explained.scored[best].count
    return observe(
        maps=explained.scored[best].attribution.maps,
        regions=explained.task.images.regions[:count],
        labels=list(explained.task.images.rows["label"][:count]),
        predicted=explained.answers[:count],
        class_names=explained.class_names,
        title=explained.reports[best].title,
    )


def _score_table(explained: Explained, baselines: Mapping[str, Scored]) -> pd.DataFrame:
    rows = explained.task.images.rows
    tables = []
    for name, scored in {**explained.scored, **baselines}.items():
        count = scored.count
        table = rows[["path", "label"]].head(count)
        table = table.assign(predicted=explained.answers[:count], method=name)
        for score in ("deletion", "insertion", "road", "mass", "pointing", "area"):
            table[score] = np.round(getattr(scored, score), _DECIMALS)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _panel_table(explained: Explained, panels: Mapping[str, int]) -> pd.DataFrame:
    chosen = explained.task.images.rows.iloc[list(panels.values())]
    confidences = explained.task.ends.sharp.tolist()
    return pd.DataFrame(
        {
            "panel": list(panels),
            "path": chosen["path"].tolist(),
            "sha256": chosen["sha256"].tolist(),
            "label": chosen["label"].tolist(),
            "predicted": [explained.answers[index] for index in panels.values()],
            "confidence": [round(confidences[index], _DECIMALS) for index in panels.values()],
        }
    )
