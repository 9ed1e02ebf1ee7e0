"""Write a recipe into params.yaml: a named set of values, with what it reached.

    emotion recipe                                  list the recipes
    emotion recipe faces                            show one, and what it would change
    emotion recipe faces --root data/raw/faces      and write it, for the images of this folder

Comments are kept. A params.yaml with uncommitted changes is refused, unless --force is given. Exit
status: 0; 2 nothing is written, because of an error.
"""

import argparse
import reprlib
import sys
import textwrap
from pathlib import Path
from typing import Any

from emotion.cli.commands import run_command
from emotion.cli.edit_params import ABSENT, Edit, plan_edit, refuse_uncommitted, write_edit
from emotion.cli.recipes import FILES, Recipe, Result, load_recipe
from emotion.core.errors import UserError
from emotion.core.text import counted, printable, shorten

PARAMS, PIPELINE = Path("params.yaml"), Path("dvc.yaml")
WIDTH = 90  # of the printed lines
HEADER = ("recipe", "for", "accuracy", "macro-F1", "minutes")
NOTE = """Scores on the test split, minutes of training; `emotion recipe NAME` shows the dataset,
the machine and the values."""
NEXT = "next: `dvc repro publish`, or `dvc exp run publish`, which keeps the run as an experiment"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="emotion recipe",
        description="List the recipes, show one, or write its values into params.yaml.",
    )
    add = parser.add_argument
    add("name", nargs="?", metavar="NAME", help="a recipe; all are listed without")
    add("--root", metavar="FOLDER", help="of your images; without it, nothing is written")
    explained = "of the images, as in data/README.md; default: csv if FOLDER has a labels.csv, "
    add("--format", help=f"{explained}else folder")
    explained = "write, even if params.yaml has changes that are not committed"
    add("--force", action="store_true", help=explained)
    options = parser.parse_args(arguments)
    if options.root is None and (options.format or options.force):
        parser.error("--format and --force need --root")
    if options.name is None and options.root is not None:
        parser.error("name the recipe that is to be written")
    if options.name is None:
        print(format_list({name: load_recipe(name) for name in FILES}))
        return 0
    recipe = load_recipe(options.name)
    values = recipe.params
    if options.root is not None:
        values = with_dataset(values, options.root, options.format)
    edit = plan_edit(PARAMS, values)
    print(describe(options.name, recipe))
    print(describe_changes(edit), flush=True)  # before an error
    if options.root is None:
        print(f"nothing is written: `emotion recipe {options.name} --root FOLDER` does so")
        return 0
    if edit.changes:
        write(edit, options.force)
    print(NEXT)
    return 0


def with_dataset(params: dict[str, Any], root: str, chosen: str | None) -> dict[str, Any]:
    """The values of a recipe, and those of the section `data` for a folder of images.

    Args:
        params: of the recipe.
        root: the folder.
        chosen: data.format; None finds it.

    Raises:
        UserError: there is no such folder, it cannot be the root of a dataset, or the format is
            unknown or not found.
    """
    folder = Path(root)
    if not root.strip() or not folder.is_dir():
        problem = f"--root is {root!r}, which is not a folder"
        raise UserError(problem, "give that of the images", key="--root")
    here = Path.cwd()
    if here.is_relative_to(folder.resolve()):
        problem = f"--root is {root!r}, which contains this repository"
        hint = "give a folder that has the images alone, such as data/raw/faces"
        raise UserError(problem, hint, key="--root")
    try:
        root.encode()
    except UnicodeEncodeError:
        problem = f"--root is {root!r}, which is not UTF-8"
        raise UserError(problem, "rename the folder", key="--root") from None
    if folder.is_absolute() and folder.is_relative_to(here):
        folder = folder.relative_to(here)
    dataset = {"root": folder.as_posix(), "format": find_format(folder, chosen)}
    return {**params, "data": {**params.get("data", {}), **dataset}}


def find_format(folder: Path, chosen: str | None) -> str:
    """The format of a dataset: `chosen`, or csv, or folder; errors as in `with_dataset`."""
    from emotion.datasets.formats import ADAPTERS

    formats = ", ".join(ADAPTERS)
    if chosen is not None and chosen not in ADAPTERS:
        problem = f"--format is {chosen!r}, which is no format"
        raise UserError(problem, f"give one of {formats}", key="--format")
    if chosen is not None or (folder / "labels.csv").is_file():
        return chosen or "csv"
    if any(path.is_dir() for path in folder.iterdir()):
        return "folder"
    problem = "has neither a labels.csv nor a folder per class"
    hint = f"give the folder that has, or --format: {formats}"
    raise UserError(problem, hint, file=folder, key="--root")


def write(edit: Edit, force: bool) -> None:
    """Write params.yaml; errors as `refuse_uncommitted` and `write_edit`."""
    if not force:
        refuse_uncommitted(edit.path)
    write_edit(edit, schemas(), PIPELINE)
    print(f"written to {edit.path}")


def schemas() -> dict[Any, type]:
    """The settings of each section, as the stage `check_params` has them; they import torch."""
    from emotion.data.class_weights import ClassWeightParams
    from emotion.datasets.drawn_faces.dataset import DrawFacesParams
    from emotion.datasets.params import DataParams
    from emotion.evaluation.params import EvaluateParams
    from emotion.explanation.params import ExplainParams
    from emotion.export.hub.upload import PublishParams
    from emotion.export.params import ExportParams
    from emotion.models.sources.pretrained import PretrainedParams
    from emotion.training.params import TrainParams

    data = {"draw_faces": DrawFacesParams, "data": DataParams, "class_weights": ClassWeightParams}
    network = {None: PretrainedParams, "train": TrainParams, "evaluate": EvaluateParams}
    result = {"explain": ExplainParams, "export_onnx": ExportParams, "publish": PublishParams}
    return {**data, **network, **result}


def format_list(recipes: dict[str, Recipe]) -> str:
    """A table with one line per recipe."""
    rows: list[tuple[str, ...]] = [HEADER]
    for name, recipe in recipes.items():
        result = recipe.results[0]
        scores = f"{result.accuracy:.3f}", f"{result.macro_f1:.3f}"
        minutes = "" if result.minutes is None else f"{result.minutes:.1f}"
        rows.append((name, recipe.purpose, *scores, minutes))
    first, second, *_ = (max(map(len, column)) for column in zip(*rows, strict=True))
    layout = f"{{:<{first}}}  {{:<{second}}}  {{:>8}}  {{:>8}}  {{:>7}}"
    return "\n".join([*(layout.format(*row) for row in rows), "", NOTE])


def describe(name: str, recipe: Recipe) -> str:
    """What a recipe is for, what it needs, and what it reached on which dataset in which time."""
    results = map(_describe_result, recipe.results)
    texts = [("for", recipe.purpose), ("needs", recipe.needs), *(("reached", r) for r in results)]
    return "\n".join([f"recipe {name}", *(_paragraph(*pair) for pair in texts), ""])


def describe_changes(edit: Edit) -> str:
    """The keys that change, with the present and the new value of each."""
    if not edit.changes:
        return f"{edit.path} has these values already"
    shown = {key: tuple(map(_show, pair)) for key, pair in edit.changes.items()}
    width = max(map(len, shown))
    lines = (f"  {key:<{width}}  {old} -> {new}" for key, (old, new) in shown.items())
    return "\n".join([f"{edit.path}: {counted(len(shown), 'change')}", *lines, ""])


def _describe_result(result: Result) -> str:
    runs = f"mean of {result.runs} seeds" if result.runs > 1 else "one seed"
    scores = f"accuracy {result.accuracy:.3f}, macro-F1 {result.macro_f1:.3f} ({runs})"
    time = f"; {result.minutes} minutes of training on {result.machine}" if result.minutes else ""
    return f"{scores}: {result.dataset}{time}"


def _paragraph(label: str, text: str) -> str:
    indent = f"  {label:<9}"
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))


def _show(value: Any) -> str:
    """A value as YAML writes it, in one line."""
    if value is ABSENT:
        return "(none)"
    if isinstance(value, str):
        return printable(shorten(value)) or "''"
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else reprlib.repr(value)


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
