"""Requests get the predictions of the model, or the status and reason of an error."""

import html
import io
import re
import zlib

import pytest
from PIL import Image
from starlette.testclient import TestClient

from emotion.prediction.formats import SYNTHETIC_NOTE
from emotion.prediction.predictor import Predictor
from emotion.prediction.serving import app as service
from emotion.prediction.serving import batching, limits
from emotion.prediction.serving.limits import BusyError
from tests.prediction.conftest import write_face_model, write_onnx
from tests.prediction.serving.conftest import BLUE, GREEN, LIMITS, RED, image_bytes


def files(*contents):
    return [("images", (f"{i}.png", content)) for i, content in enumerate(contents)]


def test_an_image_as_the_body_is_classified(client):
    response = client.post("/predict", content=GREEN, headers={"Content-Type": "image/png"})
    assert response.status_code == 200
    [image] = response.json()["images"]
    [prediction] = image["answers"]
    assert prediction["label"] == "happy"
    assert prediction["confidence"] == prediction["probabilities"]["happy"] > 0.9


def test_the_files_of_a_form_are_classified_in_order(client):
    response = client.post("/predict", files=files(RED, b"text", BLUE))
    assert response.status_code == 200
    images = response.json()["images"]
    assert [image["image"] for image in images] == ["0.png", "1.png", "2.png"]
    predictions = [image["answers"][0] for image in images]
    assert [prediction.get("label") for prediction in predictions] == ["angry", None, "sad"]
    assert "1.png" in predictions[1]["error"]


def png_of(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_with_detect_each_face_has_a_prediction(client, party):
    image = png_of(party)
    response = client.post("/predict?detect=true", files=files(image, RED))
    first, second = response.json()["images"]
    assert [len(prediction["box"]) for prediction in first["answers"]] == [4, 4, 4]
    assert second["answers"] == []
    response = client.post("/predict?detect=true&min_face=120", content=image)
    assert len(response.json()["images"][0]["answers"]) == 1


@pytest.fixture
def face_client(tmp_path):
    predictor = Predictor.load(write_face_model(tmp_path, "aligned", 1.25), threads=1)
    with TestClient(service.create_app(predictor, LIMITS)) as client:
        yield client


def test_a_model_of_faces_finds_them_itself_unless_they_are_cropped(face_client, client, party):
    sent = files(png_of(party), RED)

    def answers(query, client=face_client):
        response = client.post(f"/predict{query}", files=sent)
        assert response.status_code == 200
        return [image["answers"] for image in response.json()["images"]]

    found = answers("")
    assert [len(of_image) for of_image in found] == [3, 0]
    assert answers("?detect=true") == found
    assert [len(of_image) for of_image in answers("?min_face=120")] == [1, 0]
    cropped = answers("?cropped=true")
    assert [["box" in answer for answer in of_image] for of_image in cropped] == [[False]] * 2
    assert answers("?cropped=true", client) == answers("", client)  # it takes them as they are
    turned = png_of(party.transpose(Image.Transpose.ROTATE_90))
    [image] = face_client.post("/predict", content=turned).json()["images"]
    assert [answer["turn"] for answer in image["answers"]] == [90] * 3


def test_the_version_says_what_the_model_takes(face_client, client):
    for asked, expected in ((face_client, ("aligned", 1.25)), (client, ("as_is", 1.0))):
        version = asked.get("/version").json()
        assert (version["faces"], version["face_margin"]) == expected


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
        (b"", 422, "empty"),
        (b"just text", 422, "PNG"),
        (bomb(), 422, "400000000"),
        (image_bytes((9, 9, 9), (1000, 600)), 422, "500,000"),
        (GREEN[:60], 422, "image"),
        (b"\0" * (LIMITS.bytes + 1), 413, "1 MB"),
    ],
    ids=["empty", "text", "bomb", "large image", "truncated", "large body"],
)
def test_what_is_no_image_is_refused_with_the_reason(client, content, status, reason):
    response = client.post("/predict", content=content)
    assert response.status_code == status
    assert re.search(reason, response.json()["detail"])
    assert client.post("/predict", content=GREEN).status_code == 200


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client):
    sent = []

    def endless():
        while len(sent) < 1000:
            sent.append(1)
            yield b"\0" * 100_000

    assert client.post("/predict", content=endless()).status_code == 413


FORM = {"Content-Type": "multipart/form-data; boundary=x"}
FIELD = b'--x\r\nContent-Disposition: form-data; name="images"'
END = b"\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"headers": {"Content-Type": "multipart/form-data"}, "content": b"abc"}, 400),
        ({"headers": FORM, "content": b"abc"}, 400),
        ({"files": files(*[RED] * (limits.MOST_IMAGES + 1))}, 400),
        ({"headers": FORM, "content": FIELD + b"\r\n\r\ntext" + END}, 422),
    ],
    ids=["no boundary", "no form", "too many files", "no files"],
)
def test_a_form_without_images_that_can_be_read_is_refused(client, form, status):
    response = client.post("/predict", **form)
    assert response.status_code == status
    assert "form" in response.json()["detail"]


@pytest.mark.parametrize("kind", ["Multipart/Form-Data", "MULTIPART/FORM-DATA"])
def test_the_content_type_of_a_form_may_have_any_case(client, kind):
    headers = {"Content-Type": f"{kind}; boundary=x"}
    body = FIELD + b'; filename="a.png"\r\n\r\n' + GREEN + END
    assert client.post("/predict", content=body, headers=headers).status_code == 200


def test_no_file_is_written_for_a_large_upload(client, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a file is written")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse)
    monkeypatch.setattr("starlette.formparsers.MultiPartParser.spool_max_size", 10)
    noise = png_of(Image.effect_noise((900, 500), 100).convert("L"))
    assert client.post("/predict", files=files(noise)).status_code == 200


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        (batching, "LONGEST_QUEUE", 2),  # images
        (service, "BODIES_IN_FLIGHT", 3e-4),  # 300 bytes
        (service, "IMAGES_IN_FLIGHT", 5e-3),  # 2500 pixels
    ],
)
def test_too_much_at_once_is_503_with_a_time_to_retry(request, monkeypatch, module, limit, value):
    monkeypatch.setattr(module, limit, value)
    client = request.getfixturevalue("client")
    response = client.post("/predict", files=files(RED, GREEN, BLUE))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert client.post("/predict", content=GREEN).status_code == 200


def test_health_version_and_the_page_that_describes_the_service(client):
    assert client.get("/health").json() == {"status": "ok"}
    version = client.get("/version").json()
    assert version["class_names"] == ["angry", "happy", "sad"]
    response = client.get("/")
    assert response.history[0].headers["location"] == "docs"
    page = response.text
    for text in ("POST /predict", "GET /health", "?min_face=20", "413", "<code>error</code>"):
        assert text in page
    assert not re.search(r"<script|(src|href)=.?https?:", page)  # it loads nothing from other hosts
    assert "drawn faces" not in page


def test_the_page_shows_the_address_that_is_in_use(app):
    for address in ("http://127.0.0.1:8123", "http://faces.example:9000"):
        with TestClient(app, base_url=address) as client:
            page = client.get("/docs").text
            assert set(re.findall(r"https?://[^/]+", page)) == {address}
            assert 'action="predict?' in page  # also below the path of a proxy


def test_the_warning_about_drawn_faces_is_in_every_response(tmp_path):
    def client_of(share):
        file = write_onnx(tmp_path / f"{share}.onnx", synthetic_fraction=share)
        return TestClient(service.create_app(Predictor.load(file, threads=1), LIMITS))

    with client_of(1.0) as client:
        form = client.post("/predict", files=files(RED, b"text")).json()
        warnings = {form["warning"], client.post("/predict", content=RED).json()["warning"]}
        warnings.add(client.get("/version").json()["warning"])
        [warning] = warnings
        assert " ".join(SYNTHETIC_NOTE.split()).endswith(warning)
        assert warning in html.unescape(client.get("/docs").text)
        assert warning in client.get("/openapi.json").json()["info"]["description"]
    with client_of(0.5) as client:
        assert "warning" not in client.post("/predict", content=RED).json()
        assert "warning" not in client.get("/version").json()


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("dettect=true", "dettect"),
        ("Detect=true", "Detect"),
        ("detect=maybe", "'maybe'"),
        ("detect=", "detect"),
        ("detect=true&min_face=nan", "'nan'"),
        ("min_face=0", "'0'"),
        ("min_face=1e9", "'1e9'"),
        ("detect=true&detect=false", "detect"),
        ("detect=true&cropped=true", "cropped"),
        ("a%1b%5b2J=1", r"a\x1b[2J"),
        ("=", "parameter"),
    ],
)
def test_a_wrong_parameter_is_one_sentence_with_those_that_are_allowed(client, query, named):
    response = client.post(f"/predict?{query}", content=GREEN)
    assert response.status_code == 422
    sentence = response.json()["detail"]
    assert named in sentence
    assert "detect or cropped (true or false) and min_face (1 to 10000)" in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Content-Type": "multipart/form-datax; boundary=x"}, "multipart/form-data"),
        ({"Content-Type": "multipart/mixed"}, "multipart/mixed"),
        ({"Content-Encoding": "gzip"}, "gzip"),
    ],
)
def test_a_body_in_another_form_is_refused_by_its_name(client, headers, named):
    response = client.post("/predict", content=GREEN, headers=headers)
    assert response.status_code == 415
    assert named in response.json()["detail"]


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
def test_a_body_that_is_not_compressed_may_say_so(client, encoding):
    headers = {"Content-Encoding": encoding}
    assert client.post("/predict", content=GREEN, headers=headers).status_code == 200


def test_a_parameter_in_the_form_is_not_ignored(client):
    response = client.post("/predict", files=files(GREEN), data={"detect": "true"})
    assert response.status_code == 422
    assert "/predict?detect=true" in response.json()["detail"]


def test_an_error_of_the_program_does_not_end_the_service(app, monkeypatch):
    predict, calls = Predictor.predict_sources, []

    def fail_once(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return predict(*arguments)

    monkeypatch.setattr(Predictor, "predict_sources", fail_once)
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.post("/predict", content=GREEN)
        assert response.status_code == 500
        assert "log" in response.json()["detail"]
        assert client.post("/predict", content=GREEN).status_code == 200


def test_images_that_are_too_large_together_are_refused_before_they_are_decoded(client):
    image = image_bytes((9, 9, 9), (700, 600))  # 0.42 of 0.5 megapixels
    assert client.post("/predict", files=files(image, image)).status_code == 200
    response = client.post("/predict", files=files(image, image, image))
    assert response.status_code == 413
    assert "1 megapixels" in response.json()["detail"]


def test_a_budget_releases_what_a_request_has_reserved():
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
