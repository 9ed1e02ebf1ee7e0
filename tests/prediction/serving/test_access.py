"""Requests of programs and of the service's own page are served, those of other pages refused."""

import pytest
from starlette.testclient import TestClient

from emotion.prediction.predictor import Predictor
from emotion.prediction.serving.access import guard, is_loopback
from emotion.prediction.serving.app import create_app
from tests.prediction.serving.conftest import GREEN, LIMITS


@pytest.fixture
def client_of(onnx_file):
    def make(host="127.0.0.1", hosts=(), origins=(), name="127.0.0.1:8000"):
        app = create_app(Predictor.load(onnx_file, threads=1), LIMITS)
        guard(app, host, hosts, origins)
        return TestClient(app, base_url=f"http://{name}")

    return make


def post(client, origin=None):
    headers = {"Origin": origin} if origin else {}
    return client.post("/predict", content=GREEN, headers=headers)


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"])
def test_names_of_this_machine_are_served(client_of, name):
    with client_of(name=name) as client:
        assert post(client).status_code == 200
        assert post(client, f"http://{name}").status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1:8000"])
def test_another_name_of_this_address_is_refused(client_of, name):
    """A page of evil.example could otherwise read the responses (DNS rebinding)."""
    with client_of(name=name) as client:
        assert client.get("/version").status_code == 400
        assert post(client).status_code == 400
    with client_of(name=name, hosts=[name.partition(":")[0]]) as client:
        assert client.get("/version").status_code == 200


@pytest.mark.parametrize("host", ["", "a b", "[::1", "127.0.0.1, evil.example"])
def test_an_invalid_host_is_refused(client_of, host):
    with client_of() as client:
        assert client.get("/version", headers={"Host": host}).status_code == 400


ORIGINS = ("https://evil.example", "null", "http://127.0.0.1:9999", "http://127.0.0.1")
ORIGINS += ("file://", "x", "http://[")


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_another_origin_is_refused(client_of, origin):
    with client_of() as client:
        response = post(client, origin)
        assert response.status_code == 403
        assert "--allow-origin" in response.json()["detail"]


def test_an_allowed_origin_may_send_and_read(client_of):
    origin = "https://faces.example"
    with client_of(origins=[origin]) as client:
        response = post(client, origin)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == origin
        # What a browser demands before it sends cookies or a password of the proxy.
        asked = {"Method": "POST", "Headers": "authorization, content-type"}
        headers = {f"Access-Control-Request-{name}": text for name, text in asked.items()}
        allowed = client.options("/predict", headers={"Origin": origin, **headers})
        assert allowed.status_code == 200
        for preflight_or_response in (allowed, response):
            assert preflight_or_response.headers["access-control-allow-credentials"] == "true"
            assert preflight_or_response.headers["access-control-allow-origin"] == origin
        assert post(client, "https://evil.example").status_code == 403


def test_on_all_addresses_every_name_is_served_but_not_every_page(client_of):
    with client_of(host="0.0.0.0", name="faces.lan:8000") as client:
        assert client.get("/version").status_code == 200
        assert post(client, "https://a.example").status_code == 403


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [("0.0.0.0", False), ("::", False), ("192.0.2.1", False), ("example.org", False)],
)
def test_loopback_addresses_are_recognized(host, expected):
    assert is_loopback(host) == expected
