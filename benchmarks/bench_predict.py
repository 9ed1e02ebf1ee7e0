"""Measure `emotion predict` against ONNX Runtime alone: rate, peak memory and start-up time.

Run     python -m benchmarks.bench_predict [model.onnx]     (minutes)
Writes  benchmarks/results/predict.json

The limit is ONNX Runtime on prepared tensors, with one thread per core, in batches of 16 or 32,
whichever is faster. Both are measured in alternation. Images are drawn faces of 112 pixels as JPEG.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from benchmarks.machine import describe_machine, in_a_process
from emotion.core import files
from emotion.prediction.loading import load_model
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import list_sources
from emotion.prediction.stream import predict_stream
from stages import paths

RESULTS = Path(__file__).parent / "results" / "predict.json"
IMAGES, ROUNDS = 2000, 5
FEW, MANY = 200, 20_000  # images whose memory is compared


def main() -> None:
    """Measure, write the results, and print them."""
    model = Path(sys.argv[1]) if sys.argv[1:] else paths.ONNX
    with tempfile.TemporaryDirectory() as text:
        folder = fill(Path(text) / "images", MANY)
        rates = [in_a_process(measure_round, model, folder) for _ in range(ROUNDS)]
        memory = {count: in_a_process(peak_memory, model, folder, count) for count in (FEW, MANY)}
        start = [start_up(model, folder) for _ in range(ROUNDS)]
    found: dict[str, Any] = {
        "machine": describe_machine(),
        "model": str(model),
        "images_per_second": {
            key: round(float(np.median([rate[key] for rate in rates])), 1) for key in rates[0]
        },
        "ratio": round(float(np.median([r["predict"] / r["limit"] for r in rates])), 3),
        "ratios": [round(rate["predict"] / rate["limit"], 3) for rate in rates],
        "peak_megabytes": memory,
        "start_seconds": round(float(np.median(start)), 2),
    }
    files.write_json(RESULTS, found)
    print(files.read_text(RESULTS))


def fill(folder: Path, count: int) -> Path:
    """A folder of `count` files, which are the drawn faces, repeated."""
    faces = sorted((paths.DRAWN_FACES / "images").glob("*.jpg"))
    folder.mkdir()
    for index in range(count):
        os.link(_local(faces[index % len(faces)], folder.parent), folder / f"{index:05d}.jpg")
    return folder


def _local(face: Path, folder: Path) -> Path:
    """A copy on the file system of `folder`, to which files can be linked."""
    copy = folder / face.name
    if not copy.exists():
        copy.write_bytes(face.read_bytes())
    return copy


def measure_round(model: Path, folder: Path) -> dict[str, float]:
    """Images per second of the limit, then of a stream over IMAGES files."""
    predictor = Predictor.load(model, threads=1)
    sources = list(list_sources([str(folder)]))[:IMAGES]
    for _ in predict_stream(predictor, sources[:200]):
        pass
    limit = max(measure_limit(model, size) for size in (16, 32))
    start = time.perf_counter()
    count = sum(not prediction.error for prediction in predict_stream(predictor, sources))
    assert count == IMAGES
    return {"predict": IMAGES / (time.perf_counter() - start), "limit": limit}


def measure_limit(model: Path, size: int) -> float:
    """Images per second of ONNX Runtime on prepared tensors, with one thread per core."""
    preprocessing = load_model(model).preprocessing
    side = preprocessing.img_size
    images = np.random.default_rng(0).random((size, 3, side, side), dtype=np.float32)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    session.run(None, {"images": images})
    runs = max(5, IMAGES // 2 // size)
    start = time.perf_counter()
    for _ in range(runs):
        session.run(None, {"images": images})
    return runs * size / (time.perf_counter() - start)


def peak_memory(model: Path, folder: Path, count: int) -> float:
    """Peak resident memory of the process, MB, after a stream over `count` files."""
    predictor = Predictor.load(model, threads=1)
    sources = list(list_sources([str(folder)]))[:count]
    for _ in predict_stream(predictor, sources):
        pass
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, 1)


def start_up(model: Path, folder: Path) -> float:
    """Seconds that the command takes for one image."""
    command = [sys.executable, "-m", "emotion.cli.main", "predict", "--model", str(model)]
    image = folder / "00000.jpg"
    start = time.perf_counter()
    subprocess.run([*command, str(image)], check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    Image.init()
    main()
