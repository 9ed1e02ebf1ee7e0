"""Check in a minute what would spoil hours of training; a failure stops the pipeline.

Reads   data/splits/train.csv, its images, models/label_map.json, data/class_weights.json,
        models/pretrained/
Writes  metrics/sanity_checks.json
"""

from emotion.core import files, labels
from emotion.core.manifest import read_manifest
from emotion.training.params import TrainParams
from emotion.training.sanity import check_training
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(TrainParams)  # first: a mistake in params.yaml needs no manifest
    figures = check_training(
        train_rows=read_manifest(paths.SPLITS / "train.csv"),
        label_map=labels.read_label_map(paths.LABEL_MAP),
        class_weights=files.read_json(paths.CLASS_WEIGHTS),
        weights_folder=paths.PRETRAINED,
        params=params,
    )
    files.write_json(paths.SANITY_METRICS, figures)
    print(f"sanity_checks: passed; learned by heart: {figures['overfit_accuracy']:.2f}")


if __name__ == "__main__":
    run(main)
