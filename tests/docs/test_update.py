"""The results in README.md and docs/ are those of the files that hold them."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from docs import blocks, committed_run, update

BLOCK = "a\n<!-- begin: {} -->\n{}<!-- end -->\nb\n"


@pytest.fixture
def block(monkeypatch):
    """Puts one block in place of all, and returns what becomes of a text that has it."""

    def rewrite(content, old):
        monkeypatch.setattr(update, "BLOCKS", {"x": lambda: content})
        return update.update(BLOCK.format("x", old))

    return rewrite


def test_a_block_is_replaced_and_nothing_else(block):
    assert block("| 1 |\n| 2 |", "old\n") == BLOCK.format("x", "| 1 |\n| 2 |\n")
    assert block("new", "") == BLOCK.format("x", "new\n")


def test_a_block_without_its_source_is_kept(block):
    assert block(None, "old\n") == BLOCK.format("x", "old\n")


def test_an_unknown_block_is_an_error():
    with pytest.raises(KeyError):
        update.update(BLOCK.format("nothing", ""))


def test_every_block_is_on_exactly_one_page():
    pages = [Path("README.md"), *Path("docs").glob("*.md")]
    named = [name for page in pages for name, *_ in update.BLOCK.findall(page.read_text())]
    assert sorted(named) == sorted(blocks.BLOCKS)
    starts = sum(page.read_text().count("<!-- begin:") for page in pages)
    assert starts == len(named)  # each has an end


def test_a_recorded_command_is_repeated(tmp_path, monkeypatch):
    monkeypatch.setattr(committed_run, "RECORDED", tmp_path)
    path = tmp_path / "echo.txt"
    path.write_text("$ echo 'a  b'\nold\n")
    update.record(path)
    assert path.read_text() == "$ echo 'a  b'\na  b\n"
    assert committed_run.session("echo") == "```console\n$ echo 'a  b'\na  b\n```"


def test_a_picture_is_its_figure_on_white(tmp_path):
    figure = np.zeros((8, 16, 4), dtype=np.uint8)
    figure[:, 8:] = (200, 0, 0, 255)  # the left half is transparent
    Image.fromarray(figure).save(tmp_path / "figure.png")
    shrunk = np.asarray(update.shrink(tmp_path / "figure.png", 8)).astype(int)
    assert shrunk.shape == (4, 8, 3)
    np.testing.assert_allclose(shrunk[:, 0], 255, atol=4)
    np.testing.assert_allclose(shrunk[:, -1], np.tile((200, 0, 0), (4, 1)), atol=4)


@pytest.mark.shipped
def test_every_result_is_that_of_the_committed_files():
    stale = [path.as_posix() for path, _ in update.outdated()]
    assert stale == [], "run `python -m docs.update`"


@pytest.mark.shipped
@pytest.mark.parametrize("name", ["metrics_diff", "compare", "compare_several", "experiments"])
def test_a_recorded_session_compares_with_the_committed_run(name):
    _, output = committed_run.read_session(name)
    found = json.loads(Path("metrics/evaluate.json").read_text())
    hint = "run `python -m docs.update --record`"
    if name == "metrics_diff":
        rows = re.findall(r"^metrics/evaluate.json +(\w+) +(\S+)", output, re.MULTILINE)
        assert rows
        assert {metric: float(value) for metric, value in rows}.items() <= found.items(), hint
    elif name == "experiments":
        [main] = re.findall(r"^ *main +(\S+) +(\S+) +(\S+)", output, re.MULTILINE)
        assert [float(value) for value in main] == [found["acc"], found["ece"], found["f1"]], hint
    else:
        pattern = r"^macro-F1 +(\S+)" if name == "compare" else r"^\S+ +\d+ +(0\.\d+)"
        values = {float(value) for value in re.findall(pattern, output, re.MULTILINE)}
        assert values == {found["f1"]}, hint


@pytest.mark.shipped
def test_the_predictions_shown_are_those_of_the_committed_model():
    """Of test images, so that metrics/predictions.csv has them."""
    _, output = committed_run.read_session("predict")
    shown = re.findall(r"^data/\S+ +(\w+) +(0\.\d{3})", output, re.MULTILINE)
    table = pd.read_csv("metrics/predictions.csv")
    highest = table.filter(like="probability_").max(axis=1)
    for label, probability in shown:
        near = (highest - float(probability)).abs() <= 0.0006  # one rounds to 3 digits, one to 4
        assert (table["predicted"][near] == label).any(), (label, probability)
    assert len(shown) == 3
