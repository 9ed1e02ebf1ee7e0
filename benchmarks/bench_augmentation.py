"""Compare augmentation of whole batches with PIL + torchvision image by image, on one core.

Run     python -m benchmarks.bench_augmentation     (half a minute)
Writes  benchmarks/results/augmentation.json
"""

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import emotion.models  # noqa: F401, must precede torchvision
from benchmarks.machine import describe_machine
from emotion.core import files
from emotion.core.memory import keep_freed_memory
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import AugmentParams, augment_batch

RESULTS = Path(__file__).parent / "results" / "augmentation.json"
SIDES, BATCH, REPETITIONS = (112, 224), 32, 20


def main() -> None:
    """Measure, print a table, and write the results."""
    keep_freed_memory()
    torch.set_num_threads(1)
    results: dict[str, Any] = {"machine": describe_machine()}
    for side in SIDES:
        row = results[str(side)] = bench_augmentation(side)
        print(
            f"augmentation at {side} px: {row['ours']:,} images/s per core, PIL + torchvision "
            f"{row['pil_torchvision']:,}, ratio {row['ratio']:.2f}"
        )
    files.write_json(RESULTS, results)


def bench_augmentation(img_size: int) -> dict[str, float]:
    """Compare our augmentation of a batch with the same operations image by image."""
    from torchvision import transforms  # imports after emotion.models

    half = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing(img_size=img_size, mean=half, std=half, interpolation="bicubic")
    side = preprocessing.resized_side
    images = torch.randint(0, 256, (BATCH, 3, side, side), dtype=torch.uint8)
    pil_images = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in images]
    augment_image = transforms.Compose(
        [
            transforms.RandomResizedCrop(img_size, scale=(0.75, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(15, transforms.InterpolationMode.BILINEAR),
            transforms.ColorJitter(0.2, 0.2, 0.2),
            transforms.ToTensor(),
            transforms.Normalize(half, half),
            transforms.RandomErasing(0.25, scale=(0.02, 0.2)),
        ]
    )
    rows, ours, theirs = np.arange(BATCH), [], []
    for repetition in range(REPETITIONS):
        start = time.perf_counter()
        augment_batch(images, rows, 0, repetition, preprocessing, AugmentParams())
        middle = time.perf_counter()
        torch.stack([augment_image(image) for image in pil_images])
        ours.append(BATCH / (middle - start))
        theirs.append(BATCH / (time.perf_counter() - middle))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)][2:]  # without warm-up
    return {
        "ours": round(statistics.median(ours)),
        "pil_torchvision": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 2),
    }


if __name__ == "__main__":
    main()
