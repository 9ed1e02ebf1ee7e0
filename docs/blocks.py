"""The blocks of README.md and docs/ that hold results, by name: functions that return Markdown.

A function returns None where the file that it reads is not there; the block is then kept.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import (
    bench_accuracy,
    bench_explainers,
    bench_faces,
    bench_inference,
    bench_recipe,
    bench_soup,
    face_tables,
)
from docs import cached_reports, committed_run, speeds
from emotion.core import files


def _bench(path: Path, key: str, formatted: Callable[[Any], str]) -> str:
    """A table that a benchmark formats from one key of its results."""
    return formatted(files.read_json(path)[key])


def _crops(formatted: Callable[[Any], str]) -> str:
    """A table of the benchmark of the crops, which has a key for each dataset."""
    return formatted(files.read_json(bench_faces.RESULTS))


_ACCURACY, _SOUP = bench_accuracy.RESULTS, bench_soup.RESULTS
_EXPLAINERS, _INFERENCE = bench_explainers.RESULTS, bench_inference.RESULTS

BLOCKS: Mapping[str, Callable[[], str | None]] = {
    "first_run": committed_run.first_run,
    "results": committed_run.results,
    "machine": committed_run.machine,
    "seeds": committed_run.seeds,
    "verdict": committed_run.verdict,
    "metrics": committed_run.metrics,
    "predict": partial(committed_run.session, "predict"),
    "metrics_diff": partial(committed_run.session, "metrics_diff"),
    "compare": partial(committed_run.session, "compare"),
    "compare_several": partial(committed_run.session, "compare_several"),
    "experiments": partial(committed_run.session, "experiments"),
    "evaluation": cached_reports.evaluation,
    "explanation": cached_reports.explanation,
    "bench_training": speeds.training,
    "bench_augmentation": speeds.augmentation,
    "bench_predict": speeds.predict,
    "bench_service": speeds.service,
    "bench_accuracy": partial(_bench, _ACCURACY, "runs", bench_accuracy.format_table),
    "bench_soup": partial(_bench, _SOUP, "networks", bench_soup.format_table),
    "bench_recipe": partial(_bench, bench_recipe.RESULTS, "runs", bench_recipe.format_table),
    "bench_crops": partial(_crops, face_tables.format_scores),
    "bench_copies": partial(_crops, face_tables.format_differences),
    "bench_found": partial(_crops, face_tables.format_found),
    "bench_parties": partial(_crops, face_tables.format_parties),
    "bench_methods": partial(_bench, _EXPLAINERS, "backbones", bench_explainers.format_methods),
    "bench_trust": partial(_bench, _EXPLAINERS, "backbones", bench_explainers.format_trust),
    "bench_costs": partial(_bench, _EXPLAINERS, "seconds", bench_explainers.format_costs),
    "bench_summary": partial(_bench, _INFERENCE, "backbones", bench_inference.format_summary),
    "bench_exports": partial(_bench, _INFERENCE, "backbones", bench_inference.format_exports),
    "bench_latency": partial(_bench, _INFERENCE, "backbones", bench_inference.format_latency),
}
