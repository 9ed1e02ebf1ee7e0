"""Requests come from programs and from the service's own page, not from pages of other sites."""

import pytest
from starlette.testclient import TestClient

from emotion.prediction.predictor import Predictor
from emotion.prediction.serving.access import guard, is_loopback
from emotion.prediction.serving.app import create_app
from tests.prediction.serving.conftest import GREEN, LIMITS


def client_of(onnx_file, host="127.0.0.1", hosts=(), origins=(), name="127.0.0.1:8000"):
    app = create_app(Predictor.load(onnx_file, threads=1), LIMITS)
    guard(app, host, hosts, origins)
    return TestClient(app, base_url=f"http://{name}")


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"])
def test_this_machine_is_asked_under_its_own_names(onnx_file, name):
    with client_of(onnx_file, name=name) as client:
        assert client.post("/predict", content=GREEN).status_code == 200
        own = {"Origin": f"http://{name}"}
        assert client.post("/predict", content=GREEN, headers=own).status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1:8000"])
def test_another_name_that_leads_here_is_refused(onnx_file, name):
    """A page of evil.example could otherwise read the answers (DNS rebinding)."""
    with client_of(onnx_file, name=name) as client:
        assert client.get("/version").status_code == 400
        assert client.post("/predict", content=GREEN).status_code == 400
    with client_of(onnx_file, name=name, hosts=[name.partition(":")[0]]) as client:
        assert client.get("/version").status_code == 200


@pytest.mark.parametrize("host", ["", "a b", "[::1", "127.0.0.1, evil.example"])
def test_a_host_that_is_none_is_refused(onnx_file, host):
    with client_of(onnx_file) as client:
        assert client.get("/version", headers={"Host": host}).status_code == 400


ORIGINS = [
    "https://evil.example",
    "null",
    "http://127.0.0.1:9999",
    "http://127.0.0.1",
    "file://",
    "x",
    "http://[",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_another_origin_is_refused(onnx_file, origin):
    with client_of(onnx_file) as client:
        response = client.post("/predict", content=GREEN, headers={"Origin": origin})
        assert response.status_code == 403
        assert "--allow-origin" in response.json()["detail"]


def test_an_allowed_origin_may_send_and_read(onnx_file):
    origin = "https://faces.example"
    with client_of(onnx_file, origins=[origin]) as client:
        response = client.post("/predict", content=GREEN, headers={"Origin": origin})
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == origin
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert client.options("/predict", headers=headers).status_code == 200
        other = client.post("/predict", content=GREEN, headers={"Origin": "https://evil.example"})
        assert other.status_code == 403


def test_on_all_addresses_every_name_is_right_but_not_every_page(onnx_file):
    with client_of(onnx_file, host="0.0.0.0", name="faces.lan:8000") as client:
        assert client.get("/version").status_code == 200
        assert client.post("/predict", headers={"Origin": "https://a.example"}).status_code == 403


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [("0.0.0.0", False), ("::", False), ("192.0.2.1", False), ("example.org", False)],
)
def test_what_only_this_machine_reaches(host, expected):
    assert is_loopback(host) == expected


def test_the_root_leads_to_the_page_that_describes_the_service(onnx_file):
    with client_of(onnx_file) as client:
        response = client.get("/", follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (307, "docs")
        assert "POST" in client.get("/").text
