"""Score a network for photographs on faces of several sources, and public networks beside it.

Run     python -m benchmarks.bench_photographs FERPLUS PHOTOGRAPHS MODEL     (5 minutes)
Reads   FERPLUS, with votes_<word> and fer2013_label in its labels.csv; PHOTOGRAPHS, with subjects;
        the test rows of both; the public networks (npm, PyPI; `pip install h5py`)
Writes  benchmarks/results/photographs.json

All networks see the largest face that YuNet finds, each with its own preprocessing; an image
without a face counts as wrong. A network may know classes that a source does not have: `all` counts
their predictions as wrong, `known` chooses among the classes of the source. A public network has
two rows: for faces cut out by the box, and for images as they are, where none counts as wrong.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from benchmarks.bench_faces import find_largest
from benchmarks.public_models import PublicModel, load_face_api, load_fer
from benchmarks.source_scores import Faces, Predicted, measure
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.data.face import Face
from emotion.data.images import read_image
from emotion.data.labels import canonical_label
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from emotion.prediction import Predictor
from emotion.prediction.sources import Source

RESULTS = Path(__file__).parent / "results" / "photographs.json"
FER2013_LABEL = "fer2013_label"
BATCH = 64
OURS = "photographs"


def main() -> None:
    """Predict with all networks, write the results and print the tables."""
    keep_freed_memory()
    ferplus, photographs, model = map(Path, sys.argv[1:4])
    sources = [*read_ferplus(ferplus), read_photographs(photographs)]
    paths = list(dict.fromkeys(path for source in sources for path in source.paths))
    faces = find_largest(paths)
    networks = [predict_ours(model, paths, faces)]
    for load in (load_face_api, load_fer):
        public = load()
        networks.append(predict_public(public, f"{public.name}, box", paths, faces, boxes=True))
        networks.append(predict_public(public, f"{public.name}, image", paths, faces, boxes=False))
    rows = {path: number for number, path in enumerate(paths)}
    found: dict[str, Any] = {"processor": processor_name(), "model": model.name, "sources": {}}
    for source in sources:
        order = [rows[path] for path in source.paths]
        predicted = [
            Predicted(
                name=one.name,
                class_names=one.class_names,
                probabilities=one.probabilities[order],
            )
            for one in networks
        ]
        found["sources"][source.name] = measure(source, predicted)
    files.write_json(RESULTS, found)
    print(format_scores(found), format_anchors(found), format_classes(found), sep="\n\n")


def read_ferplus(root: Path) -> list[Faces]:
    """The public test: by the majority of FER+'s votes, and by FER2013's own labels."""
    rows, _ = read_dataset(DataParams(root=str(root), format="csv", votes="majority"))
    rows = rows[rows["split"] == "test"]
    own = rows["path"].map(_own_labels(root)).map(canonical_label)
    voted = rows["problem"] == ""
    named = {
        "FER+ public test, majority of votes": rows["label"][voted],
        "FER2013 public test, its own labels": own,
    }
    return [
        Faces(
            name=name,
            paths=rows.loc[labels.index, "path"].tolist(),
            labels=labels.to_numpy(str),
            groups=np.arange(len(labels)),
        )
        for name, labels in named.items()
    ]


def _own_labels(root: Path) -> dict[str, str]:
    """The labels of FER2013 by path; `read_dataset` keeps those of the votes alone."""
    table = pd.read_csv(root / "labels.csv", dtype=str)
    return {
        str(root / path): label
        for path, label in zip(table["path"], table[FER2013_LABEL], strict=True)
    }


def read_photographs(root: Path) -> Faces:
    """The test split of the photographs."""
    rows, _ = read_dataset(DataParams(root=str(root), format="csv"))
    rows = rows[(rows["split"] == "test") & (rows["problem"] == "")]
    return Faces(
        name="photographs, test",
        paths=rows["path"].tolist(),
        labels=rows["label"].to_numpy(str),
        groups=rows["subject"].to_numpy(str),
    )


def predict_ours(model: Path, paths: list[str], faces: list[Face | None]) -> Predicted:
    """As `emotion predict` does, with the faces that are found already."""
    predictor = Predictor.load(model)
    names = predictor.model.class_names
    finds = predictor.finds_faces

    def of(numbers: list[int]) -> np.ndarray:
        sources = [
            Source(name=paths[n], content=paths[n], face=faces[n] if finds else None)
            for n in numbers
        ]
        results = predictor.predict_sources(sources)
        return np.array(
            [[result.predictions[0].probabilities[name] for name in names] for result in results]
        )

    usable = [n for n, face in enumerate(faces) if face or not finds]
    return Predicted(
        name=OURS, class_names=names, probabilities=_collect(of, usable, len(paths), OURS)
    )


def predict_public(
    network: PublicModel, name: str, paths: list[str], faces: list[Face | None], boxes: bool
) -> Predicted:
    """A public network on the boxes, or on whole images."""

    @torch.inference_mode()
    def of(numbers: list[int]) -> np.ndarray:
        images = [
            network.preprocess(read_image(paths[n]), faces[n] if boxes else None) for n in numbers
        ]
        return network.forward(torch.stack(images)).softmax(dim=1).numpy()

    usable = [n for n, face in enumerate(faces) if face or not boxes]
    found = _collect(of, usable, len(paths), name)
    return Predicted(name=name, class_names=list(network.class_names), probabilities=found)


def _collect(
    of: Callable[[list[int]], np.ndarray], usable: list[int], images: int, name: str
) -> np.ndarray:
    batches = [usable[start : start + BATCH] for start in range(0, len(usable), BATCH)]
    parts = [of(batch) for batch in tqdm(batches, desc=name, unit="batch")]
    found = np.full((images, parts[0].shape[1]), np.nan)
    found[usable] = np.concatenate(parts)
    return found


def format_scores(found: dict[str, Any]) -> str:
    """A Markdown table of our network: two rows per source, without and with the classes known."""
    lines = [
        "| faces | images | no face | classes | accuracy | balanced accuracy | macro-F1 | ECE |",
        "| --- | ---: | ---: | --- | --- | --- | --- | ---: |",
    ]
    for name, record in found["sources"].items():
        ours = record["networks"][OURS]
        for kind, error in (("all", f"{record['calibration_error']:.3f}"), ("known", "")):
            if kind == "known" and ours["known"]["accuracy"] == ours["all"]["accuracy"]:
                continue
            cells = [_with_interval(ours[kind][key]) for key in list(ours[kind])[1:4]]
            first = f"{record['images']:,} | {100 * record['no_face']:.1f} %"
            lines.append(f"| {name} | {first} | {kind} | {' | '.join(cells)} | {error} |")
    return "\n".join(lines)


def format_anchors(found: dict[str, Any]) -> str:
    """A Markdown table of all networks on the classes that they share: a row per source and net."""
    lines = [
        "| faces | images | network | accuracy | macro-F1 | ours ahead, points |",
        "| --- | ---: | --- | --- | --- | ---: |",
    ]
    for name, record in found["sources"].items():
        for network, measured in record["networks"].items():
            shared = measured["shared"]
            cells = [_with_interval(shared[key]) for key in ("accuracy", "macro_f1")]
            layout = "{mean:+.1f} ({low:+.1f} to {high:+.1f})"
            ahead = layout.format(**measured["ahead"]) if "ahead" in measured else ""
            first = f"{name} | {shared['images']:,} | {network}"
            lines.append(f"| {first} | {' | '.join(cells)} | {ahead} |")
    return "\n".join(lines)


def format_classes(found: dict[str, Any]) -> str:
    """A Markdown table of precision and recall of our network: a row per source and class."""
    lines = [
        "| faces | class | images | precision | recall | F1 |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name, record in found["sources"].items():
        for label, values in record["networks"][OURS]["all"]["classes"].items():
            cells = " | ".join(f"{value:.2f}" for value in values.values())
            lines.append(f"| {name} | {label} | {record['counts'][label]} | {cells} |")
    return "\n".join(lines)


def _with_interval(values: list[float]) -> str:
    return "{:.3f} ({:.3f} to {:.3f})".format(*values)


if __name__ == "__main__":
    main()
