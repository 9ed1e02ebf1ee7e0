"""Average the weights of several runs into one network, and keep what helps on validation.

    emotion soup seed-0 seed-1 seed-2
    python -m emotion.cli.soup ...                 the same

A run is a checkpoint file, or a DVC experiment, a Git commit, branch or tag, or `workspace`. A name
that is both a file and a revision is the file.
The result takes no more time per image than one of the runs. It is written to data/weights/;
`train.checkpoint` puts it into the pipeline, and `train.teacher` makes it the teacher of another
network. Exit status: 0 the average is written; 1 no average is better than the best run, nothing is
written; 2 the runs cannot be averaged.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

import emotion.models  # noqa: F401, first: it prepares torchvision for timm
from emotion.cli.commands import run_command
from emotion.core.errors import UserError
from emotion.core.text import printable
from emotion.data.cache import CacheParams, open_images
from emotion.data.labels import class_indices
from emotion.data.manifest import face_images, hash_images, read_manifest
from emotion.evaluation.comparison.revisions import read_bytes
from emotion.models.checkpoint import SAFETENSORS, load_checkpoint
from emotion.training.soup.greedy import Soup, Step, greedy_soup
from emotion.training.soup.ingredients import Ingredient, check_ingredients

MODEL = "models/best_model.pth"  # from the root of the repository
MODEL_SUFFIXES = (".pth", ".pt", ".ckpt", SAFETENSORS, ".onnx")  # never of a revision
SPLITS = Path("data/splits")
DEFAULT = Path("data/weights/soup.pth")
HEADER = ("run", "alone:", "NLL", "accuracy", "macro-F1", "added:", "NLL", "accuracy", "macro-F1")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="emotion soup",
        description="Average the weights of several runs, as far as that helps on validation.",
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a revision, a DVC experiment, or a checkpoint file"
    )
    parser.add_argument(
        "--output", type=Path, default=DEFAULT, metavar="FILE", help="default: %(default)s"
    )
    options = parser.parse_args(arguments)
    if len(options.runs) < 2:
        parser.error("an average needs at least two runs")
    try:
        _check_output(options.output)
        soup = make_soup(options.runs)
        print(format_steps(soup.steps))
        print(describe(soup))
        if soup.count == 1:
            return 1
        soup.checkpoint.save(options.output)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"Written to {options.output}. To evaluate, explain, export and publish it:")
    if options.output.parent != DEFAULT.parent:
        print(f"  cp {options.output} {DEFAULT.parent}/")
    print(f"  dvc exp run -S train.checkpoint={DEFAULT.parent / options.output.name}")
    return 0


def make_soup(runs: Sequence[str]) -> Soup:
    """Read the runs, check them and average them, on the splits of the workspace.

    Raises:
        UserError: a run or the splits cannot be read, or the runs do not fit together.
    """
    with tqdm(runs, desc="read runs", unit="run", leave=False) as bar:  # closed before an error
        ingredients = [read_ingredient(run) for run in bar]
    train, val = (read_manifest(SPLITS / f"{name}.csv") for name in ("train", "val"))
    check_ingredients(ingredients, hash_images(train, val))
    checkpoint = ingredients[0].checkpoint
    train_images, val_images = (
        open_images(face_images(rows), checkpoint.preprocessing, CacheParams(), f"decode {name}")
        for name, rows in (("train", train), ("val", val))
    )
    labels = class_indices(val["label"], checkpoint.class_names)
    total = 2 * len(ingredients) - 1
    with tqdm(total=total, desc="average", unit="network", leave=False) as bar:
        return greedy_soup(ingredients, train_images, val_images, labels, bar.update)


def read_ingredient(run: str) -> Ingredient:
    """The checkpoint of a run: a file, or else the model of a revision.

    Raises:
        UserError: it cannot be read.
    """
    path = Path(run)
    if "://" in run:
        raise UserError("is an address", "download the file, and give its path", file=run)
    if path.is_file() or path.suffix.lower() in MODEL_SUFFIXES:
        # Without the folder: the model card has the name.
        return Ingredient(path.name, load_checkpoint(path))
    try:
        content = read_bytes(run, MODEL)
    except UserError:
        if run and path.is_dir():
            hint = f"give the checkpoint in it, such as {path / Path(MODEL).name}"
            raise UserError("is a folder and no revision", hint, file=path) from None
        raise
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(MODEL).name
        copy.write_bytes(content)
        return Ingredient(run, load_checkpoint(copy, f"{MODEL} of {run}"))


def format_steps(steps: Sequence[Step]) -> str:
    """A table with one line per run, in the order in which the runs were tried."""
    rows: list[tuple[str, ...]] = [HEADER]
    for index, step in enumerate(steps):
        cells = [
            f"{value:.3f}"
            for scores in (step.alone, step.average)
            for value in (scores.nll, scores.accuracy, scores.macro_f1)
        ]
        decision = "" if not index else "kept" if step.kept else "left out"
        average = cells[3:] if index else [""] * 3
        rows.append((printable(step.name), "", *cells[:3], decision, *average))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    )


def describe(soup: Soup) -> str:
    """One sentence: the scores of the average on validation, and those of the best run."""
    first = soup.steps[0]
    if soup.count == 1:
        return f"No average is better on validation than {printable(first.name)} alone."
    return (
        f"Validation of the average of {soup.count} of {len(soup.steps)} runs: "
        f"NLL {soup.scores.nll:.3f} ({first.alone.nll:.3f} of {printable(first.name)}), "
        f"accuracy {soup.scores.accuracy:.3f} ({first.alone.accuracy:.3f}), "
        f"macro-F1 {soup.scores.macro_f1:.3f} ({first.alone.macro_f1:.3f})"
    )


def _check_output(path: Path) -> None:
    """Raise if the file is not a .pth file, or would replace anything but an earlier result."""
    if path.suffix != ".pth":
        raise UserError(
            f"--output is {str(path)!r}", "give a file whose name ends in .pth", key="--output"
        )
    try:
        replaceable = not path.exists() or bool(load_checkpoint(path).ingredients)
    except UserError:
        replaceable = False
    if not replaceable:
        raise UserError(
            "is not an earlier average", "give another --output", file=path, key="--output"
        )


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
