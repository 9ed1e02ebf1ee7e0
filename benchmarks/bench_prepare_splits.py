"""Measure time and memory of `prepare_splits` and compare them with the limits below.

Run     python -m benchmarks.bench_prepare_splits     (some minutes, on an otherwise idle machine)
Writes  benchmarks/results/prepare_splits.json, in which `faces` is of bench_face_search

Each measurement runs in its own process, so that its peak memory is measured separately. Only the
standard library is imported at module level: every worker imports this module first, and the time
of other imports would be counted on both sides of a ratio.
"""

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import describe_machine, in_a_process

if TYPE_CHECKING:
    import pandas as pd

RESULTS = Path(__file__).parent / "results" / "prepare_splits.json"
IMAGES, SIDE, PROCESSES, REPETITIONS = 36_000, 48, 2, 3
COUNTS = (10_000, 100_000, 1_000_000)
DISTANCE = 16  # bits of 256, the default of data.near_duplicate_bits

MIN_RATE = 0.7  # images per second, inspection to decoding only
MAX_SECONDS, MAX_MEGABYTES = 60, 2000  # of the largest split


def main() -> None:
    """Measure, print a table, and write the numbers."""
    from emotion.core import files

    results = files.read_json(RESULTS) | {
        "machine": describe_machine(),
        "inspection": in_a_process(bench_inspection),
        "near_pairs": bench_growth(bench_near_pairs),
        "split": bench_growth(bench_split),
    }
    print(format_table(results))
    files.write_json(RESULTS, results)


def bench_growth(bench: Callable[[int], dict[str, float]]) -> dict[str, Any]:
    """Repeat a measurement for each of COUNTS; `growth` is the ratio of successive times."""
    rows = {str(count): in_a_process(bench, count) for count in COUNTS}
    seconds = [row["seconds"] for row in rows.values()]
    return {
        "by_count": rows,
        "growth": [round(after / before, 2) for before, after in pairwise(seconds)],
    }


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Fill a dict with the seconds of the block and the peak memory of the process so far."""
    taken: dict[str, float] = {}
    start = time.perf_counter()
    yield taken
    taken["seconds"] = round(time.perf_counter() - start, 3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken["peak_megabytes"] = round(peak / (1e6 if sys.platform == "darwin" else 1e3))


def bench_inspection() -> dict[str, Any]:
    """Compare the inspection of IMAGES files with decoding only, alternating."""
    from emotion.datasets.inspection import inspect_images

    bare: list[float] = []
    inspection: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(Path(folder))
        decode_all(paths)  # reads the files into the page cache
        for _ in range(REPETITIONS):
            with stopwatch() as taken:
                decode_all(paths)
            bare.append(taken["seconds"])
            with stopwatch() as taken:
                inspect_images(paths, min_size=SIDE, workers=PROCESSES)
            inspection.append(taken["seconds"])
    rates = [part / whole for whole, part in zip(inspection, bare, strict=True)]
    return {
        "images": IMAGES,
        "processes": PROCESSES,
        "bare_seconds": bare,
        "inspection_seconds": inspection,
        "median_rate": round(statistics.median(rates), 3),
    }


def write_images(folder: Path) -> list[str]:
    """Write gray PNGs, each with a different gradient and noise."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    ramp = np.linspace(-0.5, 0.5, SIDE)
    paths = []
    for index in range(IMAGES):
        down, across = rng.uniform(-100, 100, 2)
        values = 128 + down * ramp[:, None] + across * ramp + rng.normal(0, 20, (SIDE, SIDE))
        paths.append(str(folder / f"{index:05d}.png"))
        Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(paths[-1])
    return paths


def decode_all(paths: list[str]) -> None:
    """Decode only, which every inspection must do, in the same kind of pool."""
    chunks = [paths[start : start + 256] for start in range(0, len(paths), 256)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(decode_chunk, chunks))


def decode_chunk(paths: list[str]) -> None:
    """Decode the images of one chunk."""
    from PIL import Image

    for path in paths:
        with Image.open(path) as image:
            image.load()


def bench_near_pairs(count: int) -> dict[str, float]:
    """Measure the search among random hashes, 1 % of them transposed near-duplicates of others."""
    import numpy as np

    from emotion.datasets.hash_transforms import transpose
    from emotion.datasets.near_duplicates import find_near_pairs

    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    copies = count // 100
    bits = np.unpackbits(hashes[:copies], axis=1)
    for row in bits:
        row[rng.choice(256, rng.integers(1, DISTANCE + 1), replace=False)] ^= 1
    hashes[-copies:] = transpose(np.packbits(bits, axis=1))
    hashes = rng.permutation(hashes)
    find_near_pairs(hashes[:1000], DISTANCE)
    with stopwatch() as taken:
        pairs = find_near_pairs(hashes, DISTANCE)
    assert len(pairs.first) == copies, "a near-duplicate was missed, or a false one was found"
    return taken


def bench_split(rows_count: int) -> dict[str, float]:
    """Measure grouping and splitting of a manifest."""
    split_manifest(make_manifest(3000))  # imports and one-time compilation are not measured
    rows = make_manifest(rows_count)
    with stopwatch() as taken:
        split_manifest(rows)
    return taken


def make_manifest(count: int) -> "pd.DataFrame":
    """Make rows of six unequal classes, about three per subject, and 10 % without subject."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    classes = ["angry", "fearful", "happy", "neutral", "sad", "surprised"]
    subjects = np.char.add("s", rng.integers(0, count // 3, count).astype(str)).astype(object)
    subjects[rng.random(count) < 0.1] = ""
    digests = rng.bytes(32 * count).hex()
    return pd.DataFrame(
        {
            "path": [f"data/raw/{index:07d}.png" for index in rng.permutation(count)],
            "label": rng.choice(classes, count, p=[0.1, 0.05, 0.35, 0.25, 0.15, 0.1]),
            "split": "",
            "subject": subjects,
            "sha256": [digests[start : start + 64] for start in range(0, 64 * count, 64)],
        }
    )


def split_manifest(rows: "pd.DataFrame") -> None:
    """Group and split rows without near-duplicates and copies."""
    import numpy as np

    from emotion.datasets.groups import name_groups
    from emotion.datasets.near_duplicates import Pairs
    from emotion.datasets.splits import split_rows

    none = np.array([], dtype=np.int64)
    groups = name_groups(rows, Pairs(none, none, none, none), np.full(len(rows), "", object))
    split_rows(rows.assign(group=groups), val_fraction=0.15, test_fraction=0.15, seed=42)


def format_table(results: dict[str, Any]) -> str:
    """Format the results together with the limits."""
    inspection = results["inspection"]
    lines = [
        ", ".join(str(value) for value in results["machine"].values()),
        f"inspection and decoding only of {IMAGES:,} images, {PROCESSES} processes: "
        f"{statistics.median(inspection['inspection_seconds']):.2f} s and "
        f"{statistics.median(inspection['bare_seconds']):.2f} s, "
        f"rate {inspection['median_rate']:.2f} of decoding only (at least {MIN_RATE})",
        "",
        f"{'':12}{'rows':>10}{'seconds':>10}{'MB':>8}",
    ]
    for name in ("near_pairs", "split"):
        for count, row in results[name]["by_count"].items():
            lines.append(
                f"{name:12}{int(count):>10,}{row['seconds']:>10.2f}{row['peak_megabytes']:>8,}"
            )
        lines.append(f"{'':12}ten times the rows: {results[name]['growth']} times the seconds")
    lines.append(f"split: at most {MAX_SECONDS} s and {MAX_MEGABYTES:,} MB at {COUNTS[-1]:,} rows")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
