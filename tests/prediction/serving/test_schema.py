"""The OpenAPI description is what programs get: responses of every kind are valid by it."""

import copy

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from starlette.testclient import TestClient

from emotion.prediction.predictor import Predictor
from emotion.prediction.serving import limits
from emotion.prediction.serving.app import create_app
from tests.prediction.conftest import write_onnx
from tests.prediction.serving.conftest import BLUE, GREEN, LIMITS, RED
from tests.prediction.serving.test_app import FORM, files, png_of


@pytest.fixture
def client(tmp_path):
    """A model with a threshold and the warning, so that these keys occur."""
    calibration = {"threshold": "0.999", "target_error": "0.1"}
    file = write_onnx(tmp_path / "model.onnx", synthetic_fraction=1.0, **calibration)
    predictor = Predictor.load(file, threads=1, max_pixels=LIMITS.pixels)
    with TestClient(create_app(predictor, LIMITS), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def description(client):
    return client.get("/openapi.json").json()


def validator_of(description, operation, response):
    """Of the schema that the description gives for a response's status."""
    content = operation["responses"][str(response.status_code)]["content"]
    [(kind, media)] = content.items()
    assert response.headers["content-type"] == kind
    return Draft202012Validator({**media["schema"], "components": description["components"]})


def requests_of_every_kind(party):
    """By name: what is sent to /predict, and the keys of the answers or the status."""
    face, word = png_of(party), {"label", "confidence", "uncertain", "probabilities"}
    detect = {"detect": "true"}
    return {
        "whole image": ({"content": GREEN}, [word]),
        "images": ({"files": files(RED, BLUE)}, [word, word]),
        "one unreadable": ({"files": files(RED, b"text")}, [word, {"error"}]),
        "faces": ({"content": face, "params": detect}, [word | {"box", "score"}] * 3),
        "no face": ({"content": RED, "params": detect}, []),
        "turned": (
            {"content": png_of(party.transpose(Image.Transpose.ROTATE_90)), "params": detect},
            [word | {"box", "score", "turn"}] * 3,
        ),
        "cropped": ({"content": face, "params": {"cropped": "true"}}, [word]),
        "both": ({"content": face, "params": detect | {"cropped": "true"}}, 422),
        "no image": ({"content": b"text"}, 422),
        "no images": ({"files": files(b"text", b"")}, 422),
        "unknown": ({"content": RED, "params": {"x": "1"}}, 422),
        "wrong": ({"content": RED, "params": {"min_face": "-1"}}, 422),
        "large": ({"content": b"\0" * (LIMITS.bytes + 1)}, 413),
        "compressed": ({"content": RED, "headers": {"Content-Encoding": "br"}}, 415),
        "malformed": ({"content": b"x", "headers": FORM}, 400),
    }


def test_responses_of_every_kind_are_as_described(client, description, party):
    operation = description["paths"]["/predict"]["post"]
    for name, (sent, expected) in requests_of_every_kind(party).items():
        response = client.post("/predict", **sent)
        validator_of(description, operation, response).validate(response.json())
        if isinstance(expected, int):
            assert response.status_code == expected, name
        else:
            images = response.json()["images"]
            assert [set(answer) for image in images for answer in image["answers"]] == expected
            assert response.json()["warning"]
    for path in ("/health", "/version"):
        response = client.get(path)
        operation = description["paths"][path]["get"]
        validator_of(description, operation, response).validate(response.json())


async def stream_too_slowly(_):
    raise TimeoutError
    yield b""


@pytest.mark.parametrize(
    ("target", "value", "status"),
    [
        ("emotion.prediction.serving.batching.LONGEST_QUEUE", 0, 503),
        ("starlette.requests.Request.stream", stream_too_slowly, 408),
        ("emotion.prediction.serving.app.to_json", lambda _: 1 / 0, 500),
    ],
)
def test_other_errors_are_as_described(client, description, monkeypatch, target, value, status):
    monkeypatch.setattr(target, value)
    response = client.post("/predict", content=RED)
    assert response.status_code == status
    operation = description["paths"]["/predict"]["post"]
    validator_of(description, operation, response).validate(response.json())


def change(response, where, value):
    """A copy in which one value is another; `where` is the path to it."""
    changed = target = copy.deepcopy(response)
    for key in where[:-1]:
        target = target[key]
    target[where[-1]] = value
    return changed


ANSWER = ("images", 0, "answers", 0)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("images",), []),
        (("other",), 1),
        ((*ANSWER, "confidence"), 1.5),
        ((*ANSWER, "probabilities", "sad"), -0.1),
        ((*ANSWER, "label"), None),
        ((*ANSWER, "box"), [1, 2, 3, 4]),  # without `score`
        ((*ANSWER, "turn"), 90),  # of no face
        ((*ANSWER, "error"), "and an answer"),
        (("warning",), None),
    ],
)
def test_the_description_tells_other_responses_apart(client, description, where, value):
    response = client.post("/predict", content=GREEN)
    operation = description["paths"]["/predict"]["post"]
    validator = validator_of(description, operation, response)
    assert validator.is_valid(response.json())
    assert not validator.is_valid(change(response.json(), where, value))


def test_names_and_bodies_are_those_that_generated_clients_need(description):
    operations = [o for methods in description["paths"].values() for o in methods.values()]
    assert [o["operationId"] for o in operations] == ["predict", "health", "version"]
    body = description["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "image/*", "application/octet-stream"}
    images = body["multipart/form-data"]["schema"]["properties"]["images"]
    assert (images["minItems"], images["maxItems"]) == (1, limits.MOST_IMAGES)
    statuses = {"200", "400", "403", "408", "413", "415", "422", "500", "503"}
    assert set(description["paths"]["/predict"]["post"]["responses"]) == statuses
