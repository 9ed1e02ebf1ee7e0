"""Check the training setup within a minute; a failed check stops the pipeline.

Reads   data/splits/train.csv, its images, models/label_map.json, data/class_weights.json,
        models/pretrained/
Writes  plots/sanity_checks/report.json
"""

from emotion.core.reports import write_report
from emotion.data.class_weights import read_class_weights
from emotion.data.crop_params import CropParams
from emotion.data.labels import read_label_map
from emotion.data.manifest import read_manifest
from emotion.training.params import NetworkParams
from emotion.training.sanity import check_training
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(NetworkParams, "train", partial=True)
    label_map = read_label_map(paths.LABEL_MAP)
    report = check_training(
        train_rows=read_manifest(paths.SPLITS / "train.csv"),
        label_map=label_map,
        class_weights=read_class_weights(paths.CLASS_WEIGHTS, label_map),
        weights_folder=paths.PRETRAINED,
        params=params,
        crop=settings_of(CropParams, "data", partial=True),
    )
    write_report(paths.SANITY_REPORT, report)
    print(f"sanity_checks: passed; overfits a sample to accuracy {report.overfit_accuracy:.2f}")


if __name__ == "__main__":
    run(main)
