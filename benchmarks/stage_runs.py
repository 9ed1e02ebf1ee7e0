"""Train networks through the pipeline's stages, in folders of their own, without DVC and Git.

A folder has a copy of the code, so edits during a long series change nothing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from emotion.core import files
from emotion.core.seeding import derive_seed
from stages import paths

REPOSITORY = Path(__file__).parents[1]
PREPARATION = ("prepare_splits", "class_weights", "pretrained_weights")
PREPARED = paths.PRETRAINED  # the last output of these
TRAINING = ("train", "evaluate")  # evaluate calibrates
MINUTES = "minutes.json"
MODEL_FILES = (paths.BEST_MODEL, paths.CALIBRATION)


def open_workspace(folder: Path) -> None:
    """Copy the code, the settings and the user's weights to a folder that does not have them."""
    for name in (paths.LIBRARY, paths.STAGES, paths.OWN_WEIGHTS):
        if (REPOSITORY / name).exists() and not (folder / name).exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    for name in (paths.PARAMS, paths.PIPELINE):
        shutil.copyfile(REPOSITORY / name, folder / name)


def change_params(folder: Path, changes: dict[str, Any]) -> None:
    """Change values in the params.yaml of a folder; a section is a dict of its keys."""
    yaml = YAML()
    params = yaml.load(folder / paths.PARAMS)
    for key, value in changes.items():
        if isinstance(value, dict):
            params[key].update(value)
        else:
            params[key] = value
    yaml.dump(params, folder / paths.PARAMS)


def stage_environment() -> dict[str, str]:
    """The variables of this process, without the one by which DVC names the stage that it runs."""
    return {key: value for key, value in os.environ.items() if key != "DVC_STAGE"}


def train_network(workspace: Path, changes: dict[str, Any], target: Path) -> None:
    """Run the stages up to `evaluate`; keep the checkpoint, its calibration and the minutes.

    The stages before `train` run once per workspace. MINUTES has those of the stage `train`.

    Args:
        workspace: folder in which the stages run.
        changes: of its params.yaml.
        target: folder of the result; nothing is done if it exists.
    """
    if target.exists():
        return
    open_workspace(workspace)
    change_params(workspace, changes)
    prepared = (workspace / PREPARED).exists()
    minutes = {}
    for stage in TRAINING if prepared else (*PREPARATION, *TRAINING):
        command, start = [sys.executable, "-m", f"stages.{stage}"], perf_counter()
        subprocess.run(command, cwd=workspace, env=stage_environment(), check=True)
        minutes[stage] = (perf_counter() - start) / 60
    with files.replacing_folder(target) as folder:
        for name in MODEL_FILES:
            shutil.copyfile(workspace / name, folder / name.name)
        files.write_json(folder / MINUTES, round(minutes["train"], 2))


def sample_dataset(root: Path, folder: Path, train: int, val: int) -> Path:
    """A dataset of the format csv with fewer images, whose pictures are linked; its root.

    Args:
        root: of a dataset with a table labels.csv and a folder images/, without a val split.
        folder: of the sample.
        train: rows drawn from the split train, in an order that depends on their paths alone.
        val: rows of the split train that become val.
    """
    rows = pd.read_csv(root / "labels.csv", dtype=str, keep_default_na=False)
    order = rows["path"].map(lambda path: derive_seed("sample", path))
    drawn = rows[rows["split"] == "train"].assign(order=order).sort_values("order")
    drawn = drawn.head(train + val).drop(columns="order")
    drawn.iloc[train:, drawn.columns.get_loc("split")] = "val"
    files.write_csv(folder / "labels.csv", pd.concat([drawn, rows[rows["split"] == "test"]]))
    if not (folder / "images").exists():
        (folder / "images").symlink_to((root / "images").resolve())
    return folder
