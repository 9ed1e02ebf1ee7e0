"""Measure speed on a busy machine by how long idle threads of libgomp spin before they sleep.

Run     python -m benchmarks.bench_busy_machine     (15 minutes, on an otherwise idle machine)
Writes  benchmarks/results/busy_machine.json

Training steps and predictions of tf_efficientnet_lite0 at 112 px with two threads, on a quiet
machine and while another process keeps a core busy. Each round measures every setting once, in new
processes, so that a slow phase of the machine affects all settings.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machine import describe_machine
from emotion.core import files
from emotion.core.environment import CHOSEN_BY_USER

RESULTS = Path(__file__).parent / "results" / "busy_machine.json"
DEFAULT = 300_000  # of libgomp: GCC's manual, "GOMP_SPINCOUNT"
COUNTS = (DEFAULT, 30_000, 5000, 3000, 2000, 1000, 0)
SETTINGS = {
    **{f"GOMP_SPINCOUNT={n}": {"GOMP_SPINCOUNT": f"{n}"} for n in COUNTS},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
}
THREADS = {"OMP_NUM_THREADS": "2"}
REFERENCE = f"GOMP_SPINCOUNT={DEFAULT}"
BUSY = "while True: pass"
BATCH, SIZE, CLASSES, STEPS, ROUNDS = 32, 112, 7, 8, 5


def main() -> None:
    """Measure every setting, quiet and busy."""
    rounds = []
    for i in range(ROUNDS):
        rounds.append({name: measure_setting(setting) for name, setting in SETTINGS.items()})
        print(f"round {i + 1} of {ROUNDS}", json.dumps(rounds[-1]), flush=True)
    table = {name: summarize(rounds, name) for name in SETTINGS}
    files.write_json(RESULTS, {"machine": describe_machine(), "medians": table})
    for name, columns in table.items():
        print(f"{name:<24}", "  ".join(f"{key} {value:.3g}" for key, value in columns.items()))


def measure_setting(setting: dict[str, str]) -> dict[str, float]:
    """Images per second of each task, on the quiet machine and on the busy one."""
    return {
        f"{task}, {load}": round(speed, 1)
        for load in ("quiet", "busy")
        for task, speed in measure_in_a_process(setting, load == "busy").items()
    }


def summarize(rounds: list[dict[str, dict[str, float]]], name: str) -> dict[str, float]:
    """Median images per second, and medians of the ratios that were measured in one round."""
    summary = {
        column: round(statistics.median(r[name][column] for r in rounds), 1)
        for column in rounds[0][name]
    }
    for task in ("train", "predict"):
        quiet, busy = f"{task}, quiet", f"{task}, busy"
        of_quiet = statistics.median(r[name][busy] / r[name][quiet] for r in rounds)
        of_default = statistics.median(r[name][quiet] / r[REFERENCE][quiet] for r in rounds)
        summary[f"{task}, busy / quiet"] = round(of_quiet, 2)
        summary[f"{task}, quiet / default"] = round(of_default, 2)
    return summary


def measure_in_a_process(setting: dict[str, str], busy: bool) -> dict[str, float]:
    """Images per second of each task, with environment variables of its own."""
    inherited = {key: value for key, value in os.environ.items() if key not in CHOSEN_BY_USER}
    other = subprocess.Popen([sys.executable, "-c", BUSY]) if busy else None
    try:
        result = subprocess.run(
            [sys.executable, "-m", "benchmarks.bench_busy_machine", "measure"],
            env=inherited | THREADS | setting,
            stdout=subprocess.PIPE,
            check=True,
        )
    finally:
        if other:
            other.kill()
            other.wait()
    speeds: dict[str, float] = json.loads(result.stdout)
    return speeds


def measure() -> dict[str, float]:
    """Images per second of this process."""
    import torch

    from emotion.core.memory import keep_freed_memory
    from emotion.models.backbones import build_backbone, resolve_timm_name
    from emotion.models.classifier import EmotionClassifier

    keep_freed_memory()
    backbone = build_backbone(resolve_timm_name("tf_efficientnet_lite0"), SIZE)
    model = EmotionClassifier(backbone, "linear", CLASSES).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    images = torch.randn(BATCH, 3, SIZE, SIZE).to(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % CLASSES

    def train() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    def predict() -> None:
        with torch.no_grad():
            model(images)

    speeds = {}
    for task in (train, predict):
        task()
        task()
        start = time.perf_counter()
        for _ in range(STEPS):
            task()
        speeds[task.__name__] = BATCH * STEPS / (time.perf_counter() - start)
    return speeds


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        print(json.dumps(measure()))
    else:
        main()
