"""params.yaml has the form that DVC writes: `dvc exp run -S` changes one line for each setting."""

import shutil
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides  # what `-S` does
from ruamel.yaml import YAML

PARAMS = Path("params.yaml")


def flatten(settings, prefix=""):
    """Dotted keys and their values."""
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


SETTINGS = dict(flatten(YAML(typ="safe").load(PARAMS.read_text(encoding="utf-8"))))


def another(value):
    """A value of the same type that takes as many lines."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return [*value[:-1], "another"]
        case _:
            return "another"


def changed_lines(values, folder):
    """Each line of params.yaml that `dvc exp run -S key=value ...` changes, before and after."""
    copy = folder / PARAMS.name
    shutil.copy(PARAMS, copy)
    apply_overrides(copy, [f"{key}={value}" for key, value in values.items()])
    before, after = (path.read_bytes().splitlines(keepends=True) for path in (PARAMS, copy))
    assert len(before) == len(after)
    return [lines for lines in zip(before, after, strict=True) if lines[0] != lines[1]]


def comment(line):
    return line.partition(b"#")[2]


@pytest.mark.shipped
def test_a_value_that_stays_changes_no_byte(tmp_path):
    assert changed_lines({"train.epochs": SETTINGS["train.epochs"]}, tmp_path) == []


@pytest.mark.shipped
@pytest.mark.parametrize(
    "key",
    [
        "launcher",
        "data.root",
        "train.epochs",
        "train.lr_backbone",
        "train.use_ema",
        "train.teacher",
        "train.augment.rotation",
        "explain.methods",
        "evaluate.target_error",
    ],
)
def test_another_value_changes_one_line_and_keeps_its_comment(key, tmp_path):
    [(before, after)] = changed_lines({key: another(SETTINGS[key])}, tmp_path)
    assert comment(before) == comment(after)


@pytest.mark.shipped
def test_every_setting_has_one_line(tmp_path):
    values = {key: another(value) for key, value in SETTINGS.items() if value not in ([], {})}
    changed = changed_lines(values, tmp_path)
    assert len(changed) == len(values) > 50
    assert all(comment(before) == comment(after) for before, after in changed)
