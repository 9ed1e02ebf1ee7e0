"""A model file with any metadata loads, or is rejected in one line."""

import dataclasses
import json

import pytest
import safetensors.torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emotion.core.errors import UserError
from emotion.core.reports import Calibration, read_report
from emotion.data.labels import check_class_names
from emotion.data.preprocessing import Preprocessing
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from emotion.models.network_args import NETWORK_ARGS, check_network
from emotion.prediction.onnx_file import load_onnx
from tests.conftest import make_calibration, make_checkpoint
from tests.prediction.conftest import CLASSES, PREPROCESSING, write_onnx

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -1, 2**63, 1e300, -0.0, 5e-324, True])
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = [field.name for field in dataclasses.fields(Checkpoint) if field.name != "state_dict"]
PREPROCESSING_FIELDS = [field.name for field in dataclasses.fields(Preprocessing)]
RELAXED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def loads_or_rejects(load, expected=UserError):
    """Run a loader; returns its result, or None after an error in one line."""
    try:
        return load()
    except expected as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) < 5000
    return None


@pytest.fixture(scope="module")
def valid():
    checkpoint = make_checkpoint()
    content = {name: getattr(checkpoint, name) for name in FIELDS}
    content["preprocessing"] = dataclasses.asdict(checkpoint.preprocessing)
    return {"format": 3, **content}, checkpoint.state_dict


@RELAXED
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=2),
    st.dictionaries(st.sampled_from(PREPROCESSING_FIELDS), JSON, max_size=2),
    st.dictionaries(st.sampled_from([*NETWORK_ARGS, "cfg"]), JSON, max_size=2),
    st.sampled_from([".pth", ".safetensors"]),
)
@example({}, {}, {}, ".safetensors")
@example({"epoch": True}, {}, {}, ".safetensors")
@example({"args": {"layers": [10**9]}}, {}, {}, ".safetensors")
@example({"history": {"a": [1.0], "b": []}}, {}, {}, ".safetensors")
def test_a_checkpoint_loads_or_is_rejected(valid, tmp_path, fields, preprocessing, args, suffix):
    content, weights = valid
    content = {
        **content,
        "args": {**content["args"], **args},
        "preprocessing": {**content["preprocessing"], **preprocessing},
        **fields,
    }
    path = tmp_path / "x.safetensors"
    safetensors.torch.save_file(weights, path, {"checkpoint": json.dumps(content)})
    found = loads_or_rejects(lambda: load_checkpoint(path))
    if not (fields or preprocessing or args):
        assert found is not None
    if found is not None:  # then it can be used
        if suffix == ".pth":
            found.save(tmp_path / "x.pth")
            found = load_checkpoint(tmp_path / "x.pth")
        assert found.build_model() is not None


ONNX_KEYS = ("class_names", "preprocessing", "synthetic_fraction", "threshold", "target_error")
ONNX_VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    JSON.map(json.dumps),
    NUMBERS.map(repr),
)


@RELAXED
@given(st.dictionaries(st.sampled_from(ONNX_KEYS), ONNX_VALUES, min_size=1, max_size=2))
@example({"class_names": "[" * 100_000})
@example({"preprocessing": "[" * 100_000})
@example({"class_names": json.dumps(["a"] * 3)})
@example({"class_names": json.dumps([1, 2, 3])})
@example({"class_names": '"abc"'})
@example({"synthetic_fraction": "nan"})
@example({"synthetic_fraction": "-5"})
@example({"threshold": "1e999"})
@example({"preprocessing": json.dumps({**dataclasses.asdict(PREPROCESSING), "resize_scale": 200})})
def test_an_onnx_file_loads_or_is_rejected(tmp_path, metadata):
    found = loads_or_rejects(lambda: load_onnx(write_onnx(tmp_path / "x.onnx", **metadata), 1))
    if found is not None:
        assert len(set(found.class_names)) == len(CLASSES)
        assert 0 <= found.synthetic_fraction <= 1
        assert found.threshold is None or 0 <= found.threshold <= 1


@RELAXED
@given(st.dictionaries(st.sampled_from(sorted(vars(make_calibration()))), JSON, max_size=2))
def test_a_calibration_loads_or_is_rejected(tmp_path, fields):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({**vars(make_calibration()), **fields}))
    found = loads_or_rejects(lambda: read_report(path, Calibration))
    if found is not None:
        assert 0.01 <= found.temperature <= 100
        assert found.threshold is None or 0 <= found.threshold <= 1


@RELAXED
@given(JSON, st.dictionaries(st.sampled_from([*NETWORK_ARGS, "cfg"]), JSON), JSON)
def test_a_network_is_described_or_rejected(architecture, args, omitted):
    loads_or_rejects(lambda: check_network("test_resnet", args, []), ValueError)
    loads_or_rejects(lambda: check_network(architecture, args, []), ValueError)
    loads_or_rejects(lambda: check_network("test_resnet", {}, omitted), ValueError)
    loads_or_rejects(lambda: check_network("test_resnet", architecture, []), ValueError)


@RELAXED
@given(JSON)
def test_class_names_are_names_or_rejected(names):
    found = loads_or_rejects(lambda: check_class_names(names), ValueError)
    if found is not None:
        assert all(isinstance(name, str) and name.strip() for name in found)
        assert len(set(found)) == len(found)
