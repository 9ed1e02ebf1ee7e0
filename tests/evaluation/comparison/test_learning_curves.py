"""Learning curves are the line plots of dvc.yaml, with the values of its tables."""

import pandas as pd
import pytest
import yaml
from dvc.repo import Repo

from emotion.evaluation.comparison.learning_curves import read_curves
from tests.user_errors import user_error

LOSS = {
    "title": "Loss",
    "x": "step",
    "y_label": "loss",
    "y": {"train.tsv": "train_loss", "val.csv": "val_loss"},
}
CONFUSION = {"template": "confusion", "x": "actual", "y": {"confusion.csv": "predicted"}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    Repo.init(str(tmp_path), no_scm=True).close()
    (tmp_path / "train.tsv").write_text("step\ttrain_loss\n1\t0.9\n2\t0.5\n")
    (tmp_path / "val.csv").write_text("step,other,val_loss\n1,x,1.0\n2,y,0.7\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def declare(folder, *plots):
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": list(plots)}))


def test_each_line_plot_is_read_and_other_plots_are_not(folder):
    declare(folder, {"loss": LOSS}, {"confusion": CONFUSION}, "plots/figures", {"table.csv": None})
    (curve,) = read_curves("workspace", "dvc.yaml")
    assert (curve.title, curve.y_label) == ("Loss", "loss")
    expected = pd.DataFrame(
        {"train_loss": [0.9, 0.5], "val_loss": [1.0, 0.7]}, index=pd.Index([1, 2], name="step")
    )
    pd.testing.assert_frame_equal(curve.values, expected)


def test_a_plot_without_title_and_labels_has_its_name_and_column(folder):
    declare(folder, {"loss": {"x": "step", "y": {"train.tsv": "train_loss"}}})
    (curve,) = read_curves("workspace", "dvc.yaml")
    assert (curve.title, curve.y_label) == ("loss", "train_loss")


@pytest.mark.parametrize("pipeline", ["plots: [plots/figures]", "plots: ["], ids=["none", "broken"])
def test_a_pipeline_without_line_plots_is_an_error(folder, pipeline):
    (folder / "dvc.yaml").write_text(pipeline)
    with user_error("workspace", file="dvc.yaml"):
        read_curves("workspace", "dvc.yaml")


def test_a_missing_table_is_named(folder):
    declare(folder, {"loss": LOSS})
    (folder / "val.csv").unlink()
    with user_error(file="val.csv", hint="dvc pull"):
        read_curves("workspace", "dvc.yaml")


@pytest.mark.parametrize("content", ["step,other\n1,2\n", ""])
def test_a_table_of_another_form_is_named(folder, content):
    declare(folder, {"loss": LOSS})
    (folder / "val.csv").write_text(content)
    with user_error("workspace", "step", "val_loss", file="val.csv", hint="dvc repro"):
        read_curves("workspace", "dvc.yaml")
