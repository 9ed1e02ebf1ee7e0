"""docs/tour.ipynb runs from start to end on what `dvc repro` writes."""

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from PIL import Image

from emotion.core.reports import write_report
from tests.conftest import make_checkpoint
from tests.data.conftest import draw
from tests.export.hub.conftest import INPUTS
from tests.prediction.conftest import write_onnx

TOUR = Path("docs/tour.ipynb")


@pytest.fixture
def notebook():
    return nbformat.read(TOUR, as_version=4)


@pytest.fixture
def clone(tmp_path):
    """A repository with tiny outputs of `prepare_splits`, `train`, `evaluate` and `explain`."""
    for folder in ("docs", "models", "data/splits", "plots/explain/figures", "plots/evaluate"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    rows = []
    for seed, label in enumerate(("angry", "happy", "sad"), start=3):
        row = {"path": f"data/{label}.png", "label": label, "evidence": f"data/{label}_mask.png"}
        draw(seed, 112).save(tmp_path / row["path"])
        Image.fromarray(np.eye(112, dtype=np.uint8) * 255).save(tmp_path / row["evidence"])
        rows.append(row)
    pd.DataFrame(rows).to_csv(tmp_path / "data/splits/test.csv", index=False)
    checkpoint = make_checkpoint(img_size=32)
    checkpoint.save(tmp_path / "models/best_model.pth")
    preprocessing = checkpoint.preprocessing.to_json()
    write_onnx(tmp_path / "models/model.onnx", preprocessing=preprocessing)
    write_report(tmp_path / "plots/evaluate/report.json", INPUTS.evaluation)
    write_report(tmp_path / "plots/explain/report.json", INPUTS.explanation)
    Image.new("RGB", (8, 8)).save(tmp_path / "plots/explain/figures/overview.png")
    return tmp_path


@pytest.mark.slow
def test_every_cell_runs_and_warns_of_nothing(notebook, clone, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.setenv("IPYTHONDIR", str(clone))  # no startup files of the user
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(clone / "docs")}}
    )
    # Without a kernel spec of the user or the system it is ipykernel of this interpreter.
    client.create_kernel_manager().kernel_spec_manager.kernel_dirs = []
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3


@pytest.mark.parametrize("folder", [".", "docs"])
def test_it_starts_in_the_root_or_in_docs(notebook, clone, monkeypatch, folder):
    monkeypatch.chdir(clone / folder)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    for _ in range(2):  # also when the cell is run again
        exec(first.source, {})
        assert Path.cwd().samefile(clone)


def test_it_is_committed_without_outputs_and_with_short_cells(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert len(cell.source.splitlines()) <= 8, cell.id
