"""Classify images with a trained model, and print a table of class and probability.

    emotion predict face.jpg other.png folder/
    python -m emotion.predict --model models/hub face.jpg

Exit status: 0 all images are classified, 1 some cannot be read, 2 there is no usable model.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.core.commands import run_command
from emotion.core.errors import UserError
from emotion.core.text import printable

if TYPE_CHECKING:
    from emotion.prediction.model import Model
    from emotion.prediction.predict import Prediction

DEFAULT_MODEL = Path("models/model.onnx")
SYNTHETIC_NOTE = (
    "* This model was trained on drawn faces only. Do not use it on photographs: on 537 of them\n"
    "  the shipped model had accuracy 0.34, as much as always predicting the most frequent class."
)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="emotion predict",
        description="Classify images of faces and print a table of class and probability.",
    )
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="an image file, or a folder of images"
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=DEFAULT_MODEL,
        help="an ONNX file, a checkpoint or a Hub folder (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    # Not at the top: `--help` and usage errors should not wait for numpy and onnxruntime.
    from emotion.prediction.model import load_model
    from emotion.prediction.predict import predict
    from emotion.prediction.sources import list_images

    try:
        model = load_model(options.model)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    paths = list(list_images(options.images))
    return print_table(predict(model, paths), paths, model)


def print_table(predictions: Iterable["Prediction"], paths: Sequence[Path], model: "Model") -> int:
    """Print one row per prediction and, below, what its marks mean; errors go to stderr.

    Args:
        predictions: printed as they come.
        paths: of all predictions; they set the width of their column.
        model: that predicts.

    Returns:
        The exit status: 1 if there was an error.
    """
    mark = "*" if model.synthetic_fraction == 1 else ""
    answers = [_answer(name, uncertain=model.threshold is not None) for name in model.class_names]
    widths = (
        max(len(text) for text in ("image", *map(printable, map(str, paths)))),
        max(len(text) for text in ("class", *answers)),
    )
    rows, errors, uncertain = 0, 0, 0
    for prediction in predictions:
        if prediction.error:
            errors += 1
            print(f"error: {printable(prediction.error)}", file=sys.stderr, flush=True)
            continue
        if not rows:
            print(f"{'image':<{widths[0]}}  {'class':<{widths[1]}}  probability")
        rows += 1
        uncertain += prediction.uncertain
        probability = prediction.probabilities[prediction.label]
        image = printable(str(prediction.path))
        label = _answer(prediction.label, prediction.uncertain)
        row = f"{image:<{widths[0]}}  {label:<{widths[1]}}  {probability:>11.3f} {mark}"
        print(row.rstrip(), flush=True)
    if uncertain:
        print(_uncertain_note(model))
    if rows and mark:
        print(SYNTHETIC_NOTE)
    return int(errors > 0)


def _answer(label: str, uncertain: bool) -> str:
    return f"uncertain ({label})" if uncertain else label


def _uncertain_note(model: "Model") -> str:
    note = f"uncertain: the probability is below {model.threshold:g}, the threshold chosen on"
    if model.target_error is None:
        return f"{note} validation."
    percent = 100 * model.target_error
    return f"{note}\n  validation so that at most {percent:g} % of the other answers are wrong."


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
