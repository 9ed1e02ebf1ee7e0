"""Datasets and settings for trainings outside of the repository."""

import pandas as pd
from ruamel.yaml import YAML

from benchmarks.stage_runs import change_params, open_workspace, sample_dataset


def test_a_sample_has_so_many_rows_of_train_and_val_and_all_of_test(tmp_path):
    root = tmp_path / "faces"
    (root / "images").mkdir(parents=True)
    splits = ["train"] * 30 + ["test"] * 5
    table = pd.DataFrame({"path": [f"images/{n}.png" for n in range(35)], "split": splits})
    table.to_csv(root / "labels.csv", index=False)
    sample = pd.read_csv(sample_dataset(root, tmp_path / "sample", 12, 4) / "labels.csv")
    assert sample["split"].value_counts().to_dict() == {"train": 12, "val": 4, "test": 5}
    assert not sample["path"].duplicated().any()
    assert (tmp_path / "sample" / "images").resolve() == (root / "images").resolve()


def test_changed_params_keep_the_others_and_the_repository_keeps_its_own(tmp_path):
    open_workspace(tmp_path)
    before = (tmp_path / "params.yaml").read_text()
    change_params(tmp_path, {"model_type": "x", "train": {"seed": 7}})
    old, new = YAML().load(before), YAML().load(tmp_path / "params.yaml")
    assert (new["model_type"], new["train"]["seed"]) == ("x", 7)
    old["model_type"], old["train"]["seed"] = "x", 7
    assert old == new
    open_workspace(tmp_path)
    assert (tmp_path / "params.yaml").read_text() == before
