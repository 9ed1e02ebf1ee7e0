"""How close training comes to the bare hardware, as ratios taken side by side in one run.

Run     python -m benchmarks.bench_training [models ...]     (half an hour; leave the machine alone)
Writes  benchmarks/results/training.json

The bare step is forward + backward + optimizer step on one cached batch of the same model,
precision and memory format: no input work, no average, no clipping, no logging. Both run as a stage
does: deterministic, and with an allocator that keeps freed memory. On a GPU larger images and
batches are measured, which keep it busy.
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DVC_TEST", "true")  # dvclive then asks nothing of a server

import numpy as np
import torch
from torch.nn import functional as F

import emotion.models  # noqa: F401, before torchvision
from benchmarks.machine import describe_machine, in_a_process
from emotion.core import files
from emotion.core.memory import keep_freed_memory
from emotion.data.cache import CachedImages, cached_side
from emotion.models.checkpoint import initial_model
from emotion.models.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.fit import copy_state, seed_everything
from emotion.training.journal import Journal
from emotion.training.loading import LabeledImages
from emotion.training.objective import Objective
from emotion.training.params import TrainParams
from emotion.training.precision import choose_precision
from emotion.training.processes import Processes
from emotion.training.state import RunState
from emotion.training.trainer import Trainer, count_steps

RESULTS = Path(__file__).parent / "results" / "training.json"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
IMG_SIZE, BATCH = (224, 128) if DEVICE == "cuda" else (112, 32)
STEPS = 40  # of an epoch, on a GPU and of other models
STEPS_ON_CPU = {"tf_efficientnet_lite0": 20, "resnet50": 12, "vit_base_patch16_224": 5}
CLASSES, REPETITIONS, SAVES = 7, 5, 11


class Bench:
    """One model, ready to train by our loop and barely.

    Args:
        model_type: a timm name; it starts from random weights.
        folder: for what training writes.
        img_size: pixels.
        rows: random images in the cache.
    """

    def __init__(self, model_type: str, folder: Path, img_size: int, rows: int):
        seed_everything(0, deterministic=True)
        fetch_pretrained(PretrainedParams(model_type=model_type, pretrained="none"), folder)
        self.params = TrainParams(img_size=img_size, batch_size=BATCH, statistics="none")
        model, origin = initial_model(folder, img_size, "deep", CLASSES)
        self.model = model.to(DEVICE, memory_format=torch.channels_last)
        self.precision = choose_precision("auto", origin.tag, DEVICE)
        side, labels = cached_side(img_size), np.arange(rows) % CLASSES
        images = torch.randint(0, 256, (rows, 3, side, side), dtype=torch.uint8)
        data = LabeledImages(
            images=CachedImages(images), labels=labels, targets=torch.eye(CLASSES)[labels]
        )
        ones = torch.ones(CLASSES, device=DEVICE)
        objective = Objective(self.params, ones, ones, None, origin)
        steps = count_steps(rows, self.params)
        self.journal = Journal(folder / "log", self.params, steps, rows)
        self.trainer = Trainer(
            self.model,
            data,
            objective,
            origin,
            self.params,
            self.precision,
            self.journal,
            Processes(),
        )
        self.rows = rows
        self.views = torch.randn(BATCH, 3, img_size, img_size, device=DEVICE).contiguous(
            memory_format=torch.channels_last
        )
        self.labels = torch.arange(BATCH, device=DEVICE) % CLASSES
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)

    def bare_step(self) -> None:
        """Forward, backward and step on the same batch."""
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision.autocast(False):
            logits = self.model(self.views)
        F.cross_entropy(logits.float(), self.labels).backward()
        self.optimizer.step()

    def bare_forward(self) -> None:
        """What a frozen backbone cannot do without."""
        with torch.no_grad(), self.precision.autocast(True):
            self.model(self.views)

    def ratio(self, epoch: int, bare: Callable[[], None]) -> dict[str, float]:
        """Images/s of our epoch and of the bare step, and the median of their ratios."""
        ours, theirs = [], []
        for repetition in range(REPETITIONS + 1):
            self.model.freeze_backbone(epoch <= self.params.freeze_backbone_epochs)
            self.model.train()
            bare_seconds = self._seconds(lambda: [bare() for _ in range(self.rows // BATCH)])
            our_seconds = self._seconds(lambda: self.trainer.train_epoch(epoch))
            if repetition:  # the first one warms up
                theirs.append(self.rows // BATCH * BATCH / bare_seconds)
                ours.append(self.rows / our_seconds)
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        return {
            "ours": round(statistics.median(ours), 1),
            "bare": round(statistics.median(theirs), 1),
            "ratio": round(statistics.median(ratios), 3),
        }

    def seconds_of_a_state(self, folder: Path) -> float:
        """Mean over the epochs of a short run; the first two find no file to overwrite."""
        best, state = copy_state(self.model), RunState(folder, {})
        return statistics.mean(
            self._seconds(lambda: state.save({"trainer": self.trainer.state(), "best": best}))
            for _ in range(SAVES)
        )

    def _seconds(self, work: Callable[[], object]) -> float:
        start = time.perf_counter()
        work()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start


def bench_model(model_type: str) -> dict[str, dict[str, float]]:
    """Full and frozen epochs of a model, and what keeping the state costs an epoch."""
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = STEPS if DEVICE == "cuda" else STEPS_ON_CPU.get(model_type, STEPS)
        bench = Bench(model_type, folder, IMG_SIZE, rows=BATCH * steps)
        figures = {
            "precision": str(bench.precision),
            "full": bench.ratio(bench.params.freeze_backbone_epochs + 1, bench.bare_step),
            "frozen": bench.ratio(1, bench.bare_forward),
        }
        seconds = bench.seconds_of_a_state(folder / "state")
        bench.journal.__exit__()
    # An epoch of the small set of photographs, 1,690 images: the shortest that is worth resuming.
    figures["state"] = {
        "seconds": round(seconds, 3),
        "share_of_epoch": round(seconds / (1690 / figures["full"]["ours"]), 4),
    }
    return figures


def bench_memory(rows: int) -> float:
    """Peak memory of an epoch beyond the cache itself, MB."""
    keep_freed_memory()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench("test_resnet", Path(name), 32, rows)
        bench.trainer.train_epoch(bench.params.freeze_backbone_epochs + 1)
        bench.journal.__exit__()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1e3
    )
    return (peak - bench.trainer.data.images.tensor.nbytes) / 1e6


def main() -> None:
    """Measure, print a table, and write the figures."""
    names = sys.argv[1:] or list(STEPS_ON_CPU)
    card = {"gpu": torch.cuda.get_device_name()} if DEVICE == "cuda" else {}
    figures = {
        "machine": {**describe_machine(), **card},
        "img_size": IMG_SIZE,
        "batch": BATCH,
        "models": {name: in_a_process(bench_model, name) for name in names},
        "memory_mb": {str(n): round(in_a_process(bench_memory, n)) for n in (10_000, 100_000)},
    }
    few, many = figures["memory_mb"].values()
    figures["memory_ratio"] = round(many / few, 3)
    print(as_table(figures))
    files.write_json(RESULTS, figures)


def as_table(figures: dict) -> str:
    """The ratios, one a line, for reading."""
    lines = [", ".join(map(str, figures["machine"].values())), ""]
    for name, found in figures["models"].items():
        size = f"{figures['img_size']} px, batches of {figures['batch']}"
        lines.append(f"{name}, {size}, {found['precision']}")
        for phase, bare in (("full", "bare step"), ("frozen", "bare forward")):
            row = found[phase]
            lines.append(
                f"  {phase:<7} {row['ours']:>8.1f} images/s, {bare} {row['bare']:>8.1f}: "
                f"{row['ratio']:.3f}"
            )
        lines.append(
            f"  state of a run: {100 * found['state']['share_of_epoch']:.2f} % of an epoch"
        )
    few, many = figures["memory_mb"].values()
    lines.append(
        f"memory beyond the cache: {few:,} MB at 10,000 rows, {many:,} MB at 100,000: "
        f"{figures['memory_ratio']:.2f}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
