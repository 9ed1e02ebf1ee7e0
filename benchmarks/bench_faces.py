"""Measure what the crop of the face costs or gains where faces are framed in another way.

Run     python -m benchmarks.bench_faces train ROOT FOLDER [--recipe NAME] [--crops ...]
            [--seeds ...] [--rows N]
        python -m benchmarks.scenes ROOT SCENES [images]
        python -m benchmarks.bench_faces measure ROOT FOLDER SCENES [OTHER]
Reads   ROOT, a dataset of the format csv with the splits train, val and test; OTHER, another
        dataset, which no network has seen
Writes  FOLDER/<recipe>/<crop>/<seed>/ with a network, or what is missing of these (minutes each);
        from `measure`, its predictions there, and benchmarks/results/faces.json, by the name of
        FOLDER

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

from benchmarks.bench_parties import measure_parties
from benchmarks.copy_scores import NO_FACE, ORIGINAL, OTHER, VAL, compare, score
from benchmarks.face_tables import TABLES
from benchmarks.scenes import list_originals
from benchmarks.stage_runs import MINUTES, sample_dataset, train_network
from emotion.cli.recipes import FILES, load_recipe
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.data.face import Face, by_size
from emotion.data.face_crop import KINDS as CROP_KINDS
from emotion.data.face_detector import FaceDetector
from emotion.data.images import read_image
from emotion.data.manifest import SPLITS
from emotion.prediction import Predictor
from emotion.prediction.sources import Source

RESULTS = Path(__file__).parent / "results" / "faces.json"
CROPS = ("as_is", "box-1", "aligned-1", "aligned-0.85")
BATCH = 64  # images read per call
SAMPLE = "dataset"  # folder in FOLDER, if there is `--rows`
VAL_ROWS = 1500  # of a sample of a dataset that has no val


def main() -> None:
    """Train, or measure and print the tables."""
    keep_freed_memory()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("train", "measure"))
    parser.add_argument("root", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scenes", type=Path, nargs="?")
    parser.add_argument("other", type=Path, nargs="?")
    parser.add_argument("--recipe", choices=FILES, default="faces")
    parser.add_argument("--crops", nargs="+", default=CROPS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--rows", type=int, help="train on so many images of the split train")
    args = parser.parse_args()
    if args.action == "train":
        root = args.root
        if args.rows:
            root = sample_dataset(root, args.folder / SAMPLE, args.rows, VAL_ROWS)
        train(root, args.folder, args.recipe, args.crops, args.seeds)
        return
    found = files.read_json(RESULTS) if RESULTS.exists() else {}
    found[args.folder.name] = measure(args.root, args.folder, args.scenes, args.other)
    files.write_json(RESULTS, found)
    print(*(table(found) for table in TABLES), sep="\n\n")


def train(root: Path, folder: Path, recipe: str, crops: list[str], seeds: list[int]) -> None:
    """Train what FOLDER lacks of a recipe with other crops."""
    values = load_recipe(recipe).params
    for crop in crops:
        faces, _, margin = crop.partition("-")
        data = {"root": str(root.resolve()), "format": "csv", "faces": faces}
        data |= {"face_margin": float(margin)} if margin else {}
        for seed in seeds:
            changes = values | {"data": data, "train": values["train"] | {"seed": seed}}
            target = folder / recipe / crop / str(seed)
            train_network(folder / "workspaces" / recipe / crop, changes, target)


def measure(root: Path, folder: Path, scenes: Path, other: Path | None) -> dict[str, Any]:
    """Predict with every network of FOLDER what it has not predicted yet; the results."""
    images = list_images(folder / SAMPLE if (folder / SAMPLE).exists() else root, scenes)
    if other:
        images = pd.concat([images, list_other(other, set(images["label"]))], ignore_index=True)
    found: dict[str, Any] = {"processor": processor_name(), "images": len(images)}
    found |= {"recipes": {}, "params": {}}
    faces = find_largest(images["path"].tolist())
    for path in sorted(folder.glob("*/*/0/best_model.pth"), key=order_of):
        crop = path.parents[1]
        runs = sorted(run.parent for run in crop.glob("*/best_model.pth"))
        predicted = [predict(run, images, faces) for run in runs]
        record = {"seeds": len(runs), "scores": score(predicted)} | compare(predicted)
        if all((run / MINUTES).exists() for run in runs):
            record["minutes"] = [files.read_json(run / MINUTES) for run in runs]
        if crop.name != "as_is":
            record["parties"] = measure_parties(runs[0], scenes)
        recipe = crop.parent.name
        found["recipes"].setdefault(recipe, {})[crop.name] = record
        found["params"][recipe] = {**load_recipe(recipe).params, "data": {}}
    return found


def order_of(path: Path) -> tuple[str, int, str]:
    """Networks by recipe, then in the order of data.faces, then by margin."""
    recipe, crop, *_ = path.parts[-4:]
    faces, _, margin = crop.partition("-")
    return recipe, CROP_KINDS.index(faces), margin


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


def list_other(root: Path, classes: set[str]) -> pd.DataFrame:
    """The images of all splits of another dataset that have one of the classes, of kind OTHER."""
    rows = pd.concat([list_originals(root, split=split) for split in SPLITS])
    rows = rows[rows["label"].isin(classes)]
    return rows.assign(original=rows["path"], kind=OTHER).drop(columns="name")


def find_largest(paths: list[str]) -> list[Face | None]:
    """The largest face of each image, which is the same for all networks."""
    detector = FaceDetector()

    def find(path: str) -> Face | None:
        return next(iter(by_size(detector.detect(read_image(path)))), None)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(tqdm(pool.map(find, paths), desc="find faces", total=len(paths), unit="image"))


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
    for start in tqdm(range(0, len(read), BATCH), desc="/".join(run.parts[-3:]), unit="batch"):
        for result in predictor.predict_sources(read[start : start + BATCH]):
            labels[result.source.name] = result.predictions[0].label
    found = images.assign(predicted=images["path"].map(labels))
    files.write_csv(path, found)
    return found


if __name__ == "__main__":
    main()
