"""Classify images with a trained model, and print a table of class and probability.

    emotion predict face.jpg other.png folder/
    python -m emotion.predict --model models/hub face.jpg

Exit status: 0 all images are classified, 1 some cannot be read, 2 there is no usable model.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.core.commands import run_command
from emotion.core.errors import UserError

if TYPE_CHECKING:
    from emotion.prediction.predict import Prediction

DEFAULT_MODEL = Path("models/model.onnx")
SYNTHETIC_NOTE = (
    "* This model was trained on drawn faces only. Do not use it on photographs: on 537 of them\n"
    "  the shipped model had accuracy 0.37, and always predicting the most frequent class 0.34."
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
    only_synthetic = model.synthetic_fraction == 1
    widths = (
        max(len(name) for name in ("image", *map(printable, paths))),
        max(len(name) for name in ("class", *model.class_names)),
    )
    return print_table(predict(model, paths), widths, mark="*" if only_synthetic else "")


def print_table(
    predictions: Iterable["Prediction"], widths: tuple[int, int], mark: str = ""
) -> int:
    """Print one row per prediction; errors go to stderr.

    Args:
        predictions: printed as they come.
        widths: of the first two columns, characters.
        mark: put behind every probability, and explained below the table; "" for none.

    Returns:
        The exit status: 1 if there was an error.
    """
    rows, errors = 0, 0
    for prediction in predictions:
        if prediction.error:
            errors += 1
            print(f"error: {_clean(prediction.error)}", file=sys.stderr, flush=True)
            continue
        if not rows:
            print(f"{'image':<{widths[0]}}  {'class':<{widths[1]}}  probability")
        rows += 1
        probability = prediction.probabilities[prediction.label]
        image, label = printable(prediction.path), prediction.label
        row = f"{image:<{widths[0]}}  {label:<{widths[1]}}  {probability:>11.3f} {mark}"
        print(row.rstrip(), flush=True)
    if rows and mark:
        print(SYNTHETIC_NOTE)
    return int(errors > 0)


def printable(path: Path) -> str:
    """A path without control characters, which a terminal would execute."""
    return _clean(str(path))


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
