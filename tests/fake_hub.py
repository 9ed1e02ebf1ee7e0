"""Servers on this machine in the place of the Hugging Face Hub."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
        template = f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"  # fixed at import
        patch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        huggingface_hub.close_session()
        yield endpoint
    huggingface_hub.close_session()


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub_with(
    files: dict[str, bytes],
    cache: Path,
    status: int = 200,
    code: str = "",
    cuts: int = 0,
) -> Iterator[list[str]]:
    """Yield the requests that a Hub with one repository gets; it speaks the API of its files.

    Args:
        files: `owner/name/file` and its content, the same at `main` and at COMMIT.
        cache: of the client.
        status: of every answer, if not 200.
        code: the header by which the Hub tells what `status` means.
        cuts: downloads that end in the middle before one does not.
    """
    requests: list[str] = []
    left = [cuts]

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
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
            if with_body and left[0] > 0 and len(body) > 10_000:
                left[0] -= 1
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            elif with_body:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    with server, hub_at(server.server_port), pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        try:
            yield requests
        finally:
            server.shutdown()
