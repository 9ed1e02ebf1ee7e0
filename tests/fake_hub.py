"""Servers on this machine in the place of the Hugging Face Hub."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import huggingface_hub
import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Server(ThreadingHTTPServer):
    """A server that prints nothing about closed connections, in the output of other tests."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hub_at(port: int) -> Iterator[str]:
    """The client takes a port of this machine for the Hub; the suite's offline mode is off."""
    endpoint = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        template = f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"  # fixed at import
        patch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        huggingface_hub.close_session()
        yield endpoint
    huggingface_hub.close_session()


@contextmanager
def serving(handler: type[Handler]) -> Iterator[str]:
    server = Server(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    with server, hub_at(server.server_port) as endpoint:
        try:
            yield endpoint
        finally:
            server.shutdown()


@contextmanager
def hub_that_answers(status: int, body: bytes = b"{}", seconds: float = 0.0) -> Iterator[str]:
    """Yield the address of a server, which the client takes for the Hub.

    Args:
        status: of every response; with `seconds`, HEAD, the first request, gets 200.
        body: of every response.
        seconds: to wait before a response that has a body.
    """
    ended = Event()

    class Fixed(Handler):
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

    with serving(Fixed) as endpoint:
        try:
            yield endpoint
        finally:
            ended.set()


@contextmanager
def hub_with(
    files: dict[str, bytes],
    cache: Path,
    status: int = 200,
    code: str = "",
    cuts: int = 0,
) -> Iterator[list[str]]:
    """Yield the requests that a Hub with one repository gets; it has the API for files.

    Args:
        files: `owner/name/file` and its content, the same at `main` and at COMMIT.
        cache: of the client.
        status: of every response, if not 200.
        code: the header in which the Hub gives the reason of `status`.
        cuts: downloads that are truncated before one is not.
    """
    requests: list[str] = []
    left = [cuts]

    class Files(Handler):
        def do_GET(self) -> None:
            requests.append(f"{self.command} {self.path}")
            repository, _, place = self.path[1:].partition("/resolve/")
            revision, _, name = place.partition("/")
            body = files.get(f"{repository}/{name}", b"")
            problem = code
            if status == 200 and not any(key.startswith(f"{repository}/") for key in files):
                problem = "RepoNotFound"
            elif status == 200 and revision not in ("main", COMMIT):
                problem = "RevisionNotFound"
            elif status == 200 and f"{repository}/{name}" not in files:
                problem = "EntryNotFound"
            self.send_response(status if status != 200 or not problem else 404)
            if problem:
                self.send_header("X-Error-Code", problem)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if left[0] > 0 and len(body) > 10_000:
                left[0] -= 1
                body = body[: len(body) // 2]
                self.close_connection = True
            self.wfile.write(body)

        do_HEAD = do_POST = do_GET  # noqa: N815

    with serving(Files), pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        yield requests
