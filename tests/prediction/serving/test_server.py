"""A real server keeps running with clients that are slow, malformed or many."""

import contextlib
import http.client
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from emotion.prediction.serving import deadlines, limits
from tests.prediction.serving.conftest import GREEN

pytestmark = pytest.mark.slow


def status_of(address):
    connection = http.client.HTTPConnection(*address, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", "/predict", GREEN)
        return connection.getresponse().status


def received(address, data):
    """What the server sends in response to bytes, until it closes the connection."""
    with socket.create_connection(address, timeout=20) as client:
        client.sendall(data)
        parts = []
        while part := client.recv(65536):
            parts.append(part)
        return b"".join(parts)


@pytest.mark.parametrize(
    "data", [b"", b"POST /predict HTT", b"GET /health HTTP/1.1\r\nHost: a\r\n"]
)
def test_a_connection_without_a_complete_request_is_closed(address, data, monkeypatch):
    monkeypatch.setattr(deadlines, "HEADER_SECONDS", 0.3)
    assert received(address, data) == b""
    assert status_of(address) == 200


def test_a_second_request_that_does_not_come_is_not_waited_for(address, monkeypatch):
    monkeypatch.setattr(deadlines, "HEADER_SECONDS", 0.3)
    response = received(address, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /hea")
    assert response.startswith(b"HTTP/1.1 200")
    assert response.count(b"HTTP/1.1") == 1


def test_a_body_that_comes_too_slowly_is_408(address, monkeypatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.3)
    head = (
        b"POST /predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100\r\n\r\nabc"
    )
    assert received(address, head).startswith(b"HTTP/1.1 408")
    assert status_of(address) == 200


def test_a_client_that_leaves_and_one_that_sends_no_http_do_no_harm(address):
    with socket.create_connection(address) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc")
    assert received(address, b"\x16\x03\x01 not HTTP\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert status_of(address) == 200


def test_many_clients_at_once_are_served(address):
    with ThreadPoolExecutor(100) as pool:
        statuses = list(pool.map(status_of, [address] * 100))
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 50
