"""params.yaml is read as YAML 1.2 and typed; misspelled and misplaced keys are rejected."""

import contextlib
import io
import re
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML

from emotion.core.errors import UserError
from emotion.core.params import REMOVED, check_params, load_params, one_of, settings
from tests.user_errors import user_error


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
    with user_error("train.head", file="params.yaml", key="train.haed"):
        load("train: {haed: linear}")
    with user_error("train", file="params.yaml", key="trian"):
        load("trian: {}")
    with user_error("epochs", "head", "lr", "names", key="train.zzz"):
        load("train: {zzz: 1}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{epochs: 5, train: {epochs: 3}}", ["train.epochs"]),
        ("{epochs: 5, train: {epochs: 3}, model: {epochs: 4}}", ["train.epochs", "model.epochs"]),
        ("{lr: 1, train: {lr: 0.5}, seed: 1}", ["train.lr"]),
    ],
)
@pytest.mark.parametrize("section", ["train", None])
def test_a_top_level_key_that_belongs_in_a_section_is_rejected_with_its_place(
    load, text, place, section
):
    with user_error(*place, key=place[0].partition(".")[2]):
        load(text, section=section)


def test_a_known_top_level_key_may_also_be_a_key_of_a_section(load):
    assert load("{seed: 1, model: {seed: 2}, train: {lr: 0.5}}").lr == 0.5


def test_a_section_of_which_stages_read_single_keys_is_known(load):
    assert load("model: {depth: 3}") == ExampleParams()


def test_a_partial_read_accepts_other_keys_of_the_section_and_validates_its_own(load):
    text = "train: {{lr: {lr}, head: linear, epochs: 5}}"
    assert load(text.format(lr=0.5), RequiredParams, partial=True) == RequiredParams(lr=0.5)
    with user_error(key="train.head"):
        load(text.format(lr=0.5), RequiredParams)
    with user_error("'high'", key="train.lr"):
        load(text.format(lr="high"), RequiredParams, partial=True)
    with user_error(key="train.lr"):
        load("train: {head: linear}", RequiredParams, partial=True)
    with user_error("train", key="trian"):
        load("trian: {lr: 0.5}", RequiredParams, partial=True)


def test_all_wrong_values_are_reported_at_once_with_what_is_allowed(load):
    names = ("train.lr", "2.0", "train.head", "'wide'", "'deep'", "'linear'", "train.epochs", "'3'")
    with user_error(*names, file="params.yaml", key="train.lr"):
        load("train: {lr: 2.0, head: wide, epochs: '3'}")


def test_a_value_outside_a_registry_is_rejected_with_its_keys(load):
    assert load("train: {loss: ldam}", ChoiceParams).loss == "ldam"
    with user_error("'focall'", "'focal'", "'ldam'", "'plain'", "train.only", "'there'", "'here'"):
        load("train: {loss: focall, only: there}", ChoiceParams)


@pytest.mark.parametrize(
    ("text", "schema", "key", "name"),
    [
        ("train: {loss: 3}", ChoiceParams, "train.loss", "3"),
        ("train: {}", RequiredParams, "train.lr", "missing"),
        ("train: {low: 3, high: 2}", PairParams, "train", "low must not exceed high"),
        ("train: [1, 2]", ExampleParams, "train", "[1, 2]"),
        ("train: {part: 3}", NestedParams, "train.part", "3"),
        ("train: {lr: [}", ExampleParams, "", "YAML"),
    ],
)
def test_other_mistakes_name_their_key_in_one_sentence(load, text, schema, key, name):
    with user_error(file="params.yaml", key=key) as caught:
        load(text, schema=schema)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with user_error(file="none.yaml", hint="root"):
        load_params(ExampleParams, tmp_path / "none.yaml", tmp_path / "dvc.yaml", "train")


@settings
class SwitchParams:
    deterministic: bool = True


@pytest.mark.parametrize("removed", REMOVED)
def test_a_setting_or_value_of_an_earlier_version_is_said_to_be_removed(load, removed):
    key, _, value = removed.partition(": ")
    section, _, name = key.partition(".")
    with user_error("removed", REMOVED[removed], file="params.yaml", key=key):
        load(f"{section}: {{{name}: {value or 1}}}", schema=SwitchParams)


def test_a_word_that_was_never_a_value_is_not_said_to_be_removed(load):
    with user_error("'portabel'", "boolean", key="train.deterministic") as caught:
        load("train: {deterministic: portabel}", schema=SwitchParams)
    assert "removed" not in str(caught.value)


def test_a_section_inside_a_section_is_read(load):
    loaded = load("train: {part: {strength: 2}, epochs: 4}", schema=NestedParams)
    assert loaded == NestedParams(part=PartParams(strength=2.0), epochs=4)
    for text in ("train: {}", "train: {part: }", "train: {part: {}}"):
        assert load(text, schema=NestedParams) == NestedParams()


def test_all_problems_of_a_section_inside_a_section_are_reported_with_their_place(load):
    text = "train: {part: {strenght: 1, strength: -1, turns: x}, epochs: y}"
    places = ("train.part.strength", "-1", "train.part.turns", "'x'", "train.epochs", "'y'")
    with user_error(*places, key="train.part.strenght"):
        load(text, schema=NestedParams)


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
    names = ("trian", "train.lr", "7", "train.haed", "low must not exceed high", "pair.hihg")
    with user_error(*names) as caught:
        check("train: {lr: 7, haed: x}\npair: {low: 9, hihg: 1}\ntrian: {}\n")
    assert "\n" not in str(caught.value)


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
    with user_error(file="params.yaml") as caught:
        check(content)
    assert re.search(message, str(caught.value))
    assert len(str(caught.value)) < 600


def test_aliases_do_not_blow_up_a_message(check):
    anchors = ["&a0 [x, x]", *(f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    with user_error("pair", key="train.head") as caught:
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
    with user_error(file="dvc.yaml", hint="git checkout"):
        check_params({}, tmp_path / "params.yaml", tmp_path / "dvc.yaml")
