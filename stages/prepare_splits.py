"""Check every image of the dataset and split the dataset into train, val and test.

Reads   the dataset under data.root; params data; .prepare_state/ of an interrupted run
Writes  data/splits/, data/unpacked/, models/label_map.json, plots/prepare_splits/
"""

from emotion.core import files
from emotion.core.reports import write_report
from emotion.data import manifest
from emotion.datasets import sheets
from emotion.datasets.inspection_state import InspectionState
from emotion.datasets.params import DataParams
from emotion.datasets.prepare import prepare
from emotion.datasets.rejected import write_rejected
from emotion.datasets.report import describe_report
from stages import paths
from stages.run import fingerprint_of, run, settings_of


def main() -> None:
    params = settings_of(DataParams, "data")
    # Not on the other settings, which may be corrected without another search for faces.
    depends_on = [str(params.min_size), fingerprint_of("prepare_splits")]
    state = InspectionState(paths.PREPARE_STATE, depends_on)
    prepared = prepare(params, paths.UNPACKED, state=state)

    # Nothing is written before this point, so an error in the dataset keeps the last outputs.
    sheets.draw_all(paths.SPLITS_FIGURES, prepared, params)
    for split in manifest.SPLITS:
        rows = prepared.rows[prepared.rows["split"] == split]
        manifest.write_manifest(paths.SPLITS / f"{split}.csv", rows)
    write_rejected(paths.REJECTED, prepared.rejected)
    files.write_json(paths.LABEL_MAP, prepared.label_map)
    write_report(paths.SPLITS_REPORT, prepared.report)
    state.discard()
    print(describe_report(prepared.report))


if __name__ == "__main__":
    run(main)
