"""Evaluate a trained model on any dataset, with the report of the stage `evaluate`.

    emotion evaluate models/model.onnx data/raw/rafdb --format rafdb --split test
    emotion evaluate models/hub photos/ --labels bored=neutral contempt=

Nothing is fitted to the dataset: the probabilities are those of the model file. The file does not
show whether the model was trained on images of the dataset; `emotion audit` compares the tables of
both. If the model was trained on detected faces, the largest face of each image is classified, and
images without one are left out. Exit status: 0 the report is written, 2 there is none.
"""

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from emotion.cli.commands import MODEL_KINDS, run_command
from emotion.cli.usable_rows import describe_rows, inspect_rows
from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.output_folder import OutputFolder
from emotion.data.manifest import SPLITS, face_images
from emotion.datasets.formats import ADAPTERS
from emotion.datasets.model_classes import check_classes, parse_labels, read_for_model
from emotion.datasets.subjects_in_names import check_pattern
from emotion.datasets.unpack import unpack_images
from emotion.evaluation.outputs import name_final_paths, write_outputs
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.report import ModelFacts
from emotion.evaluation.summary import describe_scores
from emotion.prediction.loading import load_model
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source
from emotion.prediction.stream import predict_stream

RESAMPLES = 1000  # for each interval, as in the stage `evaluate`
ALL = "all"
LIST = "evaluation.json"  # of the files that this command has written, with its settings
COMMAND = "emotion evaluate"
DRAWN_ONLY = "WARNING: the model was trained on drawn faces only; do not use it on photographs"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to evaluate, and where to write the report."""

    model: Path  # an ONNX file, a checkpoint or a Hub folder
    data: Path  # folder of the dataset
    format: str  # a key of ADAPTERS
    labels: dict[str, str]  # word: class, or "" to leave its rows out
    subject_pattern: str  # as data.subject_pattern of params.yaml
    split: str  # train, val, test or ALL
    cropped: bool  # images are faces already, also for a model that detects them
    out: Path  # new, empty, or of an earlier evaluation


def evaluate(request: Request) -> str:
    """Evaluate a model on a dataset, write the report, and return its summary as text.

    Raises:
        UserError: the model, the dataset or the folder cannot be used, or the dataset has classes
            that the model was not trained on.
    """
    model = load_model(request.model, threads=1)
    predictor = Predictor(model, cropped=request.cropped)
    _check_places(request)
    outputs = OutputFolder(request.out, LIST, COMMAND)
    words, subjects = request.labels, request.subject_pattern
    rows = read_for_model(request.data, request.format, words, model.class_names, subjects)
    rows, chosen = _choose_split(rows, request)
    check_classes(rows, request.data, model.class_names)
    _check_images(rows, request.out)
    # The temperature of the model is in its probabilities.
    name = request.model.as_posix()
    facts = ModelFacts(model_type=name, weights="", temperature=1.0, threshold=model.threshold)
    with outputs.updating(_describe_request(request)) as folder:
        if "pixels" in rows:
            rows = unpack_images(rows, folder / "images")
        rows, left_out = inspect_rows(rows, request.data, predictor.finds_faces)
        left_out = name_final_paths(left_out, folder, request.out)
        files.write_csv(folder / "left_out.csv", left_out, for_people=True)
        predictions = _predict(predictor, rows)
        report = write_outputs(folder, predictions, None, facts, RESAMPLES, final=request.out)
    lines = [
        f"{request.model} on {request.data}: {len(rows):,} images, {chosen}",
        *describe_rows(rows, left_out),
        "",
        describe_scores(report, predictions),
        *([DRAWN_ONLY] if model.synthetic_fraction == 1 else []),
        f"tables and figures: {request.out}",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    print(evaluate(parse_request(arguments)))
    return 0


def parse_request(arguments: list[str] | None = None) -> Request:
    """Parse the arguments; raises UserError if --labels is malformed."""
    parser = argparse.ArgumentParser(
        prog="emotion evaluate",
        usage="%(prog)s MODEL DATA [options]",  # --labels before MODEL would read it as a word
        description="Report on a trained model and any dataset.",
    )
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help=MODEL_KINDS)
    add("data", type=Path, metavar="DATA", help="folder of the dataset")
    add("--format", choices=ADAPTERS, help="default: csv if DATA has a labels.csv, else folder")
    explained = "read a class of the dataset as one of the model; WORD= leaves its rows out"
    add("--labels", nargs="+", action="extend", default=[], metavar="WORD=CLASS", help=explained)
    explained = "a regular expression; its group is the subject, in the path of an image below DATA"
    add("--subject-pattern", type=_pattern, default="", metavar="REGEX", help=explained)
    add("--split", choices=[*SPLITS, ALL], default=ALL, help="rows to use (default: %(default)s)")
    explained = "the images are faces already, also for a model that detects them"
    add("--cropped", action="store_true", help=explained)
    add("--out", type=Path, help="default: reports/MODEL_on_DATA")
    options = parser.parse_args(arguments)
    name = f"{options.model.resolve().stem}_on_{options.data.resolve().name}"
    found = "csv" if (options.data / "labels.csv").is_file() else "folder"
    options.format, options.out = options.format or found, options.out or Path("reports") / name
    options.labels = parse_labels(options.labels)
    return Request(**vars(options))


def _pattern(text: str) -> str:
    try:
        return check_pattern(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"give {error}") from None


def _check_places(request: Request) -> None:
    """Raise if what is read lies in the folder that is written, or the reverse."""
    out, data = request.out.resolve(), request.data.resolve()
    if out.is_relative_to(data):
        raise _unusable(request.out, "is in the dataset, where figures would be read as images")
    for name, path in (("dataset", request.data), ("model", request.model)):
        if path.resolve().is_relative_to(out):
            raise _unusable(request.out, f"contains the {name} {path}")


def _check_images(rows: pd.DataFrame, out: Path) -> None:
    """Raise if a table names images in the folder that is written."""
    if not out.exists() or "pixels" in rows:
        return
    folder = out.resolve()
    inside = [path for path in rows["path"] if Path(path).resolve().is_relative_to(folder)]
    if inside:
        raise _unusable(out, f"contains {len(inside):,} images of the dataset, such as {inside[0]}")


def _unusable(out: Path, problem: str) -> UserError:
    problem = f"cannot receive the report: it {problem}"
    return UserError(problem, "give another folder with --out", file=out, key="--out")


def _describe_request(request: Request) -> dict[str, Any]:
    """The settings as evaluation.json has them."""
    settings = {name: value for name, value in asdict(request).items() if name != "out"}
    return settings | {name: settings[name].as_posix() for name in ("model", "data")}


def _choose_split(rows: pd.DataFrame, request: Request) -> tuple[pd.DataFrame, str]:
    """The rows to use, and a description of them."""
    counts = rows["split"].value_counts()
    named = ", ".join(f"{split} {counts[split]:,}" for split in SPLITS if split in counts)
    if request.split == ALL:
        return rows, f"all splits ({named})" if named else "the dataset has no split"
    if request.split not in counts:
        has = f"its splits are {named}" if named else "it has no split"
        problem = f"has no rows of {request.split}, {has}"
        raise UserError(problem, "give another --split, or none", file=request.data, key="--split")
    return rows[rows["split"] == request.split], f"split {request.split}"


def _predict(predictor: Predictor, rows: pd.DataFrame) -> SplitPredictions:
    class_names = predictor.model.class_names
    probabilities = np.empty((len(rows), len(class_names)))
    sources = [Source(name=f.path, content=f.path, face=f.face) for f in face_images(rows)]
    stream = predict_stream(predictor, sources)
    bar = tqdm(stream, total=len(rows), desc="predict", unit="image", leave=False)
    for row, prediction in enumerate(bar):
        if prediction.error:  # of the model, or the file has changed since it was inspected
            problem, _, hint = prediction.error.removesuffix(".").rpartition("; ")
            raise UserError(problem, hint)
        probabilities[row] = list(prediction.probabilities.values())
    # A float32 softmax underflows to 0, whose logarithm is not finite.
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return SplitPredictions.from_network(rows, logits, class_names)


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
