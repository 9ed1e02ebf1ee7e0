"""Check every image of the dataset and split the dataset into train, val and test.

Reads   the dataset under data.root; params data
Writes  data/splits/, data/unpacked/, models/label_map.json, plots/prepare_splits/
"""

from emotion.core import files
from emotion.core.reports import write_report
from emotion.data import manifest
from emotion.datasets import sheets
from emotion.datasets.params import DataParams
from emotion.datasets.prepare import prepare
from emotion.datasets.rejected import write_rejected
from emotion.datasets.report import describe_report
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    prepared = prepare(settings_of(DataParams, "data"), paths.UNPACKED)

    # Nothing is written before this point, so an error in the dataset keeps the last outputs.
    sheets.draw_all(paths.SPLITS_FIGURES, prepared.rows, prepared.duplicates)
    for split in manifest.SPLITS:
        rows = prepared.rows[prepared.rows["split"] == split]
        manifest.write_manifest(paths.SPLITS / f"{split}.csv", rows)
    write_rejected(paths.REJECTED, prepared.rejected)
    files.write_json(paths.LABEL_MAP, prepared.label_map)
    write_report(paths.SPLITS_REPORT, prepared.report)
    print(describe_report(prepared.report))


if __name__ == "__main__":
    run(main)
