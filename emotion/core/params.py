"""Load params.yaml into the typed settings of a stage, and refuse what no stage understands.

Each stage declares its settings as a dataclass next to the code that they set (`settings` below);
this module only loads and checks. DVC itself accepts any key, so a misspelled `lr_bacbone` would
silently train with the default: here it is an error that names the nearest known key.
"""

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.core.errors import UserError

Settings = TypeVar("Settings")

# The decorator of every settings class: immutable, keyword-only, unknown keys refused.
settings = dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True))


def load_params(
    schema: type[Settings], params_file: Path, pipeline_file: Path, section: str | None = None
) -> Settings:
    """Read one stage's settings.

    Args:
        schema: a class decorated with `settings`.
        params_file: params.yaml.
        pipeline_file: dvc.yaml; a top-level key that it does not mention is refused.
        section: the key that holds this stage's mapping; None picks the schema's fields from the
            top level.

    Raises:
        UserError: unreadable file, unknown or missing keys, values of the wrong type or out of
            range; all of them in one message.
    """
    params = _read_yaml(params_file)
    _refuse_unknown(params, known=_keys_of_stages(pipeline_file), where=str(params_file))
    fields = schema.__dataclass_fields__
    values = params.get(section) if section else {k: v for k, v in params.items() if k in fields}
    values = values if values is not None else {}
    if not isinstance(values, dict):
        raise UserError(f"{params_file}: {section} must be a mapping of keys to values.")
    _refuse_unknown(values, known=set(fields), where=f"{params_file}, section {section}")
    try:
        return schema(**values)
    except ValidationError as error:
        prefix = f"{section}." if section else ""
        problems = [_problem(prefix, item) for item in error.errors(include_url=False)]
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


def _refuse_unknown(values: dict[str, Any], known: set[str], where: str) -> None:
    problems = []
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
            )
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
