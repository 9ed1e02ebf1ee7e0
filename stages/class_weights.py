"""Compute class weights from the class frequencies of the training split.

Reads   data/splits/train.csv, models/label_map.json; params class_weights
Writes  data/class_weights.json
"""

from emotion.core import files
from emotion.data import labels, manifest
from emotion.data.class_weights import ClassWeightParams, compute_class_weights
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(ClassWeightParams, "class_weights")
    train_rows = manifest.read_manifest(paths.SPLITS / "train.csv")
    label_map = labels.read_label_map(paths.LABEL_MAP)
    weights = compute_class_weights(train_rows["label"], label_map, params.alpha)
    files.write_json(paths.CLASS_WEIGHTS, weights)
    print("class weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items()))


if __name__ == "__main__":
    run(main)
