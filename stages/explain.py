"""Draw attribution maps of the model's predictions on a fixed probe set, and score the maps.

Reads   models/best_model.pth, data/splits/test.csv, its images and their evidence masks
Writes  plots/explain/
"""

from emotion.core.manifest import read_manifest
from emotion.core.reports import write_report
from emotion.explainers.explain import ExplainParams, explain_checkpoint, headline
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    report = explain_checkpoint(
        checkpoint=load_checkpoint(paths.BEST_MODEL),
        rows=read_manifest(paths.SPLITS / "test.csv"),
        params=settings_of(ExplainParams, "explain"),
        plots_folder=paths.EXPLAIN_FIGURES,
    )
    write_report(paths.EXPLAIN_REPORT, report)
    print(headline(report))


if __name__ == "__main__":
    run(main)
