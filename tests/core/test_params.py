"""params.yaml is read as YAML 1.2, typed, and misspellings are refused with a hint."""

from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError, model_validator

from emotion.core.errors import UserError
from emotion.core.params import load_params, settings


@settings
class SailParams:
    lr: Annotated[float, Field(gt=0, le=1)] = 0.1
    mast: Literal["gaff", "lug"] = "gaff"
    crew: int = 3
    names: list[str] = Field(default_factory=list)


@settings
class Required:
    lr: float


@settings
class Ballast:
    iron: int = 1
    water: int = 1

    @model_validator(mode="after")
    def _light(self):
        if self.iron + self.water > 3:
            raise ValueError("iron and water weigh more than 3 together")
        return self


@pytest.fixture
def load(tmp_path):
    def load_text(text, schema=SailParams, section="sail", keys="[sail, seed, model.depth]"):
        (tmp_path / "params.yaml").write_text(text)
        (tmp_path / "dvc.yaml").write_text(
            f"stages: {{a: {{cmd: x, params: {keys}}}, b: {{cmd: y}}}}"
        )
        return load_params(schema, tmp_path / "params.yaml", tmp_path / "dvc.yaml", section)

    return load_text


@pytest.mark.parametrize(("text", "value"), [("1e-4", 1e-4), ("3e-05", 3e-5), ("1", 1.0)])
def test_every_spelling_of_a_number_is_a_number(load, text, value):
    # PyYAML reads the first two as text, and `dvc exp run -S` writes the second.
    assert load(f"sail: {{lr: {text}}}").lr == value


def test_a_section_left_out_or_empty_means_the_defaults(load):
    assert load("seed: 1") == SailParams()
    assert load("sail:") == SailParams()
    assert load("") == SailParams()


def test_without_a_section_the_fields_come_from_the_top_level(load):
    assert load("{lr: 0.5, seed: 3}", section=None, keys="[lr, seed]").lr == 0.5


def test_a_misspelled_key_is_refused_with_the_nearest_one(load):
    with pytest.raises(UserError, match=r"section sail: unknown key 'maast' \(did you mean 'mast'"):
        load("sail: {maast: lug}")
    with pytest.raises(UserError, match=r"unknown key 'sial' \(did you mean 'sail'"):
        load("sial: {}")
    with pytest.raises(UserError, match="known keys: crew, lr, mast, names"):
        load("sail: {zzz: 1}")


def test_a_key_that_stages_list_in_part_is_known(load):
    assert load("model: {depth: 3}") == SailParams()


def test_all_wrong_values_are_told_at_once_with_what_is_allowed(load):
    with pytest.raises(UserError) as caught:
        load("sail: {lr: 2.0, mast: sloop, crew: '3'}")
    message = str(caught.value)
    assert "sail.lr is 2.0, but should be less than or equal to 1" in message
    assert "sail.mast is 'sloop', but should be 'gaff' or 'lug'" in message
    assert "sail.crew is '3'" in message


def test_a_missing_value_is_named(load):
    with pytest.raises(UserError, match=r"sail\.lr is missing"):
        load("sail: {}", schema=Required)


def test_a_rule_between_keys_words_itself(load):
    with pytest.raises(UserError, match=r"params\.yaml: iron and water weigh more than 3 together"):
        load("sail: {iron: 2, water: 2}", schema=Ballast)


@pytest.mark.parametrize("text", ["sail: [1, 2]", "sail: 3"])
def test_a_section_that_is_no_mapping_is_refused(load, text):
    with pytest.raises(UserError, match="sail must be a mapping"):
        load(text)


def test_broken_yaml_and_a_missing_file_are_one_sentence(load, tmp_path):
    with pytest.raises(UserError, match=r"params\.yaml is not valid YAML") as caught:
        load("sail: {lr: [}")
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="does not exist; run from the root"):
        load_params(SailParams, tmp_path / "none.yaml", tmp_path / "dvc.yaml", "sail")


def test_settings_are_immutable_and_by_name_only():
    with pytest.raises(AttributeError):
        SailParams().crew = 4
    with pytest.raises((TypeError, ValidationError)):
        SailParams(0.5)
