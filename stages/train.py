"""Fine-tune the backbone; keep the epoch with the best validation metric.

Reads   data/splits/train.csv and val.csv, images, models/label_map.json, models/pretrained/,
        data/class_weights.json; .train_state/ of an interrupted run
Writes  models/best_model.pth, metrics/train/, metrics/train_timing.json
"""

from emotion.data.class_weights import read_class_weights
from emotion.data.crop_params import CropParams
from emotion.data.labels import read_label_map
from emotion.data.manifest import read_manifest
from emotion.training.fit import fit, headline
from emotion.training.params import TrainParams
from emotion.training.run import RunPaths
from emotion.training.state import discard_state
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(TrainParams, "train")  # first: an error in it needs no other file
    crop = settings_of(CropParams, "data", partial=True)
    label_map = read_label_map(paths.LABEL_MAP)
    train_rows, val_rows = (read_manifest(paths.SPLITS / f"{s}.csv") for s in ("train", "val"))
    weights = read_class_weights(paths.CLASS_WEIGHTS, label_map)
    run_paths = RunPaths(
        weights=paths.PRETRAINED,
        log=paths.TRAIN_METRICS,
        timing=paths.TRAIN_TIMING,
        state=paths.TRAIN_STATE,
        params_file=paths.PARAMS,
    )
    if checkpoint := fit(train_rows, val_rows, label_map, weights, params, run_paths, crop):
        checkpoint.save(paths.BEST_MODEL)  # only in the main one of several processes
        discard_state(paths.TRAIN_STATE)
        print(headline(checkpoint))


if __name__ == "__main__":
    run(main)
