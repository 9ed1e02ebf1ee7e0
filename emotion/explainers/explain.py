"""Explain a checkpoint on its probe set: attribution maps, their metrics and the figures."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from pydantic import Field
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.params import one_of, settings
from emotion.core.reports import ExplanationReport, MethodReport
from emotion.core.text import file_name_of
from emotion.explainers import EXPLAINERS
from emotion.explainers.attribution import Attribution, NotApplicableError, Sampling
from emotion.explainers.faithfulness import deletion_auc, evidence_shares, random_deletion_auc
from emotion.explainers.panels import ImageView, MapView, draw_overview, draw_panel
from emotion.explainers.probe_set import ProbeSet, load_probe_set
from emotion.models.checkpoint import Checkpoint

_DECIMALS = 4
Method = Annotated[str, one_of(EXPLAINERS)]


@settings
class ExplainParams:
    """The `explain` section of params.yaml."""

    images_per_class: Annotated[int, Field(ge=1, le=1_000)] = (
        1  # of the test split, chosen by content
    )
    methods: Annotated[list[Method], Field(min_length=1)] = Field(  # keys of EXPLAINERS
        default_factory=lambda: list(EXPLAINERS)
    )
    shap_samples: Annotated[int, Field(ge=2, le=100_000)] = 32  # gradients per image
    lime_samples: Annotated[int, Field(ge=20, le=100_000)] = 300  # masked copies per image


def explain_checkpoint(
    checkpoint: Checkpoint, rows: pd.DataFrame, params: ExplainParams, plots_folder: Path
) -> ExplanationReport:
    """Map, score and draw the predicted class of every probe image.

    Args:
        checkpoint: the model.
        rows: the test split.
        params: how many images, which methods, how many samples.
        plots_folder: receives `<class>_<n>.png` and `overview.png`.

    A method that cannot explain this architecture is left out with a note.

    Raises:
        UserError: no method applies.

    Returns:
        The metrics. Evidence and deletion are means over images; details are medians, because one
        logit difference near 0 can make a gap arbitrarily large.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = checkpoint.build_model().to_device(device)
    probe = load_probe_set(rows, checkpoint, params.images_per_class)
    images = probe.images.to(device)
    with torch.no_grad():
        confidences, targets = model(images).softmax(dim=1).max(dim=1)
    sampling = Sampling(
        background=probe.background.to(device),
        shap_samples=params.shap_samples,
        lime_samples=params.lime_samples,
    )
    random_deletion = random_deletion_auc(model, images, targets)
    attributions, scores = {}, {}
    for name in tqdm(params.methods, desc="explain", unit="method", leave=False):
        try:
            attributions[name] = EXPLAINERS[name](model, images, targets, sampling)
        except NotApplicableError as error:
            tqdm.write(f"explain: {name} is left out: {error}")
            continue
        share, area = evidence_shares(attributions[name].maps, probe.evidence)
        scores[name] = {
            "evidence_share": share,
            "evidence_area": area,
            "deletion_auc": deletion_auc(model, images, targets, attributions[name].maps),
            "deletion_auc_random": random_deletion,
        }
    if not attributions:
        raise UserError(
            f"none of explain.methods ({', '.join(params.methods)}) applies to "
            f"{checkpoint.model_type}; add shap_gradient or lime_superpixels, which always do."
        )
    predicted = [checkpoint.class_names[index] for index in targets.tolist()]
    views = _views(probe, predicted, confidences.tolist(), attributions, scores)
    _draw(plots_folder, views)
    return ExplanationReport(
        probe_images=len(probe.rows),
        layer=next((a.layer for a in attributions.values() if a.layer), ""),
        methods={name: _summary(attributions[name], scores[name]) for name in attributions},
    )


def headline(report: ExplanationReport) -> str:
    """The lines that the stage prints: the scores of each method with their chance levels."""
    lines = []
    for name, method in report.methods.items():
        line = f"{name:<19} deletion {method.deletion_auc:.3f}"
        line += f" (random {method.deletion_auc_random:.3f})"
        if method.evidence_share is not None:
            line += f"  evidence {method.evidence_share:.2f} (area {method.evidence_area:.2f})"
        if method.blank_maps:
            line += f"  {method.blank_maps} of {report.probe_images} maps blank"
        lines.append(line)
    return "\n".join(lines)


def _summary(attribution: Attribution, scores: Mapping[str, np.ndarray]) -> MethodReport:
    return MethodReport(
        deletion_auc=_mean(scores["deletion_auc"]),
        deletion_auc_random=_mean(scores["deletion_auc_random"]),
        evidence_share=_mean_or_none(scores["evidence_share"]),
        evidence_area=_mean_or_none(scores["evidence_area"]),
        blank_maps=int((~attribution.maps.any(axis=(1, 2))).sum()),
        details={
            name: round(float(np.median(values)), _DECIMALS)
            for name, values in attribution.details.items()
        },
    )


def _mean_or_none(values: np.ndarray) -> float | None:
    """Mean over the images whose score is defined; None without any."""
    return None if np.isnan(values).all() else _mean(values)


def _mean(values: np.ndarray) -> float:
    return round(float(np.nanmean(values)), _DECIMALS)


def _views(
    probe: ProbeSet,
    predicted: list[str],
    confidences: list[float],
    attributions: Mapping[str, Attribution],
    scores: Mapping[str, Mapping[str, np.ndarray]],
) -> list[ImageView]:
    return [
        ImageView(
            shown=probe.shown[index],
            evidence=probe.evidence[index],
            name=Path(probe.rows["path"][index]).name,
            label=probe.rows["label"][index],
            predicted=predicted[index],
            confidence=confidences[index],
            maps=[
                MapView(
                    title=attribution.title,
                    map=attribution.maps[index],
                    caption=_caption(scores[name], attribution.details, index),
                )
                for name, attribution in attributions.items()
            ],
        )
        for index in range(len(probe.rows))
    ]


def _caption(
    scores: Mapping[str, np.ndarray], details: Mapping[str, np.ndarray], index: int
) -> str:
    numbers = {name: values[index] for name, values in scores.items()}
    lines = [f"deletion {numbers['deletion_auc']:.2f}, random {numbers['deletion_auc_random']:.2f}"]
    if not np.isnan(numbers["evidence_share"]):
        evidence, area = numbers["evidence_share"], numbers["evidence_area"]
        lines.append(f"evidence {evidence:.0%}, area {area:.0%}")
    if details:
        named = [f"{key.replace('_', ' ')} {values[index]:.2f}" for key, values in details.items()]
        lines.append(", ".join(named))
    return "\n".join(lines)


def _draw(folder: Path, views: list[ImageView]) -> None:
    for stale in folder.glob("*.png"):
        stale.unlink()
    count: Counter[str] = Counter()
    for view in tqdm(views, desc="panels", unit="image", leave=False):
        count[view.label] += 1
        draw_panel(folder / f"{file_name_of(view.label)}_{count[view.label]}.png", view)
    draw_overview(folder / "overview.png", views)
