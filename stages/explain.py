"""Draw attribution maps of the model's predictions on test images, and score each method.

Reads   models/best_model.pth, data/splits/test.csv, its images and their masks
Writes  plots/explain/
"""

from emotion.core import files
from emotion.core.reports import write_report
from emotion.data.manifest import read_manifest
from emotion.explanation.explain import explain_checkpoint
from emotion.explanation.params import ExplainParams
from emotion.explanation.summary import format_observations, headline
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    report, scores, panels = explain_checkpoint(
        checkpoint=load_checkpoint(paths.BEST_MODEL),
        rows=read_manifest(paths.SPLITS / "test.csv"),
        params=settings_of(ExplainParams, "explain"),
        figures=paths.EXPLAIN_FIGURES,
    )
    panels = panels.assign(model_sha256=files.sha256_of(paths.BEST_MODEL))
    files.write_csv(paths.EXPLAIN_SCORES, scores, for_people=True)
    files.write_csv(paths.EXPLAIN_PANELS, panels, for_people=True)
    files.write_text(paths.EXPLAIN_OBSERVATIONS, format_observations(report))
    write_report(paths.EXPLAIN_REPORT, report)
    print(headline(report))


if __name__ == "__main__":
    run(main)
