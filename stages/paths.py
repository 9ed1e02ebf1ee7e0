"""The paths of the repository. Only stages use them; the library receives paths as arguments."""

from pathlib import Path

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")

DRAWN_FACES = Path("data/drawn_faces")
UNPACKED = Path("data/unpacked")  # images that the corpus stores in a table
SPLITS = Path("data/splits")  # train.csv, val.csv, test.csv
REJECTED = Path("data/splits/rejected.csv")
CLASS_WEIGHTS = Path("data/class_weights.json")
PREDICTIONS = Path("data/predictions")  # val.csv, test.csv

LABEL_MAP = Path("models/label_map.json")
PRETRAINED = Path("models/pretrained")
BEST_MODEL = Path("models/best_model.pth")
CALIBRATION = Path("models/calibration.json")
ONNX = Path("models/model.onnx")
HUB = Path("models/hub")

SPLITS_METRICS = Path("metrics/prepare_splits.json")
SANITY_METRICS = Path("metrics/sanity_checks.json")
TRAIN_STATE = Path(".train_state")  # of an interrupted run; not an output, which DVC would delete
TRAIN_METRICS = Path("metrics/train")  # dvclive: curves, and everything that is timed
EVALUATE_METRICS = Path("metrics/evaluate.json")
EXPLAIN_METRICS = Path("metrics/explain.json")
EXPORT_METRICS = Path("metrics/export_onnx.json")

SPLITS_PLOTS = Path("plots/prepare_splits")
EVALUATE_PLOTS = Path("plots/evaluate")
EXPLAIN_PLOTS = Path("plots/explain")
