"""Recipes: named sets of values for params.yaml, one file each, with what they reached.

A recipe sets every key that the trained network depends on, so it gives the same network whatever
was in params.yaml before. The tests check each by the schemas of the stages, and train it for two
steps.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from emotion.core import files
from emotion.core.errors import UserError

FILES = dict(sorted((path.stem, path) for path in Path(__file__).parent.glob("*.yaml")))

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Result(_Checked):
    """What was reached on the test split of a dataset."""

    dataset: Text
    runs: Annotated[int, Field(ge=1)]  # that differ in their seed; the scores are their means
    accuracy: Share
    macro_f1: Share
    minutes: Annotated[float, Field(gt=0)] | None = None  # of training; None: not recorded
    machine: str = ""  # that took these minutes


class Recipe(_Checked):
    """The content of a recipe file."""

    results: Annotated[list[Result], Field(min_length=1)]  # the first is shown in the list
    purpose: Annotated[str, Field(min_length=1, max_length=50)]
    needs: Text  # what must be installed, and what restricts the use of the network
    params: dict[str, Any]  # as in params.yaml: sections, and keys of the top level


def load_recipe(name: str) -> Recipe:
    """Read a recipe.

    Raises:
        UserError: there is no recipe of this name.
    """
    if name not in FILES:
        near = difflib.get_close_matches(name, FILES, n=1, cutoff=0.5)
        hint = f"give {near[0]} or another of" if near else "give one of"
        raise UserError(f"{name!r} is no recipe", f"{hint} {', '.join(FILES)}", key="NAME")
    # YAML 1.2, by which params.yaml is read too: 1e-3 is a number.
    return Recipe.model_validate(YAML(typ="safe", pure=True).load(files.read_text(FILES[name])))
