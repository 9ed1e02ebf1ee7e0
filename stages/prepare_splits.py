"""Check every image of the corpus and part them into train, val and test.

Reads   the corpus under data.root; params data
Writes  data/splits/, data/unpacked/, models/label_map.json, metrics/prepare_splits.json,
        plots/prepare_splits/
"""

from emotion.core import files, manifest
from emotion.datasets.corpus import DataParams
from emotion.preparation import sheets
from emotion.preparation.prepare import prepare
from emotion.preparation.rejected import write_rejected
from emotion.preparation.report import compute_report, describe_report
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    prepared = prepare(settings_of(DataParams, "data"), paths.UNPACKED)
    numbers = compute_report(prepared)

    # Written only now, when nothing about the corpus can fail any more.
    sheets.draw_all(paths.SPLITS_PLOTS, prepared.rows, prepared.usable, prepared.near)
    for split in manifest.SPLITS:
        rows = prepared.rows[prepared.rows["split"] == split]
        manifest.write_manifest(paths.SPLITS / f"{split}.csv", rows.drop(columns="mode"))
    write_rejected(paths.REJECTED, prepared.rejected)
    files.write_json(paths.LABEL_MAP, prepared.label_map)
    files.write_json(paths.SPLITS_METRICS, numbers)
    print(describe_report(numbers))


if __name__ == "__main__":
    run(main)
