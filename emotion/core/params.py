"""Load params.yaml into the typed settings of a stage, and reject keys that no stage reads.

Each stage declares its settings as a dataclass next to the code that uses them (`settings` below);
this module only loads and validates. DVC itself accepts any key, so a misspelled `lr_bacbone` would
silently train with the default: here it is an error that names the closest known key.
"""

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, TypeVar, dataclass_transform

import yaml
from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.core.errors import UserError

Settings = TypeVar("Settings")

_CONFIG = ConfigDict(extra="forbid", strict=True)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def settings(cls: type[Settings]) -> type[Settings]:
    """Class decorator of all settings: immutable, keyword-only, typed, unknown keys rejected."""
    return dataclass(frozen=True, kw_only=True, config=_CONFIG)(cls)  # type: ignore[return-value]


@settings
class ArithmeticParams:
    """The key of the section `train` that all stages with a network read."""

    # portable: the same bytes on every x86-64 processor with AVX2, from the CPU alone; true: the
    # same on this kind of machine; false: cuDNN's autotuner.
    deterministic: bool | Literal["portable"] = True


def one_of(choices: Collection[str]) -> AfterValidator:
    """Restrict a setting to the keys of a registry: `Annotated[str, one_of(LOSSES)]`.

    A `Literal` of the keys would do the same, but no type checker accepts one built at run time.
    """

    def check(value: str) -> str:
        if value not in choices:
            *others, last = map(repr, choices)
            expected = f"{', '.join(others)} or {last}" if others else last
            raise PydanticCustomError("choice", "{expected}", {"expected": expected})
        return value

    return AfterValidator(check)


def load_params(
    schema: type[Settings],
    params_file: Path,
    pipeline_file: Path,
    section: str | None = None,
    partial: bool = False,
) -> Settings:
    """Read one stage's settings.

    Args:
        schema: a class decorated with `settings`.
        params_file: params.yaml.
        pipeline_file: dvc.yaml; a top-level key that it does not mention is rejected.
        section: the key that holds this stage's mapping; None picks the schema's fields from the
            top level.
        partial: the section belongs to another stage, and only the schema's fields are read.

    Raises:
        UserError: unreadable file, unknown or missing keys, values of the wrong type or out of
            range; all problems in one message.
    """
    params = _read_yaml(params_file)
    fields = set(schema.__dataclass_fields__)  # type: ignore[attr-defined]
    _reject_unknown(params, _keys_of_stages(pipeline_file), str(params_file), _sections(params))
    values = params.get(section) if section else params
    values = values if values is not None else {}
    if not isinstance(values, dict):
        raise UserError(f"{params_file}: {section} must be a mapping of keys to values.")
    if section and not partial:
        _reject_unknown(values, fields, f"{params_file}, section {section}")
    try:
        return schema(**{key: value for key, value in values.items() if key in fields})
    except ValidationError as error:
        prefix = f"{section}." if section else ""
        problems = [_problem(prefix, dict(item)) for item in error.errors(include_url=False)]
        raise UserError(f"{params_file}: {'; '.join(problems)}.") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    # YAML 1.2 (ruamel) reads 1e-4 and 3e-05 as numbers; YAML 1.1 (PyYAML) reads them as text.
    try:
        return YAML(typ="safe", pure=True).load(Path(path).read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run from the root of the repository.") from None
    except YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None


def _keys_of_stages(pipeline_file: Path) -> set[str]:
    text = Path(pipeline_file).read_text(encoding="utf-8")
    stages = yaml.safe_load(text)["stages"]
    listed = {key.split(".")[0] for stage in stages.values() for key in stage.get("params", [])}
    return listed | set(re.findall(r"\$\{(\w+)", text))  # what dvc.yaml itself reads


def _sections(params: dict[str, Any]) -> dict[str, list[str]]:
    """For each key inside a section, the sections that have it."""
    found: dict[str, list[str]] = {}
    for section, values in params.items():
        for key in values if isinstance(values, dict) else ():
            found.setdefault(key, []).append(section)
    return found


def _reject_unknown(
    values: dict[str, Any],
    known: set[str],
    where: str,
    sections: dict[str, list[str]] | None = None,
) -> None:
    """Raise a UserError for keys that are not known; `sections` is where they may belong."""
    problems = []
    for key in values:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), known, n=1)
        if sections and key in sections:
            places = " or ".join(f"{section}.{key}" for section in sections[key])
            hint = f"did you mean {places}?"
        elif near:
            hint = f"did you mean {near[0]!r}?"
        else:
            hint = f"known keys: {', '.join(sorted(known))}"
        problems.append(f"unknown key {key!r} ({hint})")
    if problems:
        raise UserError(f"{where}: {'; '.join(problems)}.")


def _problem(prefix: str, item: dict[str, Any]) -> str:
    key = prefix + ".".join(str(part) for part in item["loc"])
    if item["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{key} is missing"
    reason = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if not item["loc"]:  # a rule between keys, which words itself
        return reason
    return f"{key} is {item['input']!r}, but should be {reason}"
