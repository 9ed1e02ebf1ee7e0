"""The settings that a tracker records: flat names, as `dvc exp run -S` takes them."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from emotion.core import files
from emotion.training.params import TrainParams

SECTIONS = ("model_type", "pretrained", "data", "class_weights")  # beside `train`


def settings_of_run(params: TrainParams, params_file: Path | None) -> dict[str, Any]:
    """What defines a run, by flat name: `model_type`, `data.root`, `train.augment.erase`.

    Args:
        params: the section `train`, with its defaults.
        params_file: params.yaml, of which SECTIONS are read; None: `train` alone. Their settings
            are those of earlier stages, whose code training does not import.
    """
    content: dict[str, Any] = {}
    if params_file:
        content = YAML(typ="safe", pure=True).load(files.read_text(params_file)) or {}
    found: dict[str, Any] = {}
    for name in SECTIONS:
        values = content.get(name, {})
        if isinstance(values, dict):
            found |= {f"{name}.{key}": _plain(value) for key, value in values.items()}
        else:
            found[name] = values
    return found | dict(_flat("train", params))


def _flat(name: str, values: Any) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(values):
        value = getattr(values, field.name)
        if dataclasses.is_dataclass(value):
            yield from _flat(f"{name}.{field.name}", value)
        else:
            yield f"{name}.{field.name}", _plain(value)


def _plain(value: Any) -> Any:
    """A list or a mapping of words of the user, such as data.labels, as one text."""
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
