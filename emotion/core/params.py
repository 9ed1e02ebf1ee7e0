"""Load params.yaml into the typed settings of a stage, and reject keys that no stage reads.

Each stage declares its settings as a dataclass next to the code that uses them (`settings` below);
this module only loads and validates. DVC itself accepts any key, so a misspelled `lr_bacbone` would
silently train with the default: here it is an error that names the closest known key.
"""

import dataclasses
import difflib
import re
import reprlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast, dataclass_transform

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.core import files
from emotion.core.errors import UserError

Settings = TypeVar("Settings")

# Settings and values of earlier versions, which a params.yaml may still have, and why they went.
REMOVED = {
    "train.deterministic: portable": "oneDNN's order of summation depends on the sizes of the "
    "caches, so the bytes were not the same on all processors: use true",
    "train.layer_decay": "it lowered accuracy and macro-F1",
    "train.mixup_off_epochs": "it gained nothing beyond the noise between seeds",
}

_CONFIG = ConfigDict(extra="forbid", strict=True)
_VALUE = reprlib.Repr()  # aliases in YAML can make a short value as long as the memory
_VALUE.maxlevel, _VALUE.maxstring, _VALUE.maxother = 2, 80, 80


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def settings(cls: type[Settings]) -> type[Settings]:
    """Class decorator of all settings: immutable, keyword-only, typed, unknown keys rejected."""
    return dataclass(frozen=True, kw_only=True, config=_CONFIG)(cls)  # type: ignore[return-value]


def one_of(choices: Collection[str]) -> BeforeValidator:
    """Restrict a setting to the keys of a registry: `Annotated[str, one_of(LOSSES)]`.

    A `Literal` of the keys would do the same, but no type checker accepts one built at run time.
    """

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            *others, last = map(repr, choices)
            expected = f"{', '.join(others)} or {last}" if others else last
            raise PydanticCustomError("choice", "{expected}", {"expected": expected})
        return value

    return BeforeValidator(check)  # names the choices for a value that is no text, too


def load_params(
    schema: type[Settings],
    params_file: Path,
    pipeline_file: Path,
    section: str | None = None,
    partial: bool = False,
) -> Settings:
    """Read the settings of one stage.

    Args:
        schema: a class decorated with `settings`.
        params_file: params.yaml.
        pipeline_file: dvc.yaml; a top-level key that it does not mention is rejected.
        section: the key that holds the mapping of this stage; None picks the fields of the schema
            from the top level.
        partial: the section belongs to another stage, and only the fields of the schema are read.

    Raises:
        UserError: unreadable file, unknown or missing keys, values of the wrong type or out of
            range; all problems in one message, the key of the first as its `key`.
    """
    loaded: Settings = _load({section: schema}, params_file, pipeline_file, partial)[section]
    return loaded


def check_params(
    schemas: Mapping[Any, type], params_file: Path, pipeline_file: Path
) -> dict[Any, Any]:
    """Check all sections at once, before any stage runs; returns the settings of each.

    Args:
        schemas: by the name of the section; None is the top level.
        params_file: params.yaml.
        pipeline_file: dvc.yaml.

    Raises:
        UserError: as `load_params`, with the problems of all sections.
    """
    return _load(schemas, params_file, pipeline_file)


def _load(
    schemas: Mapping[Any, type], params_file: Path, pipeline_file: Path, partial: bool = False
) -> dict[Any, Any]:
    params = _read_yaml(params_file)
    problems = _unknown_keys(params, _keys_of_stages(pipeline_file), "", _sections(params))
    loaded: dict[Any, Any] = {}
    for section, schema in schemas.items():
        values = params.get(section) if section else params
        loaded[section], found = _load_values(schema, values, section or "", partial or not section)
        problems |= found
    if problems:
        raise UserError(
            f"has wrong settings: {'; '.join(problems.values())}",
            f"correct {'them' if len(problems) > 1 else 'it'}",
            file=params_file,
            key=next(iter(problems)),
        )
    return loaded


def _load_values(
    schema: type[Settings], values: Any, section: str, partial: bool
) -> tuple[Settings | None, dict[str, str]]:
    """The settings of a section, and its problems by key; a setting may be a section itself.

    pydantic would read a mapping inside a mapping only if types were not strict.
    """
    fields: dict[str, dataclasses.Field[Any]] = schema.__dataclass_fields__  # type: ignore[attr-defined]
    values = values if values is not None else {}
    if not isinstance(values, dict):
        problem = f"{section} is {_VALUE.repr(values)}, but should be a mapping of keys to values"
        return None, {section: problem}
    prefix = f"{section}." if section else ""
    problems = {} if partial else _unknown_keys(values, set(fields), prefix)
    values = {key: value for key, value in values.items() if key in fields}
    for key in values:
        kind = cast(type, fields[key].type)
        if dataclasses.is_dataclass(kind):
            part, found = _load_values(kind, values[key], f"{prefix}{key}", partial=False)
            values[key] = part if part is not None else kind()
            problems |= found
    try:
        return schema(**values), problems
    except ValidationError as error:
        found = dict(_describe(prefix, dict(item)) for item in error.errors(include_url=False))
        return None, problems | found


def _read_yaml(path: Path) -> dict[str, Any]:
    # YAML 1.2 (ruamel) reads 1e-4 and 3e-05 as numbers; YAML 1.1 (PyYAML) reads them as text.
    with files.explaining_failed_reads(path, "run from the root of the repository"):
        text = files.read_text(path)
    try:
        params = YAML(typ="safe", pure=True).load(text)
    # The last three: a date that does not exist, a key that is a list, thousands of brackets.
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"is not valid YAML ({' '.join(str(error).split())})", "correct it", file=path
        ) from None
    if params is None:  # an empty file: all defaults
        return {}
    if not isinstance(params, dict):
        raise UserError(
            "is not a mapping of keys to values",
            "write lines such as `model_type: resnet50`",
            file=path,
        )
    return params


def _keys_of_stages(pipeline_file: Path) -> set[str]:
    try:
        text = files.read_text(pipeline_file)
        stages = yaml.safe_load(text)["stages"].values()
        listed = {key.split(".")[0] for stage in stages for key in stage.get("params", [])}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot be read ({reason})",
            f"`git checkout {pipeline_file}` brings it back",
            file=pipeline_file,
        ) from None
    return listed | set(re.findall(r"\$\{(\w+)", text))  # what dvc.yaml itself reads


def _sections(params: dict[str, Any]) -> dict[str, list[str]]:
    """For each key inside a section, the sections that have it."""
    found: dict[str, list[str]] = {}
    for section, values in params.items():
        for key in values if isinstance(values, dict) else ():
            found.setdefault(key, []).append(section)
    return found


def _unknown_keys(
    values: dict[str, Any],
    known: set[str],
    prefix: str,
    sections: dict[str, list[str]] | None = None,
) -> dict[str, str]:
    """The problem of each key that is not known; `sections` is where such keys may belong."""
    problems = {}
    for key in values:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), known, n=1)
        if f"{prefix}{key}" in REMOVED:
            hint = f"removed, because {REMOVED[f'{prefix}{key}']}: delete the line"
        elif sections and key in sections:
            places = " or ".join(f"{section}.{key}" for section in sections[key])
            hint = f"did you mean {places}?"
        elif near:
            hint = f"did you mean {prefix}{near[0]}?"
        else:
            hint = f"known keys: {', '.join(sorted(known))}"
        problems[f"{prefix}{key}"] = f"unknown key {prefix}{key} ({hint})"
    return problems


def _describe(prefix: str, item: dict[str, Any]) -> tuple[str, str]:
    """Key and problem of one of pydantic's errors."""
    key = prefix + ".".join(str(part) for part in item["loc"])
    if item["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return key, f"{key} is missing"
    reason = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if not item["loc"]:  # a rule between keys, which words itself
        return prefix.removesuffix("."), reason
    value = item["input"]
    if isinstance(value, str) and f"{key}: {value}" in REMOVED:
        return key, f"{key}: {value} was removed, because {REMOVED[f'{key}: {value}']}"
    return key, f"{key} is {_VALUE.repr(value)}, but should be {reason}"
