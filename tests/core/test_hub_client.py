"""The Hub's client never waits for ever, and a Hub that is of no use is found out in seconds."""

import socket
import time

import huggingface_hub
import pytest

from emotion.core import hub_client
from tests.fake_hub import hub_at, hub_that_answers


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
def test_a_hub_that_is_overloaded_is_not_used(status, problem):
    with hub_that_answers(status):
        assert hub_client.find_hub_problem() == problem


def test_a_closed_port_is_a_problem():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with hub_at(unused.getsockname()[1]):
            assert hub_client.find_hub_problem() == "ConnectError"


def test_a_hub_that_accepts_and_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(hub_client, "FIRST_RESPONSE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server, hub_at(server.getsockname()[1]):
        started = time.monotonic()
        assert hub_client.find_hub_problem() == "ReadTimeout"
        assert time.monotonic() - started < 5


def test_every_request_of_the_client_has_a_time_limit():
    hub_client.set_timeouts()
    timeout = huggingface_hub.utils.get_session().timeout
    assert timeout.connect == timeout.read == timeout.write == timeout.pool == hub_client.SECONDS
