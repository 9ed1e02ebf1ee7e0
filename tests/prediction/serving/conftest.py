"""The service with a tiny model that predicts the brightest color channel."""

import contextlib
import io
import socket
import threading
import time

import pytest
import uvicorn
from PIL import Image
from starlette.testclient import TestClient

from emotion.prediction.predictor import Predictor
from emotion.prediction.serving.access import guard
from emotion.prediction.serving.app import create_app
from emotion.prediction.serving.deadlines import TimedProtocol
from emotion.prediction.serving.limits import Limits

LIMITS = Limits(bytes=1_000_000, pixels=500_000)


def image_bytes(color, size=(40, 40), kind="PNG"):
    image, file = Image.new("RGB", size, color), io.BytesIO()
    image.putpixel((0, 0), (90, 90, 90))  # a blank image is refused
    image.save(file, kind)
    return file.getvalue()


RED, GREEN, BLUE = (image_bytes(c) for c in ((220, 0, 0), (0, 220, 0), (0, 0, 220)))


@pytest.fixture
def app(onnx_file):
    return create_app(Predictor.load(onnx_file, threads=1, max_pixels=LIMITS.pixels), LIMITS)


@pytest.fixture
def client(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture
def address(app):
    """A real server on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    guard(app, "127.0.0.1", ["a"], [])  # the Host header of the tests
    config = uvicorn.Config(app, http=TimedProtocol, ws="none", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()
    server.should_exit = True
    thread.join(timeout=10)
    with contextlib.suppress(OSError):
        listening.close()
