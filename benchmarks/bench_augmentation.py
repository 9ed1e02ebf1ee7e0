"""Augmentation a batch at a time against PIL + torchvision image by image, one core each.

Run     python -m benchmarks.bench_augmentation     (half a minute)
Writes  benchmarks/results/augmentation.json
"""

import statistics
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import emotion.models  # noqa: F401, before torchvision
from benchmarks.machine import describe_machine
from emotion.core import files
from emotion.core.memory import keep_freed_memory
from emotion.data.cache import cached_side
from emotion.data.transforms import train_batch

RESULTS = Path(__file__).parent / "results" / "augmentation.json"
SIDES, BATCH, REPETITIONS = (112, 224), 32, 20


def main() -> None:
    """Measure, print a table, and write the figures."""
    keep_freed_memory()
    torch.set_num_threads(1)
    figures = {"machine": describe_machine()}
    for side in SIDES:
        row = figures[str(side)] = bench_augmentation(side)
        print(
            f"augmentation at {side} px: {row['ours']:,} images/s a core, PIL + torchvision "
            f"{row['pil_torchvision']:,}: {row['ratio']:.2f}"
        )
    files.write_json(RESULTS, figures)


def bench_augmentation(img_size: int) -> dict[str, float]:
    """Our views of a batch against the same operations image by image."""
    from torchvision import transforms  # after emotion.models

    side = cached_side(img_size)
    images = torch.randint(0, 256, (BATCH, 3, side, side), dtype=torch.uint8)
    pil_images = [Image.fromarray(p.permute(1, 2, 0).numpy()) for p in images]
    mean, std = [0.5] * 3, [0.5] * 3
    each = transforms.Compose(
        [
            transforms.RandomResizedCrop(img_size, scale=(0.75, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(15, transforms.InterpolationMode.BILINEAR),
            transforms.ColorJitter(0.2, 0.2, 0.2),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
            transforms.RandomErasing(0.25, scale=(0.02, 0.2)),
        ]
    )
    rows, ours, theirs = np.arange(BATCH), [], []
    for repetition in range(REPETITIONS):
        start = time.perf_counter()
        train_batch(images, rows, 0, repetition, img_size, mean, std)
        middle = time.perf_counter()
        torch.stack([each(image) for image in pil_images])
        ours.append(BATCH / (middle - start))
        theirs.append(BATCH / (time.perf_counter() - middle))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)][2:]
    return {
        "ours": round(statistics.median(ours)),
        "pil_torchvision": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 2),
    }


if __name__ == "__main__":
    main()
