"""Tell whether revisions differ by more than chance, from their predictions for the same images.

    emotion compare main my-experiment [REVISION ...]
    python -m emotion.cli.compare ...                     the same

A revision is a Git commit, branch or tag, a DVC experiment, or `workspace`. Each is compared with
the first one. Exit status: 0 compared, 1 with --fail-if-worse if one is worse, 2 it is impossible.
"""

import argparse
import sys

from emotion.cli.commands import run_command
from emotion.core.errors import UserError

PREDICTIONS = "data/predictions/{split}.csv"  # from the root of the repository


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    # Not at the top: `--help` and usage errors should not wait for pandas and scipy.
    from emotion.evaluation.comparison import render
    from emotion.evaluation.comparison.paired import compare_with_baseline
    from emotion.evaluation.comparison.predictions import read_predictions

    path = PREDICTIONS.format(split=options.split)
    names = [options.baseline, *options.revisions]
    try:
        baseline, *others = [read_predictions(name, path) for name in names]
        comparisons = compare_with_baseline(baseline, others, options.resamples)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    renderers = {"md": render.render_markdown, "json": render.render_json}
    print(renderers.get(options.form, render.render_text)(comparisons, options.split))
    worse = any(comparison.verdict < 0 for comparison in comparisons)
    return int(options.fail_if_worse and worse)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emotion compare",
        description="Tell whether Git revisions or DVC experiments differ by more than chance.",
    )
    parser.add_argument("baseline", metavar="A", help="a revision, or `workspace`")
    parser.add_argument("revisions", metavar="B", nargs="+", help="compared with A")
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument(
        "--resamples", type=int, default=2000, help="of the bootstrap (default: %(default)s)"
    )
    parser.add_argument(
        "--fail-if-worse", action="store_true", help="exit with 1 if a B is worse than A"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--md", dest="form", action="store_const", const="md", help="print Markdown")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="print JSON")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
