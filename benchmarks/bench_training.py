"""Measure the speed of training relative to a bare PyTorch step, and peak memory of an epoch.

Run     python -m benchmarks.bench_training [models ...]     (half an hour, on an otherwise idle
        machine)
Writes  benchmarks/results/training.json

The bare step is forward + backward + optimizer step on one cached batch, with the same model,
precision and memory format: no input pipeline, no EMA, no gradient clipping, no logging. The two
alternate within one run. Both run under the conditions of a stage: deterministic, and with an
allocator that keeps freed memory. On a GPU, larger images and batches are measured, which keep it
busy.
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("DVC_TEST", "true")  # disables DVC's telemetry

import numpy as np
import torch
from torch.nn import functional as F

import emotion.models  # noqa: F401, must precede torchvision
from benchmarks.machine import describe_machine, in_a_process
from emotion.core import files
from emotion.core.memory import keep_freed_memory
from emotion.data.cache import CachedImages
from emotion.models.classifier import copy_state
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained, load_initial_model
from emotion.training.amp import choose_precision
from emotion.training.distributed import ProcessGroup
from emotion.training.loading import LabeledImages
from emotion.training.logger import RunLogger
from emotion.training.objective import Objective
from emotion.training.params import TrainParams
from emotion.training.run import seed_everything
from emotion.training.state import RunState
from emotion.training.trainer import Trainer

RESULTS = Path(__file__).parent / "results" / "training.json"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
IMG_SIZE, BATCH = (224, 128) if DEVICE == "cuda" else (112, 32)
STEPS = 40  # per epoch, on a GPU and for models not in STEPS_ON_CPU
STEPS_ON_CPU = {"tf_efficientnet_lite0": 20, "resnet50": 12, "vit_base_patch16_224": 5}
CLASSES, REPETITIONS, SAVES = 7, 5, 11


class Bench:
    """One model, with our training loop and with the bare step.

    Args:
        model_type: a timm name; its weights are random.
        folder: for the files that training writes.
        img_size: side of the input, pixels.
        rows: number of random images in the cache.
    """

    def __init__(self, model_type: str, folder: Path, img_size: int, rows: int):
        seed_everything(0, deterministic=True)
        fetch_pretrained(PretrainedParams(model_type=model_type, pretrained="none"), folder, folder)
        self.params = TrainParams(img_size=img_size, batch_size=BATCH, statistics="none")
        model, preprocessing, source = load_initial_model(folder, img_size, "deep", CLASSES)
        self.model = model.to_device(DEVICE)
        self.precision = choose_precision("auto", source.architecture, DEVICE)
        side, labels = preprocessing.resized_side, np.arange(rows) % CLASSES
        images = torch.randint(0, 256, (rows, 3, side, side), dtype=torch.uint8)
        train_set = LabeledImages(
            images=CachedImages(images), labels=labels, targets=torch.eye(CLASSES)[labels]
        )
        ones = torch.ones(CLASSES, device=DEVICE)
        self.logger = RunLogger(folder / "log", folder / "timing.json", self.params, rows)
        self.trainer = Trainer(
            model=self.model,
            train_set=train_set,
            objective=Objective(self.params, ones, ones, None, preprocessing),
            preprocessing=preprocessing,
            params=self.params,
            precision=self.precision,
            group=ProcessGroup(),
        )
        self.rows, self.cache_bytes = rows, images.nbytes
        self.views = torch.randn(BATCH, 3, img_size, img_size, device=DEVICE).contiguous(
            memory_format=torch.channels_last
        )
        self.labels = torch.arange(BATCH, device=DEVICE) % CLASSES
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)

    def bare_step(self) -> None:
        """Forward, backward and optimizer step, on the same batch each time."""
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision.autocast(False):
            logits = self.model(self.views)
        F.cross_entropy(logits.float(), self.labels).backward()
        self.optimizer.step()

    def bare_forward(self) -> None:
        """Forward pass only: the least that training on a frozen backbone needs."""
        with torch.no_grad(), self.precision.autocast(True):
            self.model(self.views)

    def train_epoch(self, epoch: int) -> None:
        """One epoch of our loop, logging included."""
        self.trainer.train_epoch(epoch, self.logger.log_step)

    def compare(self, epoch: int, bare: Callable[[], None]) -> dict[str, float]:
        """Images/s of our epoch and of the bare step, and the median of their ratios."""
        ours, theirs = [], []
        for repetition in range(REPETITIONS + 1):
            self.model.freeze_backbone(epoch <= self.params.freeze_backbone_epochs)
            self.model.train()
            bare_seconds = self._seconds(bare, self.rows // BATCH)
            our_seconds = self._seconds(lambda: self.train_epoch(epoch))
            if repetition:  # the first is warm-up
                theirs.append(self.rows // BATCH * BATCH / bare_seconds)
                ours.append(self.rows / our_seconds)
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        return {
            "ours": round(statistics.median(ours), 1),
            "bare": round(statistics.median(theirs), 1),
            "ratio": round(statistics.median(ratios), 3),
        }

    def seconds_per_save(self, folder: Path) -> float:
        """Mean time to save the run's state, over a short run; the first two saves create files."""
        best, state = copy_state(self.model), RunState(folder, {})
        return statistics.mean(
            self._seconds(lambda: state.save({"trainer": self.trainer.state(), "best": best}))
            for _ in range(SAVES)
        )

    def _seconds(self, work: Callable[[], None], repetitions: int = 1) -> float:
        start = time.perf_counter()
        for _ in range(repetitions):
            work()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start


def bench_model(model_type: str) -> dict[str, Any]:
    """Measure full and frozen epochs of a model, and saving the state after each."""
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = STEPS if DEVICE == "cuda" else STEPS_ON_CPU.get(model_type, STEPS)
        bench = Bench(model_type, folder, IMG_SIZE, rows=BATCH * steps)
        results: dict[str, Any] = {
            "precision": str(bench.precision),
            "full": bench.compare(bench.params.freeze_backbone_epochs + 1, bench.bare_step),
            "frozen": bench.compare(1, bench.bare_forward),
        }
        seconds = bench.seconds_per_save(folder / "state")
        bench.logger.__exit__()
    # An epoch of the small dataset of photographs, 1,690 images: the shortest worth resuming.
    results["state"] = {
        "seconds": round(seconds, 3),
        "share_of_epoch": round(seconds / (1690 / results["full"]["ours"]), 4),
    }
    return results


def bench_memory(rows: int) -> float:
    """Peak memory of an epoch in MB, without the cache."""
    keep_freed_memory()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench("test_resnet", Path(name), 32, rows)
        bench.train_epoch(bench.params.freeze_backbone_epochs + 1)
        bench.logger.__exit__()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1e3
    )
    return (peak - bench.cache_bytes) / 1e6


def main() -> None:
    """Measure, print a table, and write the results."""
    names = sys.argv[1:] or list(STEPS_ON_CPU)
    gpu = {"gpu": torch.cuda.get_device_name()} if DEVICE == "cuda" else {}
    results: dict[str, Any] = {
        "machine": {**describe_machine(), **gpu},
        "img_size": IMG_SIZE,
        "batch": BATCH,
        "models": {name: in_a_process(bench_model, name) for name in names},
        "memory_mb": {str(n): round(in_a_process(bench_memory, n)) for n in (10_000, 100_000)},
    }
    few, many = results["memory_mb"].values()
    results["memory_ratio"] = round(many / few, 3)
    print(format_table(results))
    files.write_json(RESULTS, results)


def format_table(results: dict[str, Any]) -> str:
    """Format the ratios, one per line."""
    lines = [", ".join(map(str, results["machine"].values())), ""]
    for name, measured in results["models"].items():
        size = f"{results['img_size']} px, batches of {results['batch']}"
        lines.append(f"{name}, {size}, {measured['precision']}")
        for phase, bare in (("full", "bare step"), ("frozen", "bare forward")):
            row = measured[phase]
            lines.append(
                f"  {phase:<7} {row['ours']:>8.1f} images/s, {bare} {row['bare']:>8.1f}: "
                f"{row['ratio']:.3f}"
            )
        lines.append(
            f"  saving the state: {100 * measured['state']['share_of_epoch']:.2f} % of an epoch"
        )
    few, many = results["memory_mb"].values()
    lines.append(
        f"peak memory without the cache: {few:,} MB at 10,000 rows, {many:,} MB at 100,000: "
        f"{results['memory_ratio']:.2f}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
