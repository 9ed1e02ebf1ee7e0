"""params.yaml is read as YAML 1.2 and typed; misspelled and misplaced keys are rejected."""

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML

from emotion.core.errors import UserError
from emotion.core.params import check_params, load_params, one_of, settings


@settings
class ExampleParams:
    lr: Annotated[float, Field(gt=0, le=1)] = 0.1
    head: Literal["deep", "linear"] = "deep"
    epochs: int = 3
    names: list[str] = Field(default_factory=list)


@settings
class RequiredParams:
    lr: float


@settings
class PairParams:
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _ordered(self):
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


@settings
class PartParams:
    strength: Annotated[float, Field(ge=0)] = 0.5
    turns: int = 1


@settings
class NestedParams:
    part: PartParams = PartParams()
    epochs: int = 3


@settings
class ChoiceParams:
    loss: Annotated[str, one_of({"focal": None, "ldam": None, "plain": None})] = "plain"
    only: Annotated[str, one_of(["here"])] = "here"


@pytest.fixture
def load(tmp_path):
    def load_text(
        text, schema=ExampleParams, section="train", keys="[train, seed, model.depth]", **options
    ):
        (tmp_path / "params.yaml").write_text(text)
        (tmp_path / "dvc.yaml").write_text(
            f"stages: {{a: {{cmd: x, params: {keys}}}, b: {{cmd: y}}}}"
        )
        return load_params(
            schema, tmp_path / "params.yaml", tmp_path / "dvc.yaml", section, **options
        )

    return load_text


@pytest.mark.parametrize(("text", "value"), [("1e-4", 1e-4), ("3e-05", 3e-5), ("1", 1.0)])
def test_every_spelling_of_a_number_is_a_number(load, text, value):
    # PyYAML reads the first two as text, and `dvc exp run -S` writes the second.
    assert load(f"train: {{lr: {text}}}").lr == value


def test_a_missing_or_empty_section_gives_the_defaults(load):
    assert load("seed: 1") == ExampleParams()
    assert load("train:") == ExampleParams()
    assert load("") == ExampleParams()


def test_without_a_section_the_fields_are_read_from_the_top_level(load):
    assert load("{lr: 0.5, seed: 3}", section=None, keys="[lr, seed]").lr == 0.5


def test_a_misspelled_key_is_rejected_with_the_closest_known_key(load):
    with pytest.raises(UserError, match=r"unknown key train\.haed \(did you mean train\.head"):
        load("train: {haed: linear}")
    with pytest.raises(UserError, match=r"unknown key trian \(did you mean train"):
        load("trian: {}")
    with pytest.raises(UserError, match="known keys: epochs, head, lr, names"):
        load("train: {zzz: 1}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{epochs: 5, train: {epochs: 3}}", r"train\.epochs"),
        ("{epochs: 5, train: {epochs: 3}, model: {epochs: 4}}", r"train\.epochs or model\.epochs"),
        ("{lr: 1, train: {lr: 0.5}, seed: 1}", r"train\.lr"),
    ],
)
@pytest.mark.parametrize("section", ["train", None])
def test_a_top_level_key_that_belongs_in_a_section_is_rejected_with_its_place(
    load, text, place, section
):
    message = rf"unknown key (epochs|lr) \(did you mean {place}\?\)\.$"
    with pytest.raises(UserError, match=message):
        load(text, section=section)


def test_a_known_top_level_key_may_also_be_a_key_of_a_section(load):
    assert load("{seed: 1, model: {seed: 2}, train: {lr: 0.5}}").lr == 0.5


def test_a_section_of_which_stages_read_single_keys_is_known(load):
    assert load("model: {depth: 3}") == ExampleParams()


def test_a_partial_read_accepts_other_keys_of_the_section_and_validates_its_own(load):
    text = "train: {{lr: {lr}, head: linear, epochs: 5}}"
    assert load(text.format(lr=0.5), RequiredParams, partial=True) == RequiredParams(lr=0.5)
    with pytest.raises(UserError, match=r"unknown key train\.head"):
        load(text.format(lr=0.5), RequiredParams)
    with pytest.raises(UserError, match=r"train\.lr is 'high', but should be a valid number"):
        load(text.format(lr="high"), RequiredParams, partial=True)
    with pytest.raises(UserError, match=r"train\.lr is missing"):
        load("train: {head: linear}", RequiredParams, partial=True)


def test_a_partial_read_still_rejects_unknown_top_level_keys(load):
    with pytest.raises(UserError, match=r"unknown key trian \(did you mean train"):
        load("trian: {lr: 0.5}", partial=True)


def test_all_wrong_values_are_reported_at_once_with_what_is_allowed(load):
    with pytest.raises(UserError) as caught:
        load("train: {lr: 2.0, head: wide, epochs: '3'}")
    message = str(caught.value)
    assert "train.lr is 2.0, but should be less than or equal to 1" in message
    assert "train.head is 'wide', but should be 'deep' or 'linear'" in message
    assert "train.epochs is '3'" in message


def test_a_value_outside_a_registry_is_rejected_with_its_keys(load):
    assert load("train: {loss: ldam}", ChoiceParams).loss == "ldam"
    with pytest.raises(UserError) as caught:
        load("train: {loss: focall, only: there}", ChoiceParams)
    message = str(caught.value)
    assert "train.loss is 'focall', but should be 'focal', 'ldam' or 'plain'" in message
    assert "train.only is 'there', but should be 'here'" in message


def test_a_registry_key_of_the_wrong_type_is_rejected(load):
    with pytest.raises(UserError, match=r"train\.loss is 3, but should be a valid string"):
        load("train: {loss: 3}", ChoiceParams)


def test_a_missing_value_is_named(load):
    with pytest.raises(UserError, match=r"train\.lr is missing"):
        load("train: {}", schema=RequiredParams)


def test_the_message_of_a_rule_between_keys_is_kept_as_written(load):
    with pytest.raises(UserError, match=r"params\.yaml: low must not exceed high\.$"):
        load("train: {low: 3, high: 2}", schema=PairParams)


@pytest.mark.parametrize("text", ["train: [1, 2]", "train: 3"])
def test_a_section_that_is_not_a_mapping_is_rejected(load, text):
    with pytest.raises(UserError, match=r"train is .*should be a mapping"):
        load(text)


def test_broken_yaml_and_a_missing_file_are_reported_in_one_sentence(load, tmp_path):
    with pytest.raises(UserError, match=r"params\.yaml is not valid YAML") as caught:
        load("train: {lr: [}")
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="does not exist; run from the root"):
        load_params(ExampleParams, tmp_path / "none.yaml", tmp_path / "dvc.yaml", "train")


def test_a_section_inside_a_section_is_read(load):
    loaded = load("train: {part: {strength: 2}, epochs: 4}", schema=NestedParams)
    assert loaded == NestedParams(part=PartParams(strength=2.0), epochs=4)
    for text in ("train: {}", "train: {part: }", "train: {part: {}}"):
        assert load(text, schema=NestedParams) == NestedParams()


def test_all_problems_of_a_section_inside_a_section_are_reported_with_their_place(load):
    text = "train: {part: {strenght: 1, strength: -1, turns: x}, epochs: y}"
    with pytest.raises(UserError) as caught:
        load(text, schema=NestedParams)
    for problem in (
        "unknown key train.part.strenght (did you mean train.part.strength?)",
        "train.part.strength is -1, but should be greater than or equal to 0",
        "train.part.turns is 'x', but should be a valid integer",
        "train.epochs is 'y', but should be a valid integer",
    ):
        assert problem in str(caught.value)
    with pytest.raises(UserError, match=r"train\.part is 3, but should be a mapping"):
        load("train: {part: 3}", schema=NestedParams)


def test_settings_are_immutable_and_keyword_only():
    with pytest.raises(AttributeError):
        ExampleParams().epochs = 4
    with pytest.raises((TypeError, ValidationError)):
        ExampleParams(0.5)


@pytest.fixture
def check(tmp_path):
    """Check a params.yaml, as text or bytes, whose sections are `train` and `pair`."""

    def check_content(content):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / "params.yaml").write_bytes(content)
        (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: x, params: [train, pair]}}")
        schemas = {"train": ExampleParams, "pair": PairParams}
        check_params(schemas, tmp_path / "params.yaml", tmp_path / "dvc.yaml")

    return check_content


def test_the_problems_of_all_sections_are_reported_at_once(check):
    check("train: {lr: 0.5}\npair: {low: 1}\n")
    check("")
    with pytest.raises(UserError) as caught:
        check("train: {lr: 7, haed: x}\npair: {low: 9, hihg: 1}\ntrian: {}\n")
    message = str(caught.value)
    for problem in ("trian", "train.lr is 7", "train.haed", "low must not exceed", "pair.hihg"):
        assert problem in message
    assert "\n" not in message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_params_of_other_unicode_encodings_are_read(check, encoding):
    check("train: {names: [fröhlich]}".encode(encoding))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("train: {names: [fröhlich]}".encode("latin-1"), "is not UTF-8"),
        ("[1, 2]", "is not a mapping of keys to values"),
        ("train", "is not a mapping of keys to values"),
        ("train: 2026-99-99", "not valid YAML"),
        ("? [a, {b: c}]\n: 1", "not valid YAML|unknown key"),
        ("[" * 5000, "not valid YAML"),
        ("train: {lr: 1}\ntrain: {lr: 1}", "not valid YAML"),
        ("train: !!python/object/apply:os.system [echo]", "not valid YAML"),
        ("\x00", "not valid YAML"),
        (f"train: {{head: {'x' * 1_000_000}}}", "train.head is 'x"),
    ],
)
def test_any_content_ends_in_one_short_sentence(check, content, message):
    with pytest.raises(UserError, match=message) as caught:
        check(content)
    assert len(str(caught.value)) < 600


def test_aliases_do_not_blow_up_a_message(check):
    anchors = ["&a0 [x, x]", *(f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    with pytest.raises(UserError, match="pair is") as caught:
        check(f"train: {{head: [{', '.join(anchors)}]}}\npair: *a11\n")
    assert len(str(caught.value)) < 1000


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.binary()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
KEYS = st.sampled_from(["train", "pair", "lr", "head", "epochs", "names", "low"]) | st.text()


@given(st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES)))
def test_any_params_are_accepted_or_refused_in_one_sentence(content):
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(content, stream)
    with tempfile.TemporaryDirectory() as folder:
        params, pipeline = Path(folder, "params.yaml"), Path(folder, "dvc.yaml")
        params.write_text(stream.getvalue(), encoding="utf-8")
        pipeline.write_text("stages: {a: {cmd: x, params: [train, pair]}}")
        with contextlib.suppress(UserError):
            check_params({"train": ExampleParams, "pair": PairParams}, params, pipeline)


@given(st.binary(max_size=200))
def test_any_bytes_are_accepted_or_refused_in_one_sentence(content):
    with tempfile.TemporaryDirectory() as folder:
        params, pipeline = Path(folder, "params.yaml"), Path(folder, "dvc.yaml")
        params.write_bytes(content)
        pipeline.write_text("stages: {a: {cmd: x, params: [train, pair]}}")
        with contextlib.suppress(UserError):
            check_params({"train": ExampleParams, "pair": PairParams}, params, pipeline)


@pytest.mark.parametrize("text", ["", "[[", "stages: 3", "stages: {a: 1}", "\x00"])
def test_a_damaged_pipeline_file_is_named_with_the_fix(tmp_path, text):
    (tmp_path / "params.yaml").write_text("")
    (tmp_path / "dvc.yaml").write_text(text)
    with pytest.raises(UserError, match=r"dvc\.yaml cannot be read .*`git checkout "):
        check_params({}, tmp_path / "params.yaml", tmp_path / "dvc.yaml")
