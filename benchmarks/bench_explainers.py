"""Score explainers on drawn faces, whose evidence is known, and the scores that do not use it.

Run     python -m benchmarks.bench_explainers FOLDER [backbone ...]     (an hour per large backbone)
Reads   FOLDER/faces, and FOLDER/<backbone>.pth, of an earlier call
Writes  both if they are missing, and benchmarks/results/explainers.json after each backbone

Each network is trained as in trained_backbones.py, and explained on test subjects, in the class
that it predicts. On photographs the evidence is unknown, so explainers are compared by deletion,
insertion or ROAD. Here both are known: of each pair of maps of one image, the map with the higher
relevance mass accuracy is the better one, and a score can be trusted as far as it prefers the same
map.
"""

import contextlib
import dataclasses
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DVC_TEST", "true")  # disables DVC's telemetry

import numpy as np
import pandas as pd
import torch
from scipy import stats

import emotion.models  # noqa: F401, must precede torchvision
from benchmarks.bench_recipe import score
from benchmarks.trained_backbones import train_backbone, train_params
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.explanation.explain import explain_checkpoint
from emotion.explanation.methods import BASELINES, EXPLAINERS, SAMPLING
from emotion.explanation.methods.attribution import ExplainerOptions, NotApplicableError
from emotion.explanation.params import ExplainParams
from emotion.metrics.means import mean_by_group
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.models.fuse_batchnorm import fuse_batchnorm

RESULTS = Path(__file__).parent / "results" / "explainers.json"
BACKBONES = ("tf_efficientnet_lite0", "resnet50", "vit_base_patch16_224")
BUDGET_S = 1000.0
# Untrained networks whose time is measured.
COSTS = (
    "tf_efficientnet_lite0",
    "resnet50",
    "efficientnet_b3",
    "convnext_base",
    "vit_base_patch16_224",
)
IMG_SIZE, TIMED = 112, 4  # pixels, images
# Scores that do not use the evidence: title and column, higher is better.
CHEAP = {
    "insertion": "insertion",
    "deletion": "kept",
    "insertion - deletion": "gain",
    "ROAD": "road",
}


def main() -> None:
    """Measure the backbones that are missing in the results, and print the tables."""
    keep_freed_memory()
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(BACKBONES)
    found = files.read_json(RESULTS) if RESULTS.exists() else {"backbones": [], "seconds": {}}
    done = {record["backbone"] for record in found["backbones"]}
    for name in names:
        if name not in done:
            found["backbones"].append(measure(name, folder))
            files.write_json(RESULTS, found)
    for name in COSTS:
        if name not in found["seconds"]:
            found["seconds"][name] = seconds_per_image(name)
            files.write_json(RESULTS, found)
    records = found["backbones"]
    tables = format_methods(records), format_trust(records), format_costs(found["seconds"])
    print(*tables, sep="\n\n")


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Train a backbone if the folder has no checkpoint, and score all methods on it."""
    checkpoint, prepared, rows = train_backbone(name, folder)
    settings = ExplainParams(budget_s=BUDGET_S)
    report, scores, _ = explain_checkpoint(checkpoint, rows["test"], settings, folder / name)
    methods = {**report.methods, **report.baselines}
    return {
        "backbone": name,
        "processor": processor_name(),
        **score(checkpoint, rows["test"], prepared.label_map, train_params(name), "test"),
        "images": report.images,
        "sampling_images": report.sampling_images,
        "methods": {key: dataclasses.asdict(value) for key, value in methods.items()},
        "trust": measure_trust(scores, rows["test"]),
    }


def seconds_per_image(model_type: str) -> dict[str, float]:
    """The time of each method that applies, without scoring; it does not depend on the weights."""
    backbone = build_backbone(resolve_timm_name(model_type), IMG_SIZE)
    model = fuse_batchnorm(EmotionClassifier(backbone, "deep", 6), IMG_SIZE).to_device("cpu")
    images = torch.randn(TIMED, 3, IMG_SIZE, IMG_SIZE)
    targets = torch.zeros(TIMED, dtype=torch.int64)
    options = ExplainerOptions(background=torch.randn(16, *images.shape[1:]))
    found = {}
    for name, explain in EXPLAINERS.items():
        times = []
        with contextlib.suppress(NotApplicableError):
            for _ in range(3):
                start = time.perf_counter()
                explain(model, images, targets, options)
                times.append((time.perf_counter() - start) / TIMED)
            found[name] = float(f"{np.median(times):.2g}")
    return found


def measure_trust(scores: pd.DataFrame, rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """How often each score prefers the map of a pair that has the higher relevance mass accuracy.

    Only images that are predicted correctly: the evidence is that of the true class. The baselines
    are left out, because every score ranks them last.

    Args:
        scores: the table of `explain_checkpoint`.
        rows: the manifest of its images, for their groups.

    Returns:
        By title: `pairs`, the share in 0..1, with `low` and `high` of its 95 % interval over
        groups; `images`; and `methods`, Spearman's correlation of the means of the methods,
        baselines included.
    """
    scores = scores[scores["label"] == scores["predicted"]].assign(
        gain=scores["insertion"] - scores["deletion"], kept=-scores["deletion"]
    )
    groups = dict(zip(rows["path"], rows["group"], strict=True))
    found = {}
    for title, column in CHEAP.items():
        table = scores.dropna(subset=[column, "mass"])
        whole = table.groupby("path")["method"].transform("nunique") == table["method"].nunique()
        means = table[whole].groupby("method")[["mass", column]].mean()
        maps = table[whole & ~table["method"].isin(BASELINES)]
        agreed = {
            path: agreement(image["mass"], image[column]) for path, image in maps.groupby("path")
        }
        of_image = np.array([groups[path] for path in agreed])
        mean = mean_by_group(np.array(list(agreed.values())), of_image, bounds=(0, 1))
        assert mean is not None
        assert mean.interval is not None
        found[title] = {
            "pairs": round(mean.value, 4),
            "low": round(mean.interval.low, 4),
            "high": round(mean.interval.high, 4),
            "images": len(agreed),
            "methods": round(float(stats.spearmanr(means["mass"], means[column]).statistic), 4),
        }
    return found


def agreement(truth: pd.Series, guess: pd.Series) -> float:
    """Share of the pairs that two scores put in the same order, in 0..1; ties count half."""
    pairs = itertools.combinations(zip(truth, guess, strict=True), 2)
    signs = [np.sign(a - c) * np.sign(b - d) for (a, b), (c, d) in pairs if a != c]
    return float((1 + np.mean(signs)) / 2) if signs else float("nan")


def format_methods(records: list[dict[str, Any]]) -> str:
    """Format a Markdown table with one row per backbone and method."""
    lines = [
        "| backbone | method | insertion - deletion | ROAD | on the evidence | "
        "strongest pixel | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for record in records:
        for key, method in record["methods"].items():
            gain = method["insertion"]["mean"] - method["deletion"]["mean"]
            verdict = "passed" if method["passed"] else "**failed**"
            cells = [
                record["backbone"],
                method["title"] + (" *" if key in SAMPLING else ""),
                f"{gain:.2f}{span(method['gain_over'])}",
                f"{method['road']['mean']:.2f}",
                f"{method['mass']['mean']:.2f}{span(method['mass_over'])}",
                f"{method['pointing']['mean']:.2f}",
                "baseline" if key in BASELINES else verdict,
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_costs(seconds: dict[str, dict[str, float]]) -> str:
    """Format a Markdown table of seconds per image, with one row per method."""
    names = list(seconds)
    lines = ["| method | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for method in EXPLAINERS:
        cells = [f"{found[method]:g}" if method in found else "" for found in seconds.values()]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def span(over: dict[str, dict[str, float]]) -> str:
    """The interval of the difference to the center map, in brackets."""
    found = over.get("center_map")
    return f" [{found['low']:+.2f}, {found['high']:+.2f}]" if found else ""


def format_trust(records: list[dict[str, Any]]) -> str:
    """Format a Markdown table with one row per score and one column per backbone."""
    names = [record["backbone"] for record in records]
    lines = ["| score | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for title in CHEAP:
        cells = []
        for record in records:
            found = record["trust"][title]
            pairs = f"{found['pairs']:.0%} [{found['low']:.0%}, {found['high']:.0%}]"
            cells.append(f"{pairs}, {found['methods']:+.2f}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
