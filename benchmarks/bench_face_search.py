"""Measure `prepare_splits` with a search for faces, and compare it with the detector alone.

Run     python -m benchmarks.bench_face_search ROOT     (minutes, on an otherwise idle machine)
Reads   ROOT, a dataset of photographs of the format csv
Writes  `faces` in benchmarks/results/prepare_splits.json

Both sides detect the faces of the same images in the same number of processes, whose start is
included. The stage also decodes, checks, hashes, groups and splits the images, and stores its
state.
"""

import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.bench_prepare_splits import PROCESSES, REPETITIONS, RESULTS, stopwatch
from benchmarks.machine import describe_machine, in_a_process

SCENES, SCENE = 240, (1280, 960)  # number of larger photographs, and their size in pixels
MIN_RATE = 0.8  # images per second, the stage to the detector alone


def main() -> None:
    """Measure, print, and write the numbers."""
    from emotion.core import files

    root = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        roots = {"photographs": root, "scenes": write_scenes(root, Path(folder))}
        faces = {name: in_a_process(bench_dataset, path) for name, path in roots.items()}
    for name, row in faces.items():
        print(
            f"{row['images']:,} {name}: {statistics.median(row['stage_seconds']):.1f} s, "
            f"{statistics.median(row['detector_seconds']):.1f} s of the detector alone, "
            f"rate {row['median_rate']:.2f} (at least {MIN_RATE})"
        )
    measured = {"machine": describe_machine(), **faces}
    files.write_json(RESULTS, files.read_json(RESULTS) | {"faces": measured})


def write_scenes(root: Path, folder: Path) -> Path:
    """Paste photographs into larger scenes, at two to three times their size."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    from benchmarks.backgrounds import background

    random = np.random.default_rng(0)
    rows = pd.read_csv(root / "labels.csv").sample(SCENES, random_state=0)
    for index, path in enumerate(rows["path"]):
        scene, _ = background(SCENE, random)
        with Image.open(root / path) as image:
            side = round(image.width * random.uniform(2, 3))
            corner = random.integers(0, np.array(SCENE) - side).tolist()
            scene.paste(image.resize((side, side), Image.Resampling.BICUBIC), corner)
        scene.convert("RGB").save(folder / f"{index}.jpg", quality=95)
    names = [f"{index}.jpg" for index in range(SCENES)]
    table = rows[["label", "subject"]].assign(path=names)
    table.to_csv(folder / "labels.csv", index=False)
    return folder


def bench_dataset(root: Path) -> dict[str, Any]:
    """Time `prepare` with its state, and the detector on the same images, decoded, alternating."""
    import numpy as np

    from emotion.data.images import read_image
    from emotion.datasets.inspection_state import InspectionState
    from emotion.datasets.params import DataParams
    from emotion.datasets.prepare import prepare

    params = DataParams(root=str(root), faces="aligned", no_face="whole")
    bare: list[float] = []
    stage: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        arrays = []
        for number, path in enumerate(sorted(map(str, root.rglob("*.jpg")))):
            arrays.append(f"{folder}/{number}.npy")
            np.save(arrays[-1], np.asarray(read_image(path)))
        for repetition in range(REPETITIONS):
            with stopwatch() as taken:
                detect_all(arrays)
            bare.append(taken["seconds"])
            state = InspectionState(Path(folder, f"state {repetition}"), ["benchmark"])
            with stopwatch() as taken:
                prepare(params, Path(folder, "unpacked"), PROCESSES, state)
            stage.append(taken["seconds"])
    rates = [part / whole for whole, part in zip(stage, bare, strict=True)]
    return {
        "images": len(arrays),
        "processes": PROCESSES,
        "detector_seconds": bare,
        "stage_seconds": stage,
        "peak_megabytes": taken["peak_megabytes"],
        "median_rate": round(statistics.median(rates), 3),
    }


def detect_all(arrays: list[str]) -> None:
    """Only detect, in the same kind of pool; the decoded images are in the page cache."""
    chunks = [arrays[start : start + 8] for start in range(0, len(arrays), 8)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(detect_chunk, chunks))


def detect_chunk(arrays: list[str]) -> None:
    """Detect the faces of one chunk."""
    import numpy as np
    from PIL import Image

    from emotion.data.face_detector import FaceDetector

    detector = FaceDetector()
    for path in arrays:
        detector.detect(Image.fromarray(np.load(path)))


if __name__ == "__main__":
    main()
