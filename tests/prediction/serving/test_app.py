"""Requests get the answers of the model, and everything else a clean refusal."""

import contextlib
import io
import re
import zlib

import pytest
from PIL import Image

from emotion.prediction.serving import batching, limits
from emotion.prediction.serving.limits import BusyError
from tests.data.conftest import draw_party
from tests.prediction.serving.conftest import BLUE, GREEN, LIMITS, RED, image_bytes


def files(*contents):
    return [("images", (f"{i}.png", content)) for i, content in enumerate(contents)]


def test_an_image_as_the_body_is_classified(client):
    response = client.post("/predict", content=GREEN, headers={"Content-Type": "image/png"})
    assert response.status_code == 200
    [image] = response.json()["images"]
    [answer] = image["answers"]
    assert answer["label"] == "happy"
    assert answer["confidence"] == answer["probabilities"]["happy"] > 0.9


def test_the_files_of_a_form_are_answered_in_order_by_name(client):
    response = client.post("/predict", files=files(RED, b"text", BLUE))
    assert response.status_code == 200
    images = response.json()["images"]
    assert [image["image"] for image in images] == ["0.png", "1.png", "2.png"]
    answers = [image["answers"][0] for image in images]
    assert [answer.get("label") for answer in answers] == ["angry", None, "sad"]
    assert "1.png cannot be read" in answers[1]["error"]


def test_with_detect_each_face_has_an_answer(client):
    file = io.BytesIO()
    draw_party().save(file, "PNG")
    response = client.post("/predict?detect=true", files=files(file.getvalue(), RED))
    first, second = response.json()["images"]
    assert [len(answer["box"]) for answer in first["answers"]] == [4, 4, 4]
    assert second["answers"] == []
    response = client.post("/predict?detect=true&min_face=120", content=file.getvalue())
    assert len(response.json()["images"][0]["answers"]) == 1


def bomb():
    """A PNG of 400 megapixels in a few kilobytes."""
    data = bytearray(image_bytes((0, 0, 0), (8, 8)))
    header = data.index(b"IHDR")
    data[header + 4 : header + 12] = (20000).to_bytes(4) * 2
    data[header + 17 : header + 21] = zlib.crc32(data[header : header + 17]).to_bytes(4)
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "the body is empty"),
        (b"just text", 422, "no image of a readable format"),
        (bomb(), 422, "400000000 pixels|500,000 pixels"),
        (image_bytes((9, 9, 9), (1000, 600)), 422, "more than 500,000 pixels"),
        (GREEN[:60], 422, "cannot be read"),
        (b"\0" * (LIMITS.bytes + 1), 413, "more than 1 MB"),
    ],
    ids=["empty", "text", "bomb", "large image", "truncated", "large body"],
)
def test_what_is_no_image_is_refused_with_the_reason(client, content, status, reason):
    response = client.post("/predict", content=content)
    assert response.status_code == status
    assert any(part in response.json()["detail"] for part in reason.split("|"))
    assert client.post("/predict", content=GREEN).status_code == 200


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client):
    sent = []

    def endless():
        while len(sent) < 1000:
            sent.append(1)
            yield b"\0" * 100_000

    assert client.post("/predict", content=endless()).status_code == 413


@pytest.mark.parametrize(
    "form",
    [
        {"headers": {"Content-Type": "multipart/form-data"}, "content": b"abc"},
        {"headers": {"Content-Type": "multipart/form-data; boundary=x"}, "content": b"abc"},
        {"files": files(*[RED] * (limits.MOST_IMAGES + 1))},
    ],
    ids=["no boundary", "no form", "too many files"],
)
def test_a_form_that_cannot_be_read_is_refused(client, form):
    response = client.post("/predict", **form)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("the form cannot be read")


def test_a_form_without_files_is_refused(client):
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="images"\r\n\r\ntext\r\n--x--\r\n'
    response = client.post("/predict", content=part, headers=boundary)
    assert response.status_code == 422
    assert "no image" in response.json()["detail"]


def test_no_file_is_written_for_a_large_upload(client, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a file is written")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse)
    monkeypatch.setattr("starlette.formparsers.MultiPartParser.spool_max_size", 10)
    random = Image.effect_noise((900, 500), 100).convert("L")
    file = io.BytesIO()
    random.save(file, "PNG")
    assert client.post("/predict", files=files(file.getvalue())).status_code == 200


def test_a_full_queue_is_503_with_a_time_to_come_back(client, monkeypatch):
    monkeypatch.setattr(batching, "LONGEST_QUEUE", 2)
    response = client.post("/predict", files=files(RED, GREEN, BLUE))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert client.post("/predict", content=GREEN).status_code == 200
    assert issubclass(BusyError, Exception)


def test_health_version_and_the_page_that_describes_the_service(client):
    assert client.get("/health").json() == {"status": "ok"}
    version = client.get("/version").json()
    assert version["class_names"] == ["angry", "happy", "sad"]
    page = client.get("/docs").text
    for text in (
        "POST /predict",
        "GET /health",
        "?min_face=20",
        "413",
        "Too many images wait",
        "<code>error</code>",
    ):
        assert text in page
    assert not re.search(r"<script|(src|href)=.?https?:", page)  # it asks no other host
    description = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert set(description["requestBody"]["content"]) == {"multipart/form-data", "image/*"}
    assert {"200", "408", "413", "422", "503"} <= set(description["responses"])


def test_an_error_of_the_program_does_not_end_the_service(app, monkeypatch):
    from starlette.testclient import TestClient

    from emotion.prediction.predictor import Predictor

    answer, calls = Predictor.answer, []

    def fail_once(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return answer(*arguments)

    monkeypatch.setattr(Predictor, "answer", fail_once)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/predict", content=GREEN).status_code == 500
        assert client.post("/predict", content=GREEN).status_code == 200


def test_images_that_are_too_large_together_are_refused_before_they_are_decoded(client):
    image = image_bytes((9, 9, 9), (700, 600))  # 0.42 of 0.5 megapixels
    assert client.post("/predict", files=files(image, image)).status_code == 200
    response = client.post("/predict", files=files(image, image, image))
    assert response.status_code == 413
    assert response.json()["detail"] == (
        "the images have more than 1 megapixels together; send fewer at once"
    )


@pytest.mark.parametrize("kind", ["Multipart/Form-Data", "MULTIPART/FORM-DATA"])
def test_the_kind_of_a_form_is_known_in_any_case(client, kind):
    body = b'--x\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'
    headers = {"Content-Type": f"{kind}; boundary=x"}
    response = client.post("/predict", content=body + GREEN + b"\r\n--x--\r\n", headers=headers)
    assert response.status_code == 200


def test_bodies_of_all_requests_share_a_budget(client, monkeypatch):
    monkeypatch.setattr(limits.Budget, "taking", _nothing_left)
    response = client.post("/predict", content=GREEN)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"


@contextlib.contextmanager
def _nothing_left(_):
    def take(_):
        raise BusyError

    yield take


def test_a_budget_gives_back_what_a_request_has_taken():
    budget = limits.Budget(10)

    def take_too_much(take):
        take(4)
        take(7)

    with budget.taking() as take:
        take(6)
        with pytest.raises(BusyError), budget.taking() as other:
            take_too_much(other)
        assert budget.used == 6
        take(4)
    assert budget.used == 0
