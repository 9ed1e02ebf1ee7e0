"""The paths of the repository. Only stages use them; the library receives paths as arguments."""

from pathlib import Path

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
LOCK = Path("dvc.lock")

STAGES, LIBRARY = Path("stages"), Path("emotion")
CODE = Path("data/code")  # <stage>.txt: fingerprints
SOURCES = Path("data/code/sources.txt")  # one hash of what they were computed from

DRAWN_FACES = Path("data/drawn_faces")
OWN_WEIGHTS = Path("data/weights")  # files that the user copied there
UNPACKED = Path("data/unpacked")  # images that the dataset stores in a table
PREPARE_STATE = Path(".prepare_state")  # of an interrupted search for faces
SPLITS = Path("data/splits")  # train.csv, val.csv, test.csv
REJECTED = Path("data/splits/rejected.csv")
CLASS_WEIGHTS = Path("data/class_weights.json")
PREDICTIONS = Path("data/predictions")  # val.csv, test.csv

LABEL_MAP = Path("models/label_map.json")
PRETRAINED = Path("models/pretrained")
INITIAL_WEIGHTS = Path("models/pretrained/source.json")  # where they are from
BEST_MODEL = Path("models/best_model.pth")
CALIBRATION = Path("models/calibration.json")
SAFETENSORS = Path("models/model.safetensors")
ONNX = Path("models/model.onnx")
VARIANTS = Path("models/variants")  # model.int8.onnx, model.fp16.onnx, where they are kept
HUB = Path("models/hub")
MODEL_FILES = (BEST_MODEL, SAFETENSORS, ONNX, LABEL_MAP, CALIBRATION)  # that publish copies

TRAIN_STATE = Path(".train_state")  # of an interrupted run; not an output, which DVC would delete
TRAIN_METRICS = Path("metrics/train")  # dvclive: curves and summary
TRAIN_TIMING = Path("metrics/train_timing.json")

# What `dvc metrics` compares: few numbers, in Git.
EVALUATE_METRICS = Path("metrics/evaluate.json")
TIMING_METRICS = Path("metrics/timing.json")
TEST_PREDICTIONS = Path("metrics/predictions.csv")  # what `emotion compare` reads
MACHINE = Path("metrics/machine.json")  # on which the committed run was made
EXPORT_METRICS = Path("metrics/onnx.json")

# Everything else that a stage reports.
CHECKED_PARAMS = Path("plots/check_params/report.json")
SPLITS_FIGURES = Path("plots/prepare_splits/figures")
SPLITS_REPORT = Path("plots/prepare_splits/report.json")
SANITY_REPORT = Path("plots/sanity_checks/report.json")
EVALUATION = Path("plots/evaluate")  # figures/, tables/, report.json
EVALUATION_REPORT = Path("plots/evaluate/report.json")
EXPLAIN_FIGURES = Path("plots/explain/figures")
EXPLAIN_OBSERVATIONS = Path("plots/explain/observations.md")
EXPLAIN_PANELS = Path("plots/explain/tables/panels.csv")
EXPLAIN_SCORES = Path("plots/explain/tables/scores.csv")
EXPLAIN_REPORT = Path("plots/explain/report.json")
EXPORT_REPORT = Path("plots/export_onnx/report.json")
VARIANTS_REPORT = Path("plots/export_onnx/variants.json")
