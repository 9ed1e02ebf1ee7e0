"""Beside pyarrow, which MLflow brings, pandas keeps strings in Arrow: nothing else changes."""

import pandas as pd
import pytest

from emotion.core.files import sha256_of
from tests.test_end_to_end import REPRODUCED, run_pipeline

pytestmark = pytest.mark.extras


def storage():
    return pd.Series(["happy"]).dtype.storage


def test_every_stage_runs_and_writes_the_same_bytes_as_without_pyarrow(tmp_path, monkeypatch):
    assert storage() == "pyarrow"
    run_pipeline(tmp_path / "arrow", monkeypatch)
    with pd.option_context("mode.string_storage", "python"):
        assert storage() == "python"
        run_pipeline(tmp_path / "plain", monkeypatch)
    for name in REPRODUCED:
        assert sha256_of(tmp_path / "arrow" / name) == sha256_of(tmp_path / "plain" / name), name
