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
from typing import Any, Literal, TypeVar, cast, dataclass_transform

import yaml
from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.core import files
from emotion.core.errors import UserError

Settings = TypeVar("Settings")

_CONFIG = ConfigDict(extra="forbid", strict=True)
_VALUE = reprlib.Repr()  # aliases in YAML can make a short value as long as the memory
_VALUE.maxlevel, _VALUE.maxstring, _VALUE.maxother = 2, 80, 80


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def settings(cls: type[Settings]) -> type[Settings]:
    """Class decorator of all settings: immutable, keyword-only, typed, unknown keys rejected."""
    return dataclass(frozen=True, kw_only=True, config=_CONFIG)(cls)  # type: ignore[return-value]


@settings
class ArithmeticParams:
    """The key of the section `train` that all stages with a network read."""

    # portable: instructions that all x86-64 processors with AVX2 share, on the CPU alone; true: the
    # same bytes on this kind of machine; false: cuDNN's autotuner.
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
    problems = _unknown_keys(params, _keys_of_stages(pipeline_file), "", _sections(params))
    loaded, found = _load_section(schema, params, section, partial)
    if loaded is None or problems:
        raise UserError(f"{params_file}: {'; '.join(problems + found)}.")
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
    params = _read_yaml(params_file)
    problems = _unknown_keys(params, _keys_of_stages(pipeline_file), "", _sections(params))
    loaded = {section: _load_section(schemas[section], params, section) for section in schemas}
    problems += [problem for _, found in loaded.values() for problem in found]
    if problems:
        raise UserError(f"{params_file}: {'; '.join(problems)}.")
    return {section: values for section, (values, _) in loaded.items()}


def _load_section(
    schema: type[Settings], params: dict[str, Any], section: str | None, partial: bool = False
) -> tuple[Settings | None, list[str]]:
    """The settings of a section, or None and what is wrong with it."""
    if not section:
        return _load_values(schema, params, "", partial=True)
    return _load_values(schema, params.get(section), section, partial)


def _load_values(
    schema: type[Settings], values: Any, section: str, partial: bool
) -> tuple[Settings | None, list[str]]:
    """As `_load_section`, of its values; a setting may be a section itself."""
    fields: dict[str, dataclasses.Field[Any]] = schema.__dataclass_fields__  # type: ignore[attr-defined]
    values = values if values is not None else {}
    if not isinstance(values, dict):
        value = _VALUE.repr(values)
        return None, [f"{section} is {value}, but should be a mapping of keys to values"]
    prefix = f"{section}." if section else ""
    problems = [] if partial else _unknown_keys(values, set(fields), prefix)
    values = {key: value for key, value in values.items() if key in fields}
    for key in values:
        kind = cast(type, fields[key].type)
        if dataclasses.is_dataclass(kind):
            part, found = _load_values(kind, values[key], f"{prefix}{key}", partial=False)
            values[key] = part if part is not None else kind()
            problems += found
    try:
        loaded = schema(**values)
    except ValidationError as error:
        problems += [_problem(prefix, dict(item)) for item in error.errors(include_url=False)]
        return None, problems
    return (None if problems else loaded), problems


def _read_yaml(path: Path) -> dict[str, Any]:
    # YAML 1.2 (ruamel) reads 1e-4 and 3e-05 as numbers; YAML 1.1 (PyYAML) reads them as text.
    try:
        params = YAML(typ="safe", pure=True).load(files.read_text(path))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run from the root of the repository.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error}); save it in that encoding.") from None
    # The last three: a date that does not exist, a key that is a list, thousands of brackets.
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    if params is None:  # an empty file: all defaults
        return {}
    if not isinstance(params, dict):
        raise UserError(f"{path} is not a mapping of keys to values, as in `model_type: resnet50`.")
    return params


def _keys_of_stages(pipeline_file: Path) -> set[str]:
    try:
        text = files.read_text(pipeline_file)
        stages = yaml.safe_load(text)["stages"].values()
        listed = {key.split(".")[0] for stage in stages for key in stage.get("params", [])}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{pipeline_file} cannot be read ({reason}); `git checkout {pipeline_file}` brings it "
            "back."
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
) -> list[str]:
    """One problem per key that is not known; `sections` is where such keys may belong."""
    problems = []
    for key in values:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), known, n=1)
        if sections and key in sections:
            places = " or ".join(f"{section}.{key}" for section in sections[key])
            hint = f"did you mean {places}?"
        elif near:
            hint = f"did you mean {prefix}{near[0]}?"
        else:
            hint = f"known keys: {', '.join(sorted(known))}"
        problems.append(f"unknown key {prefix}{key} ({hint})")
    return problems


def _problem(prefix: str, item: dict[str, Any]) -> str:
    key = prefix + ".".join(str(part) for part in item["loc"])
    if item["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{key} is missing"
    reason = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if not item["loc"]:  # a rule between keys, which words itself
        return reason
    return f"{key} is {_VALUE.repr(item['input'])}, but should be {reason}"
