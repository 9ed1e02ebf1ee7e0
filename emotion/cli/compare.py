"""Compare revisions by their predictions for the same images: differences beyond chance.

    emotion compare main my-experiment [REVISION ...]

A revision is a Git commit, branch or tag, a DVC experiment, or `workspace`. Each is compared with
the first one. Exit status: 0 compared, 1 with --fail-if-worse if one is worse, 2 not possible.
"""

import argparse
import sys

from emotion.cli.commands import run_command, whole_number

# Tables of predictions, from the root of the repository: in Git, or in the DVC cache or remote.
PREDICTIONS = {
    "test": ("metrics/predictions.csv", "data/predictions/test.csv"),
    "val": ("data/predictions/val.csv",),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    # Imported here, so that `--help` and usage errors do not wait for pandas and scipy.
    from emotion.evaluation.comparison import render
    from emotion.evaluation.comparison.paired import compare_with_baseline
    from emotion.evaluation.comparison.predictions import read_predictions

    paths = PREDICTIONS[options.split]
    names = [options.baseline, *options.revisions]
    baseline, *others = [read_predictions(name, paths) for name in names]
    comparisons = compare_with_baseline(baseline, others, options.resamples)
    renderers = {"md": render.render_markdown, "json": render.render_json}
    print(renderers.get(options.form, render.render_text)(comparisons, options.split))
    worse = any(comparison.verdict < 0 for comparison in comparisons)
    return int(options.fail_if_worse and worse)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emotion compare",
        description="Test whether Git revisions or DVC experiments differ by more than chance.",
    )
    add = parser.add_argument
    add("baseline", metavar="A", help="a revision, or `workspace`")
    add("revisions", metavar="B", nargs="+", help="compared with A")
    add("--split", choices=PREDICTIONS, default="test")
    count = whole_number(1, 10**9)
    add("--resamples", type=count, default=2000, help="of the bootstrap (default: %(default)s)")
    add("--fail-if-worse", action="store_true", help="exit with 1 if a B is worse than A")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--md", dest="form", action="store_const", const="md", help="print Markdown")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="print JSON")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
