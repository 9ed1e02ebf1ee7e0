"""Draw what the model's predictions rest on, and test the maps on a fixed probe set.

Reads   models/best_model.pth, data/splits/test.csv and its images, evidence masks under data.root
Writes  plots/explain/, metrics/explain.json
"""

from pathlib import Path

from emotion.core import files, manifest
from emotion.datasets.corpus import DataParams
from emotion.explainers import report
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    result = report.explain_checkpoint(
        checkpoint=load_checkpoint(paths.BEST_MODEL),
        rows=manifest.read_manifest(paths.SPLITS / "test.csv"),
        root=Path(settings_of(DataParams, "data").root),
        params=settings_of(report.ExplainParams, "explain"),
        plots_folder=paths.EXPLAIN_PLOTS,
    )
    files.write_json(paths.EXPLAIN_METRICS, result)
    print(report.headline(result))


if __name__ == "__main__":
    run(main)
