"""Audit somebody else's split: what stands on two sides of it. Reads, and changes nothing.

    python -m emotion.audit train.csv val.csv test.csv [--root folder of the images]

Each CSV (columns path, label; subject if known) is one side of the split, named by its file. Exit
status: 0 nothing leaks, 1 something does, 2 the tables cannot be read.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.corpus import DataParams
from emotion.datasets.csv_table import read_labeled_table
from emotion.grouping.augmented_names import name_originals
from emotion.grouping.groups import name_groups
from emotion.grouping.leaks import count_leaks, find_conflicts
from emotion.grouping.near_duplicates import find_near_pairs
from emotion.inspection.fingerprints import HASH_BYTES
from emotion.inspection.images import inspect_images

NEAR_BITS = DataParams().near_duplicate_bits  # what prepare_splits takes unless told otherwise
EXAMPLES = 3  # of each pair of sides


def audit(tables: list[Path], root: Path | None = None) -> tuple[str, bool]:
    """Compare the sides of a split.

    Args:
        tables: one CSV a side.
        root: folder that paths may start from; None takes each table's own.

    Returns:
        The report as text, and whether something leaks.

    Raises:
        UserError: a table is missing or malformed, two have the same name, or no image is found.
    """
    names = [table.stem for table in tables]
    if len(set(names)) < len(names) or len(names) < 2:
        raise UserError(
            f"the audit needs two or more tables of different names, not {', '.join(names)}; name "
            "each by its side, such as train.csv and test.csv."
        )
    rows = pd.concat([_read_side(table, root or table.parent) for table in tables])
    rows, bad = _inspect(rows.reset_index(drop=True))
    counts = count_leaks(rows)
    leaks = any(count["groups"] for count in counts.values())
    return "\n".join(_report(rows, bad, counts, names)), leaks


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m emotion.audit", description="Report what leaks across a split."
    )
    parser.add_argument("tables", nargs="+", type=Path, metavar="CSV", help="one a side")
    parser.add_argument("--root", type=Path, help="folder of the images, if not the table's own")
    options = parser.parse_args(arguments)
    try:
        report, leaks = audit(options.tables, options.root)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(report)
    return int(leaks)


def _read_side(table: Path, root: Path) -> pd.DataFrame:
    rows = read_labeled_table(table, root, "the audit needs columns path and label.")
    path = [Path(root, path).as_posix() for path in rows["path"]]
    return rows[["label", "subject"]].assign(path=path, split=table.stem)


def _inspect(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The readable rows with their groups, and the number of the others by reason."""
    findings = pd.DataFrame(inspect_images(rows["path"].tolist(), min_size=1))
    bad = findings["sha256"] == ""
    if bad.all():
        raise UserError(
            f"none of the {len(rows):,} images can be read, first {rows['path'].iloc[0]}; name "
            "their folder with --root."
        )
    rows = rows.join(findings[["sha256", "looks"]])[~bad].reset_index(drop=True)
    hashes = np.frombuffer(b"".join(rows.pop("looks")), dtype=np.uint8).reshape(-1, HASH_BYTES)
    _, originals = name_originals(rows["path"], rows["label"])
    group = name_groups(rows, find_near_pairs(hashes, NEAR_BITS), originals)
    return rows.assign(group=group), findings.loc[bad, "reason"].value_counts()


def _report(
    rows: pd.DataFrame,
    bad: pd.Series,
    counts: dict[tuple[str, str], dict[str, int]],
    names: list[str],
) -> Iterator[str]:
    sides = ", ".join(f"{name} {(rows['split'] == name).sum():,}" for name in names)
    yield f"{len(rows):,} images read: {sides}"
    for reason, count in bad.items():
        yield f"{count:,} left out: {reason}"
    yield f"{find_conflicts(rows).sum():,} rows whose identical pixels have another label too"
    table = pd.DataFrame({" and ".join(pair): count for pair, count in counts.items()}).T
    yield ""
    yield table.rename(columns={"images": "identical images"}).to_string()
    yield "  (rows: of the first side, whose group is on the second; a group is one person, or one"
    yield "  image with its near duplicates and augmented copies)"
    yield ""
    for pair, count in counts.items():
        if count["groups"]:
            yield f"LEAK between {' and '.join(pair)}: {count['groups']:,} groups, such as"
            yield from _examples(rows, *pair)
    if not any(count["groups"] for count in counts.values()):
        yield "nothing leaks"


def _examples(rows: pd.DataFrame, first: str, second: str) -> Iterator[str]:
    one, other = rows[rows["split"] == first], rows[rows["split"] == second]
    shared = sorted(set(one["group"]) & set(other["group"]))[:EXAMPLES]
    for group in shared:
        here, there = (part.loc[part["group"] == group, "path"].min() for part in (one, other))
        yield f"  {here}  ~  {there}"


if __name__ == "__main__":
    sys.exit(main())
