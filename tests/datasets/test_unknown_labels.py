"""The advice about unknown labels works as it is written."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from dvc.utils.hydra import apply_overrides

from emotion.core.params import load_params
from emotion.data.identifiers import is_missing
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from emotion.datasets.unknown_labels import count_words, how_to_map
from tests.datasets.conftest import touch

ROOT = Path(__file__).parents[2]


def labels_of(params_file):
    return load_params(DataParams, params_file, ROOT / "dvc.yaml", "data").labels


@pytest.mark.parametrize(
    "word", ["4", "0", "007", "3.0", "grin", "Grin", "a-b", "null", "true", "yes", "on"]
)
def test_the_option_of_dvc_maps_the_word(tmp_path, word):
    params = tmp_path / "params.yaml"
    params.write_bytes((ROOT / "params.yaml").read_bytes())
    option = shlex.split(re.search(r"\(`(.+)`\)", how_to_map([word]))[1])[-1]
    apply_overrides(params, [option])
    touch(tmp_path / "faces", f"{word}/1.jpg")
    settings = DataParams(root=f"{tmp_path}/faces", format="folder", labels=labels_of(params))
    rows, _ = read_dataset(settings)
    meant = "neutral" if word == "null" else "happy"
    assert rows[["label", "problem"]].to_numpy().tolist() == [[meant, ""]]


@pytest.mark.parametrize("word", ["4", "no face", "n/a", "Ärger", '"x": {', "yes", "~", "a\\b", ""])
def test_the_line_of_params_maps_the_word(tmp_path, word):
    line = re.search(r"`(labels: .+?)`", how_to_map([word]))[1]
    params = tmp_path / "params.yaml"
    params.write_text(f"data:\n  root: faces\n  {line}\n")
    assert labels_of(params) == {word: "neutral" if is_missing(word) else "happy"}


@pytest.mark.parametrize("word", ["no face", "a.b", "x=y", "Ärger", "", "$(id)", "-"])
def test_a_word_that_the_command_line_cannot_have_has_only_the_line(word):
    assert "dvc exp run" not in how_to_map([word])


def test_words_for_no_label_are_said_to_be_so_and_are_no_example():
    words = pd.Series(["None", "grin", "grin", ""])
    assert count_words(words, 9) == "'' (1), 'None' (1), 'grin' (2) ('None': no label)"
    assert '"grin": happy' in how_to_map(words)
