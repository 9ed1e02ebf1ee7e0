"""Measure how far the scores of runs differ that differ only in the seed of training.

Run     python -m benchmarks.bench_seeds     (five trainings)
Reads   the last commit, and the cache of this repository: stages that it has are not run again
Writes  benchmarks/results/seeds.json, from which `emotion verify` predicts the scores of another
        kind of machine

Each run is `dvc repro evaluate` in a clone of the last commit with another `train.seed`. Its
outputs stay in the cache of this repository, so that after an interruption only what is missing is
trained.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from ruamel.yaml import YAML

from benchmarks.machine import describe_machine
from emotion.cli.clone import cloned_commit, run_pipeline
from emotion.cli.locks import LOCK, PARAMS, parse_lock
from emotion.cli.seeds import SCORE, SCORED, SCORES, params_of_scores, prediction_interval
from emotion.core import files

RESULTS = Path(__file__).parent / "results" / "seeds.json"
SEEDS = (42, 0, 1, 2, 3)
RECORDED = (SCORE, "acc")


def main() -> None:
    """Run all seeds, record them, and print their interval."""
    with Repo() as repo:
        cache = repo.cache.local_cache_dir
    with cloned_commit(cache) as (clone, _):
        record = measure(clone, SEEDS)
    files.write_json(RESULTS, record)
    low, high, runs = prediction_interval([run[SCORE] for run in record["runs"]])
    print(f"{SCORE} of one more seed, predicted from {runs}: {low:.3f} to {high:.3f}")


def measure(clone: Path, seeds: Iterable[int]) -> dict[str, Any]:
    """Run the pipeline of a repository once per seed, and return what to record."""
    runs = []
    for seed in seeds:
        set_seed(clone / PARAMS, seed)
        run_pipeline(clone, SCORED)
        scores = files.read_json(clone / SCORES)
        runs.append({"seed": seed} | {name: scores[name] for name in RECORDED})
        print(runs[-1], flush=True)
    lock = parse_lock((clone / LOCK).read_text(encoding="utf-8"))
    return {"machine": describe_machine(), "params": params_of_scores(lock), "runs": runs}


def set_seed(params_file: Path, seed: int) -> None:
    """Change `train.seed` and nothing else."""
    yaml = YAML()
    params = yaml.load(params_file)
    params["train"]["seed"] = seed
    yaml.dump(params, params_file)


if __name__ == "__main__":
    main()
