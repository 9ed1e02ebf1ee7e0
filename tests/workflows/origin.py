"""A repository with a pull request, for the tests of its report: small, with Git, DVC and a remote.

Branch `main` has results; `better` changes a parameter and has others; `docs` changes no result.
The test predictions of all are in Git. They and the curves are in the DVC remote, and in no cache.
"""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from dvc.repo import Repo

ROOT = Path(__file__).parents[2]
CLASSES = ("angry", "happy", "sad")
CURVES = (
    "train_loss",
    "val_loss",
    "train_acc",
    "val_acc",
    "val_macro_f1",
    "lr_backbone",
    "lr_head",
)


def make_origin(folder: Path) -> Path:
    """Write the repository; returns the path of its bare origin."""
    author, origin = folder / "author", folder / "origin.git"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(folder, "clone", "--quiet", str(origin), str(author))
    git(author, "switch", "--quiet", "--orphan", "main")
    with Repo.init(str(author)) as repo, repo.config.edit() as config:
        config["remote"] = {"storage": {"url": str(folder / "storage")}}
        config["core"] = {"remote": "storage", "analytics": False}
    write_project(author)
    write_results(author, learning_rate=0.1, accuracy=0.5)
    commit(author, "results")
    git(author, "switch", "--quiet", "--create", "better")
    write_results(author, learning_rate=0.2, accuracy=0.9)
    commit(author, "a better learning rate")
    git(author, "switch", "--quiet", "--create", "docs", "main")
    (author / "README.md").write_text("# Emotions\n")
    git(author, "add", "README.md")
    git(author, "commit", "--quiet", "--message", "a title")
    git(author, "push", "--quiet", "--all", "origin")
    return origin


def clone(origin: Path, folder: Path, branch: str) -> Path:
    """A clone as `actions/checkout` makes it: all branches are fetched and none is local."""
    git(origin.parent, "clone", "--quiet", str(origin), str(folder))
    git(folder, "checkout", "--quiet", "--detach", f"origin/{branch}")
    git(folder, "branch", "--quiet", "--delete", "--force", "main")
    return folder


def write_project(folder: Path) -> None:
    """What the steps of the workflow need of this repository."""
    shutil.copytree(ROOT / ".github", folder / ".github")
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    pipeline = {"params": ["params.yaml"], "metrics": ["metrics/evaluate.json"], "plots": plots}
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    (folder / ".gitignore").write_text("/.venv\n/pr_report\n")


def write_results(folder: Path, learning_rate: float, accuracy: float) -> None:
    """Params, metrics, curves, and predictions for 120 images of 40 subjects."""
    (folder / "params.yaml").write_text(yaml.safe_dump({"train": {"lr_head": learning_rate}}))
    curves = folder / "metrics" / "train" / "plots" / "metrics"
    curves.mkdir(parents=True, exist_ok=True)
    steps = pd.Series(range(1, 5), name="step")
    for name in CURVES:
        pd.DataFrame({"step": steps, name: accuracy / steps}).to_csv(
            curves / f"{name}.tsv", sep="\t", index=False
        )
    (folder / "metrics" / "evaluate.json").write_text(json.dumps({"accuracy": accuracy}))
    write_predictions(folder, accuracy)


def write_predictions(folder: Path, accuracy: float) -> None:
    """Both tables of predictions, of which about the given share is correct."""
    rng = np.random.default_rng(0)
    labels = rng.choice(CLASSES, 120)
    correct = rng.random(120) < accuracy
    predicted = np.where(correct, labels, rng.choice(CLASSES, 120))
    rows = pd.DataFrame(
        {
            "sha256": [f"{index:064d}" for index in range(120)],
            "group": [index // 3 for index in range(120)],
            "label": labels,
            "predicted": predicted,
        }
    )
    probabilities = {
        f"probability_{name}": np.where(predicted == name, 0.8, 0.1) for name in CLASSES
    }
    rows.assign(**probabilities).to_csv(folder / "metrics" / "predictions.csv", index=False)
    logits = {f"logit_{name}": 0.0 for name in CLASSES}
    cached = folder / "data" / "predictions" / "test.csv"
    cached.parent.mkdir(parents=True, exist_ok=True)
    rows.assign(path="a.png", confidence=0.8, **logits).to_csv(cached, index=False)


def commit(folder: Path, message: str) -> None:
    """Commit everything, and move the data to the DVC remote."""
    with Repo(str(folder)) as repo:
        repo.add([str(folder / "data" / "predictions"), str(folder / "metrics" / "train")])
        repo.push()
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", message)


def git(folder: Path, *arguments: str) -> str:
    """Run git as an author that needs no configuration; returns its output."""
    author = ("-c", "user.name=author", "-c", "user.email=author@example.org")
    command = ["git", *author, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
