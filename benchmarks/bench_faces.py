"""Measure what the crop of the face costs or gains where faces are framed in another way.

Run     python -m benchmarks.bench_faces train ROOT FOLDER [--crops ...] [--seeds ...] [--rows N]
        python -m benchmarks.scenes ROOT SCENES [images]
        python -m benchmarks.bench_faces measure ROOT FOLDER SCENES
Reads   ROOT, a dataset of the format csv with the splits train, val and test
Writes  FOLDER/<crop>-<seed>/ with a network, or what is missing of these (minutes each); from
        `measure`, its predictions there, and benchmarks/results/faces.json, by the name of FOLDER

A crop is `as_is`, or `box` or `aligned` with a margin: `aligned-0.9`. Every image is predicted as
`emotion predict` does, of several faces the largest; an image without a face counts as wrong. The
margin is to be chosen by the columns of validation. A difference is that of a copy and its
original, paired, the mean over seeds, with the 95 % interval of a bootstrap over persons.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from benchmarks.bench_accuracy import FACE_RECIPE, FACES
from benchmarks.bench_parties import format_parties, measure_parties
from benchmarks.bench_recipe import format_spread
from benchmarks.copy_scores import ALL, NO_FACE, ORIGINAL, VAL, compare, score
from benchmarks.scenes import KINDS, list_originals
from benchmarks.stage_runs import sample_dataset, train_network
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.data.face import Face
from emotion.data.face_crop import KINDS as CROP_KINDS
from emotion.data.face_detector import FaceDetector, largest
from emotion.data.images import read_image
from emotion.prediction import Predictor
from emotion.prediction.sources import Source

RESULTS = Path(__file__).parent / "results" / "faces.json"
CROPS = ("as_is", "box-1", "aligned-1", "aligned-0.85")
BATCH = 64  # images read per call
VAL_ROWS = 1500  # of a sample of a dataset that has no val
COLUMNS = {
    (VAL, "accuracy"): "val accuracy",
    (VAL, "macro_f1"): "val macro-F1",
    (ORIGINAL, "accuracy"): "test accuracy",
    (ORIGINAL, "macro_f1"): "test macro-F1",
    (ORIGINAL, "balanced_accuracy"): "test balanced accuracy",
}


def main() -> None:
    """Train, or measure and print the tables."""
    keep_freed_memory()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("train", "measure"))
    parser.add_argument("root", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scenes", type=Path, nargs="?")
    parser.add_argument("--crops", nargs="+", default=CROPS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--rows", type=int, help="train on so many images of the split train")
    args = parser.parse_args()
    if args.action == "train":
        train(args.root, args.folder, args.crops, args.seeds, args.rows)
        return
    found = files.read_json(RESULTS) if RESULTS.exists() else {}
    found[args.folder.name] = measure(args.root, args.folder, args.scenes)
    files.write_json(RESULTS, found)
    tables = (format_scores, format_differences, format_found, format_parties)
    print(*(table(found) for table in tables), sep="\n\n")


def train(root: Path, folder: Path, crops: list[str], seeds: list[int], rows: int | None) -> None:
    """Train what FOLDER lacks, with the recipe of README.md."""
    if rows:
        root = sample_dataset(root, folder / "dataset", rows, VAL_ROWS)
    for crop in crops:
        for seed in seeds:
            faces, _, margin = crop.partition("-")
            data = {"root": str(root.resolve()), "format": "csv", "faces": faces}
            changes = {
                "model_type": FACES,
                "pretrained": "require",
                "data": data | ({"face_margin": float(margin)} if margin else {}),
                "train": FACE_RECIPE | {"seed": seed},
                "evaluate": {"flip": True},
            }
            train_network(folder / "workspaces" / crop, changes, folder / f"{crop}-{seed}")


def measure(root: Path, folder: Path, scenes: Path) -> dict[str, Any]:
    """Predict with every network of FOLDER what it has not predicted yet; the results."""
    images = list_images(folder / "dataset" if (folder / "dataset").exists() else root, scenes)
    runs: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/best_model.pth")):
        runs.setdefault(path.parent.name.rpartition("-")[0], []).append(path.parent)
    found: dict[str, Any] = {"processor": processor_name(), "images": len(images), "crops": {}}
    faces = find_largest(images["path"].tolist())
    for crop, paths in sorted(runs.items(), key=order_of):
        predicted = [predict(path, images, faces) for path in paths]
        record = {"seeds": len(paths), "scores": score(predicted)} | compare(predicted)
        if crop != "as_is":
            record["parties"] = measure_parties(paths[0], scenes)
        found["crops"][crop] = record
    return found


def order_of(run: tuple[str, Any]) -> tuple[int, str]:
    """Crops in the order of data.faces, then of their margin."""
    faces, _, margin = run[0].partition("-")
    return CROP_KINDS.index(faces), margin


def list_images(root: Path, scenes: Path) -> pd.DataFrame:
    """All images: columns path, label, subject, original, and kind: VAL, ORIGINAL or of a copy."""
    copies = pd.read_csv(scenes / "labels.csv", dtype=str, keep_default_na=False)
    originals = copies.drop_duplicates("original").assign(kind=ORIGINAL)
    originals["path"] = originals["original"]
    copies["path"] = [str(scenes / path) for path in copies["path"]]
    val = list_originals(root, split="val").assign(kind=VAL)
    val["original"] = val["path"]
    columns = ["path", "label", "subject", "original", "kind"]
    return pd.concat([val, originals, copies], ignore_index=True)[columns]


def find_largest(paths: list[str]) -> list[Face | None]:
    """The largest face of each image, which is the same for all networks."""
    detector = FaceDetector()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda path: largest(detector.detect(read_image(path))), paths)
        return list(tqdm(found, desc="find faces", total=len(paths), unit="image"))


def predict(run: Path, images: pd.DataFrame, faces: list[Face | None]) -> pd.DataFrame:
    """The images with the column `predicted`: a class, or NO_FACE; what the folder has is kept."""
    path = run / "predictions.csv"
    if path.exists():
        found = pd.read_csv(path, dtype=str, keep_default_na=False)
        if found[images.columns].equals(images):
            return found
    predictor = Predictor.load(run / "best_model.pth")
    sources = [
        Source(name=name, content=name, face=face if predictor.finds_faces else None)
        for name, face in zip(images["path"], faces, strict=True)
    ]
    read = [one for one in sources if one.face or not predictor.finds_faces]
    labels = dict.fromkeys(images["path"], NO_FACE)
    for start in tqdm(range(0, len(read), BATCH), desc=run.name, unit="batch"):
        for result in predictor.predict_sources(read[start : start + BATCH]):
            labels[result.source.name] = result.predictions[0].label
    found = images.assign(predicted=images["path"].map(labels))
    files.write_csv(path, found)
    return found


def format_scores(found: dict[str, Any]) -> str:
    """A Markdown table of the originals: a row per crop, means over seeds with their range."""
    lines = [
        "| photographs | crop | runs | " + " | ".join(COLUMNS.values()) + " |",
        "| --- | --- | ---: |" + " ---: |" * len(COLUMNS),
    ]
    for dataset, record in found.items():
        for crop, scored in record["crops"].items():
            cells = [format_spread(scored["scores"][kind][name]) for kind, name in COLUMNS]
            lines.append(f"| {dataset} | {crop} | {scored['seeds']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_differences(found: dict[str, Any]) -> str:
    """A Markdown table of the differences in points: a row per crop, a column per kind of copy."""
    kinds = (*KINDS, ALL)
    lines = [
        "| photographs | crop | " + " | ".join(kinds) + " |",
        "| --- | --- |" + " ---: |" * len(kinds),
    ]
    for dataset, record in found.items():
        for crop, compared in record["crops"].items():
            cells = [
                "{mean:+.1f} ({low:+.1f} to {high:+.1f})".format(**compared["differences"][kind])
                for kind in kinds
            ]
            lines.append(f"| {dataset} | {crop} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_found(found: dict[str, Any]) -> str:
    """A Markdown table of the images in which a face is found, in percent; no margin matters."""
    kinds = (ORIGINAL, *KINDS)
    lines = [
        "| photographs | " + " | ".join(kinds) + " |",
        "| --- |" + " ---: |" * len(kinds),
    ]
    for dataset, record in found.items():
        for compared in [one for one in record["crops"].values() if "parties" in one][:1]:
            cells = [f"{100 * compared['found'][kind]:.1f}" for kind in kinds]
            lines.append(f"| {dataset} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
