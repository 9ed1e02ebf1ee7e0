"""Serve a trained model over HTTP, on this machine only unless told otherwise.

    emotion serve --model models/model.onnx
    curl -F images=@a.jpg -F images=@b.jpg 'http://127.0.0.1:8000/predict?detect=true'

Nothing is written, nothing is sent elsewhere, and nobody is asked for a password: put a proxy with
TLS and authentication before it if others are to reach it, and name it with --allow-host and
--allow-origin. Exit status: 0 ended, 2 it cannot start.
"""

import argparse
import contextlib
import logging
import socket
import sys

from emotion.cli.commands import (
    FAILED,
    add_model_option,
    positive_number,
    run_command,
    whole_number,
)
from emotion.core.errors import UserError
from emotion.core.memory import return_freed_memory

CONNECTIONS = 1000  # further ones are answered with 503


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = build_parser().parse_args(arguments)
    # Not at the top: `--help` should not wait for them.
    try:
        import uvicorn

        from emotion.prediction.serving.access import guard, is_loopback
        from emotion.prediction.serving.app import create_app
        from emotion.prediction.serving.deadlines import Connections, Deadline, timed_protocol
        from emotion.prediction.serving.limits import Limits
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed; `pip install 'emotion-pipeline[serve]'`.",
            file=sys.stderr,
        )
        return FAILED
    from emotion.prediction.predictor import Predictor

    return_freed_memory()
    limits = Limits(megabytes=options.max_megabytes, megapixels=options.max_megapixels)
    try:
        predictor = Predictor.load(options.model, threads=1, max_pixels=limits.pixels)
        listening = _listen(options.host, options.port)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    if not is_loopback(options.host):
        print(
            f"warning: whoever reaches {options.host} can use the model: there is no password",
            file=sys.stderr,
        )
    app, connections = create_app(predictor, limits), Connections()
    guard(app, options.host, options.allow_host, options.allow_origin)
    logging.getLogger("uvicorn.error").addFilter(_is_of_use)
    config = uvicorn.Config(
        Deadline(app, connections),
        http=timed_protocol(connections),
        ws="none",
        limit_concurrency=CONNECTIONS,
        proxy_headers=False,  # they would change the address by which connections are told apart
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    if not options.quiet:
        host = f"[{options.host}]" if ":" in options.host else options.host
        print(f"http://{host}:{listening.getsockname()[1]}/docs describes it; Ctrl-C ends it")
    with listening, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens; uvicorn itself reports a port that is taken after it has started.

    Raises:
        UserError: the address is not of this machine, or the port is taken or not permitted.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name of 64 characters or more
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a machine"
        raise UserError(
            f"--host {host} --port {port} cannot be listened on ({reason}); give an address of "
            "this machine and a free port."
        ) from None


def _is_of_use(record: logging.LogRecord) -> bool:
    """Leave out uvicorn's advice to install what the service does not need."""
    return "WebSocket" not in record.getMessage()


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="emotion serve",
        description="Serve a trained model over HTTP; /docs describes the requests.",
    )
    add = parser.add_argument
    add_model_option(parser)
    add(
        "--host",
        type=_address,
        default="127.0.0.1",
        help="address to listen on (default: %(default)s)",
    )
    add(
        "--port",
        type=whole_number(0, 65_535),
        default=8000,
        help="0 for any free one (default: %(default)s)",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this service, such as that of a proxy before it; may be repeated",
    )
    add(
        "--allow-origin",
        action="append",
        default=[],
        metavar="URL",
        help="web pages that may send requests, such as https://example.org; may be repeated",
    )
    add(
        "--max-megabytes",
        type=positive_number,
        default=20.0,
        help="of a request (default: %(default)s)",
    )
    add(
        "--max-megapixels",
        type=positive_number,
        default=25.0,
        help="of an image (default: %(default)s); twice that of a request",
    )
    add("--quiet", action="store_true", help="print errors only")
    return parser


def _address(text: str) -> str:
    if not text.strip():  # a variable of a script that is not set; it would mean every address
        raise argparse.ArgumentTypeError("it is empty; give 127.0.0.1, or 0.0.0.0 for all")
    return text.strip().strip("[]")


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
