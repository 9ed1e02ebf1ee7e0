"""Audit an existing split for leaks. The audit only reads; it changes nothing.

    emotion audit train.csv val.csv test.csv [--root folder of the images]
    python -m emotion.cli.audit ...                   the same

Each CSV (columns path, label; subject if known) is one split, named after its file; those of
data/splits too. For each pair of splits the report counts the rows of the second that also occur in
the first; train, val and test are taken in this order, other names as given. Exit status: 0 no
leaks, 1 leaks found, 2 the tables cannot be read, or no leaks found but not every image was read.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emotion.cli.commands import run_command
from emotion.core.errors import UserError
from emotion.core.reports import Counts
from emotion.core.text import printable
from emotion.data.identifiers import merge_spellings
from emotion.data.labels import canonical_label
from emotion.data.manifest import SPLITS
from emotion.datasets.formats.csv_table import read_labeled_table
from emotion.datasets.groups import group_images
from emotion.datasets.inspection import MISSING, inspect_images
from emotion.datasets.leaks import SplitPair, count_leaks, describe_leak, find_conflicts
from emotion.datasets.near_duplicates import UNSEEN, Pairs
from emotion.datasets.params import DataParams

NO_LEAKS, LEAKS, UNKNOWN = 0, 1, 2  # exit status
NEAR_BITS = DataParams.near_duplicate_bits  # the default of prepare_splits
EXAMPLES = 3  # per pair of splits


def audit(tables: list[Path], root: Path | None = None) -> tuple[str, int]:
    """Compare the splits of a dataset.

    Args:
        tables: one CSV per split.
        root: folder that paths are relative to; None means the folder of each table.

    Returns:
        The report as text, and NO_LEAKS, LEAKS or UNKNOWN.

    Raises:
        UserError: a table is missing, malformed or empty, two have the same name, the root is no
            folder, or no image of a table can be read.
    """
    names = [table.stem for table in tables]
    if len(set(names)) < len(names) or len(names) < 2:
        raise UserError(
            f"the audit needs two or more tables with different names, not {', '.join(names)}",
            "name each after its split, such as train.csv and test.csv",
            key="CSV",
        )
    if root and not root.is_dir():
        raise UserError("is not a folder", "give that of the images", file=root, key="--root")
    rows = pd.concat([_read_split(table, root or table.parent) for table in tables])
    hint = f"correct the paths, or pass another folder than {root} with --root"
    hint = hint if root else "pass the folder of the images with --root"
    rows, near, bad = _inspect(rows.reset_index(drop=True), hint)
    counts = count_leaks(rows, near, list(dict.fromkeys([*SPLITS, *names])))
    status = UNKNOWN if len(bad) else NO_LEAKS
    if any(count["groups"] for count in counts.values()):
        status = LEAKS
    return "\n".join(_report(rows, bad, counts, names, hint)), status


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    description = "Report what leaks across a split."
    parser = argparse.ArgumentParser(prog="emotion audit", description=description)
    parser.add_argument("tables", nargs="+", type=Path, metavar="CSV", help="one per split")
    parser.add_argument("--root", type=Path, help="folder of the images, if not that of the table")
    options = parser.parse_args(arguments)
    try:
        report, status = audit(options.tables, options.root)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNKNOWN
    print(report)
    return status


def _read_split(table: Path, root: Path) -> pd.DataFrame:
    rows = read_labeled_table(table, root, "the audit needs columns path and label", reserved=())
    if rows.empty:
        raise UserError("has no rows", "the audit needs at least one image per split", file=table)
    path = [Path(root, path).as_posix() for path in rows["path"]]
    label = rows["label"].map(lambda name: canonical_label(name) or name)
    return rows[["subject", "attempts"]].assign(path=path, label=label, split=table.stem)


def _inspect(rows: pd.DataFrame, hint: str) -> tuple[pd.DataFrame, Pairs, pd.Series]:
    """Readable rows with their groups, their near-duplicates, and the other rows by reason.

    `hint` is for a split whose images are missing.
    """
    # Tables that different programs wrote may spell a person or a class differently.
    rows = rows.assign(**{name: merge_spellings(rows[name]) for name in ("subject", "label")})
    findings = pd.DataFrame(inspect_images(rows["path"].tolist(), min_size=1))
    bad = findings["sha256"] == ""
    for split, unreadable in bad.groupby(rows["split"]):
        if unreadable.all():
            raise _unreadable(rows[rows["split"] == split], findings, hint)
    rows = rows.join(findings[["sha256", "phash"]])[~bad].reset_index(drop=True)
    grouping = group_images(rows, NEAR_BITS)
    reasons = findings.loc[bad, "reason"].value_counts()
    return rows.assign(group=grouping.names), grouping.near, reasons


def _unreadable(rows: pd.DataFrame, findings: pd.DataFrame, hint: str) -> UserError:
    """The error for a split, of which no image can be read."""
    first, reason = rows.iloc[0], findings["reason"][rows.index[0]]
    problem = (
        f"none of the {len(rows):,} images of {first['split']} can be read, first "
        f"{first['path']}: {reason}"
    )
    if reason != MISSING:
        return UserError(problem, "restore or convert them", key="CSV")
    tried = f"; looked for at {first['attempts']}" if first["attempts"] else ""
    return UserError(problem + tried, hint, key="--root")


def _report(
    rows: pd.DataFrame,
    bad: pd.Series,
    counts: dict[SplitPair, Counts],
    names: list[str],
    hint: str,
) -> Iterator[str]:
    splits = ", ".join(f"{printable(name)} {(rows['split'] == name).sum():,}" for name in names)
    yield f"{len(rows):,} images read: {splits}"
    for reason, count in bad.items():
        yield f"{count:,} left out: {reason}"
    yield f"{find_conflicts(rows).sum():,} rows whose pixels also occur with another label"
    if unknown := int((rows["subject"] == "").sum()):
        yield f"subjects: unknown for {unknown:,} rows, so the same person may be in several splits"
    yield UNSEEN
    yield ""
    if not any(count["groups"] for count in counts.values()):
        unread = int(bad.sum())
        yield (
            f"no leaks among the images that were read; {unread:,} could not be read and may leak: "
            f"restore them, or {hint}"
            if unread
            else "no leaks found"
        )
        return
    for pair, count in counts.items():
        if not count["groups"]:
            yield f"no leaks between {' and '.join(pair)}"
            continue
        total, *kinds = describe_leak(pair, count)
        yield f"LEAK between {total}"
        yield from (f"  {kind}" for kind in kinds)
        yield "  such as"
        yield from _examples(rows, *pair)
    yield (
        "(a group is one person, or one image with its near-duplicates, also mirrored or turned by "
        "quarter turns, and its augmented copies)"
    )


def _examples(rows: pd.DataFrame, first: str, second: str) -> Iterator[str]:
    parts = [rows[rows["split"] == split] for split in (first, second)]
    shared = set(parts[0]["group"]) & set(parts[1]["group"])
    for group in sorted(shared)[:EXAMPLES]:
        yield "    " + "  ~  ".join(
            printable(part.loc[part["group"] == group, "path"].min()) for part in parts
        )


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
