"""Write the changes of this branch against another, as Markdown with images for a pull request.

    make pr-report BASE=main
    python -m emotion.cli.pr_report main [--out FOLDER]

FOLDER receives report.md, curves.png, confusion.png and a list of these files, which the next
report replaces. Params, metrics and test predictions are in Git, the learning curves in the DVC
cache or the remote. What cannot be read is named, and the report has the other parts. Exit status:
0 written, 2 the base is not a revision of this repository.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from emotion.cli.commands import run_command
from emotion.cli.compare import PREDICTIONS
from emotion.core import files, markdown
from emotion.core.errors import UserError
from emotion.core.output_folder import OutputFolder
from emotion.core.text import shorten
from emotion.evaluation.comparison.learning_curves import read_curves
from emotion.evaluation.comparison.paired import compare_with_baseline
from emotion.evaluation.comparison.pr_figures import write_confusions, write_curves
from emotion.evaluation.comparison.predictions import RevisionPredictions, read_predictions
from emotion.evaluation.comparison.render import render_markdown
from emotion.evaluation.comparison.revisions import WORKSPACE, read_text

MARKER = "<!-- emotion-pr-report -->"  # first line; identifies the comment to update
REPORT = "report.md"
LIST, COMMAND = "pr_report.json", "make pr-report"  # of the files that it has written
BRANCH = "this branch"
RESAMPLES = 2000  # the default of `emotion compare`
PIPELINE = "dvc.yaml"
HEADER = ["file", "key", "before", "now", "change"]
OPEN_ROWS = 12  # a longer table is folded
MOST_ROWS = 150  # of a table; a comment on GitHub has at most 65,536 characters

Result = TypeVar("Result")


@dataclass(frozen=True)
class BaseAndBranch(Generic[Result]):
    """Results of the base and of this branch."""

    results: dict[str, Result | None]  # by name of the revision; None if it cannot be read
    problems: list[str]  # the reasons

    @property
    def found(self) -> list[Result]:
        """The results that could be read."""
        return [result for result in self.results.values() if result is not None]


def write_report(base: str, folder: Path) -> Path:
    """Write the report; returns the path of its text.

    Args:
        base: a Git revision; the files as they are now are compared with it.
        folder: new, or of an earlier report, whose files are replaced.

    Raises:
        UserError: there is no such revision, it has no pipeline, or the folder has other files.
    """
    read_text(base, PIPELINE)
    outputs = OutputFolder(folder, LIST, COMMAND)
    predictions = _read_both(_read_test_predictions, base)
    curves = _read_both(partial(read_curves, pipeline_file=PIPELINE), base)
    with outputs.updating({"base": base}) as new:
        parts = [
            MARKER,
            f"## Results compared with {markdown.code(base)}",
            _compare(predictions),
            _diff("params", base),
            _diff("metrics", base),
            *([_list("Learning curves are missing", curves.problems)] if curves.problems else []),
            *_show("Learning curves", new / "curves.png", curves, write_curves),
            *_show("Confusion matrices", new / "confusion.png", predictions, write_confusions),
            "<sub>Written by `make pr-report`.</sub>",
        ]
        files.write_text(new / REPORT, "\n\n".join(parts) + "\n")
    return folder / REPORT


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m emotion.cli.pr_report",
        description="Write the changes of this branch against another.",
    )
    parser.add_argument("base", metavar="BASE", help="a Git revision, such as main")
    parser.add_argument(
        "--out", type=Path, default=Path("pr_report"), metavar="FOLDER", help="default: pr_report"
    )
    options = parser.parse_args(arguments)
    print(f"{write_report(options.base, options.out)} written")
    return 0


def _read_both(read: Callable[[str], Result], base: str) -> BaseAndBranch[Result]:
    both: BaseAndBranch[Result] = BaseAndBranch({}, [])
    for name, revision in ((base, base), (BRANCH, WORKSPACE)):
        try:
            both.results[name] = read(revision)
        except UserError as error:
            both.results[name] = None
            both.problems.append(str(error))
    return both


def _read_test_predictions(revision: str) -> RevisionPredictions:
    predictions = read_predictions(revision, PREDICTIONS["test"])
    return replace(predictions, revision=BRANCH if revision == WORKSPACE else revision)


def _compare(predictions: BaseAndBranch[RevisionPredictions]) -> str:
    """Sentence and table of `emotion compare`."""
    problems = predictions.problems
    try:
        if not problems:
            base, branch = predictions.found
            return render_markdown(compare_with_baseline(base, [branch], RESAMPLES), "test")
    except UserError as error:
        problems = [str(error)]
    return _list("The test predictions are not compared", problems)


def _show(
    title: str,
    image: Path,
    both: BaseAndBranch[Result],
    write: Callable[[Path, dict[str, Result | None]], None],
) -> Iterator[str]:
    """A section with the image, if at least one of both can be drawn."""
    if both.found:
        write(image, both.results)
        yield f"### {title}\n\n![{title}]({image.name})"


def _diff(kind: str, base: str) -> str:
    """The output of `dvc params diff` or `dvc metrics diff` as a table, folded if it is long.

    Not with --md: DVC puts names and values into its table as they are.
    """
    # DVC has no public function for these; with Python's -m it is that of this environment.
    command = [sys.executable, "-m", "dvc", kind, "diff", "--json", base]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    # On stderr DVC names the revision that has no values, or the reason why it failed.
    lines = result.stderr.splitlines()
    notes = [line for line in lines if line.startswith(("DVC failed", "ERROR"))]
    if result.returncode:
        return _list(f"`dvc {kind} diff` failed", notes or lines[-1:])
    notes = [markdown.escape(note) for note in notes]
    rows = _changes(json.loads(result.stdout or "{}"))
    if not rows:
        return "\n\n".join([f"{kind}: no changes", *notes])
    table = markdown.table(HEADER, rows[:MOST_ROWS], numbers=False)
    if len(rows) > MOST_ROWS:
        notes.insert(0, f"{len(rows) - MOST_ROWS:,} more rows: see `dvc {kind} diff`")
    state = " open" if len(rows) <= OPEN_ROWS else ""
    summary = f"<summary>{kind}: {len(rows):,} changed</summary>"
    return "\n\n".join([f"<details{state}>{summary}", table, *notes, "</details>"])


def _changes(files_of_dvc: dict[str, dict[str, dict[str, Any]]]) -> list[list[str]]:
    """The rows of a table: file, key, old value, new value, difference."""
    return [
        [file, key, *(_value(change.get(name)) for name in ("old", "new", "diff"))]
        for file, changes in sorted(files_of_dvc.items())
        for key, change in sorted(changes.items())
    ]


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else shorten(str(value), 200)


def _list(title: str, items: list[str]) -> str:
    return f"{title}:\n\n{markdown.bullets(items)}"


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
