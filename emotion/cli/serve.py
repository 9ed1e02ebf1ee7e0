"""Serve a trained model over HTTP, by default on this machine only.

    emotion serve --model models/model.onnx
    curl -F images=@a.jpg -F images=@b.jpg 'http://127.0.0.1:8000/predict?detect=true'

No file is written, no data is sent elsewhere, and there is no password: if others are to reach the
service, put a proxy with TLS and authentication in front, and name it with --allow-host and
--allow-origin. Exit status: 0 ended, 2 it cannot start.
"""

import argparse
import contextlib
import logging
import re
import socket
import sys
from typing import TYPE_CHECKING

from emotion.cli.commands import add_model_option, positive_number, run_command, whole_number
from emotion.core.errors import UserError
from emotion.core.memory import return_freed_memory
from emotion.core.text import printable

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

CONNECTIONS = 1000  # further ones get 503
_PORTS = {"http": ":80", "https": ":443"}


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = build_parser().parse_args(arguments)
    # Not at the top: `--help` should not wait for them.
    import uvicorn

    from emotion.prediction.predictor import Predictor
    from emotion.prediction.serving.access import guard, is_loopback
    from emotion.prediction.serving.app import create_app
    from emotion.prediction.serving.limits import Limits

    return_freed_memory()
    megabytes, megapixels = options.max_megabytes, options.max_megapixels
    limits = Limits(bytes=int(megabytes * 1e6), pixels=int(megapixels * 1e6))
    predictor = Predictor.load(options.model, threads=1, max_pixels=limits.pixels)
    listening = _listen(options.host, options.port)
    if not is_loopback(options.host):
        warning = f"anyone who reaches {options.host} can use the model: there is no password"
        print(f"warning: {warning}", file=sys.stderr)
    app = create_app(predictor, limits)
    guard(app, options.host, options.allow_host, options.allow_origin)
    if not options.quiet:
        host = f"[{options.host}]" if ":" in options.host else options.host
        print(f"http://{host}:{listening.getsockname()[1]}/docs describes it; Ctrl-C ends it")
    with listening, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(_configure(app)).run(sockets=[listening])
    return 0


def _configure(app: "ASGIApp") -> "uvicorn.Config":
    """Settings of uvicorn, with a timer for each connection."""
    import uvicorn

    from emotion.prediction.serving.deadlines import TimedProtocol

    logging.getLogger("uvicorn.error").addFilter(_is_relevant)
    return uvicorn.Config(
        app,
        http=TimedProtocol,
        ws="none",
        limit_concurrency=CONNECTIONS,
        proxy_headers=False,  # nothing depends on the address of the client
        access_log=False,
        server_header=False,
        log_level="warning",
    )


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; uvicorn itself would report a port in use only after its start.

    Raises:
        UserError: the address is not of this machine, or the port is in use or not permitted.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name of 64 characters or more
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        problem = f"cannot listen on --host {host} --port {port} ({reason})"
        hint = "give an address of this machine and a free port"
        raise UserError(problem, hint, key="--host") from None


def _is_relevant(record: logging.LogRecord) -> bool:
    """Drop uvicorn's advice to install a package for WebSockets, which the service does not use."""
    return "WebSocket" not in record.getMessage()


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    description = "Serve a trained model over HTTP; /docs describes the requests."
    parser = argparse.ArgumentParser(prog="emotion serve", description=description)
    add = parser.add_argument
    add_model_option(parser)
    add("--host", type=_address, default="127.0.0.1", help="to listen on (default: %(default)s)")
    explained = "to listen on; 0 for any free one (default: %(default)s)"
    add("--port", type=whole_number(0, 65_535), default=8000, help=explained)
    explained = "a host name of this service, such as that of its proxy; may be repeated"
    add("--allow-host", type=_name, action="append", default=[], metavar="NAME", help=explained)
    explained = "origin whose pages may send requests, as https://example.org; may be repeated"
    add("--allow-origin", type=_origin, action="append", default=[], metavar="URL", help=explained)
    explained = "largest size of a request (default: %(default)s)"
    add("--max-megabytes", type=positive_number, default=20.0, metavar="N", help=explained)
    explained = "largest size of an image (default: %(default)s); a request may have twice that"
    add("--max-megapixels", type=positive_number, default=25.0, metavar="N", help=explained)
    add("--quiet", action="store_true", help="print errors only")
    return parser


def _address(text: str) -> str:
    if not text.strip():  # an unset variable of a script; it would mean every address
        raise argparse.ArgumentTypeError("it is empty; give 127.0.0.1, or 0.0.0.0 for all")
    return text.strip().strip("[]")


def _name(text: str) -> str:
    """What a Host header is compared with, without a port; `*.example.org` is a pattern."""
    if not re.fullmatch(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\]", text.lower(), re.ASCII):
        problem = f"{printable(text)!r} is no host name; give one as faces.example.org"
        raise argparse.ArgumentTypeError(f"{problem}, without scheme and port")
    return text.lower()


def _origin(text: str) -> str:
    """What an Origin header is compared with: browsers leave out the port of the scheme."""
    found = re.fullmatch(r"(https?)://([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?/?", text.lower(), re.ASCII)
    if not found:
        problem = f"{printable(text)!r} is no origin; give scheme and host"
        raise argparse.ArgumentTypeError(f"{problem}, as https://example.org")
    scheme, host, port = found.groups(default="")
    return f"{scheme}://{host}{'' if port == _PORTS[scheme] else port}"


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
