"""A server on this machine in the place of the Hugging Face Hub, with one answer to everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import huggingface_hub
import pytest


class Server(ThreadingHTTPServer):
    """A server that says nothing of clients that have gone away, in the output of other tests."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def hub_that_answers(status: int, body: bytes = b"{}", seconds: float = 0.0) -> Iterator[str]:
    """Yield the address of a server, which the client takes for the Hub.

    Args:
        status: of every answer; HEAD, the first request, is always answered with 200 if `seconds`
            are given.
        body: of every answer.
        seconds: to wait before an answer that has a body.
    """

    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200 if seconds else status)
            self.end_headers()

        def do_POST(self) -> None:
            ended.wait(seconds)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    with server, hub_at(server.server_port) as endpoint:
        try:
            yield endpoint
        finally:
            ended.set()
            server.shutdown()


@contextmanager
def hub_at(port: int) -> Iterator[str]:
    """Let the client take a port of this machine for the Hub; the suite's offline mode is off."""
    endpoint = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        huggingface_hub.close_session()
        yield endpoint
    huggingface_hub.close_session()
