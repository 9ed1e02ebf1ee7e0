"""The Hub's client never waits for ever, and a Hub that is of no use is found out in seconds."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest

from emotion.core import hub_client


@pytest.fixture
def endpoint(monkeypatch):
    """Set the address of the Hub; offline mode, which the whole suite has, is off."""

    def use(port):
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    yield use
    huggingface_hub.close_session()


@pytest.fixture
def answer(endpoint):
    """Start a Hub that answers every request with one status."""
    servers = []

    def start(status):
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        endpoint(server.server_port)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (200, ""),
        (401, ""),
        (404, ""),
        (429, "status 429"),
        (500, "status 500"),
        (503, "status 503"),
    ],
)
def test_a_hub_that_is_overloaded_is_not_used(answer, status, problem):
    answer(status)
    assert hub_client.find_hub_problem() == problem


def test_a_closed_port_is_a_problem(endpoint):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint(unused.getsockname()[1])
        assert hub_client.find_hub_problem() == "ConnectError"


def test_a_hub_that_accepts_and_never_answers_is_not_waited_for(endpoint, monkeypatch):
    monkeypatch.setattr(hub_client, "FIRST_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint(server.getsockname()[1])
        started = time.monotonic()
        assert hub_client.find_hub_problem() == "ReadTimeout"
        assert time.monotonic() - started < 5


def test_every_request_of_the_client_has_a_time_limit():
    hub_client.limit_waiting()
    timeout = huggingface_hub.utils.get_session().timeout
    assert timeout.connect == timeout.read == timeout.write == timeout.pool == hub_client.SECONDS
