"""Serve a trained model over HTTP, on this machine only unless told otherwise.

    emotion serve --model models/model.onnx
    curl -F images=@a.jpg -F images=@b.jpg 'http://127.0.0.1:8000/predict?detect=true'

Nothing is written, nothing is sent elsewhere, and nobody is asked for a password: put a proxy with
TLS and authentication before it if others are to reach it.
"""

import argparse
import sys

from emotion.core.commands import FAILED, add_model_option, positive_number, run_command
from emotion.core.errors import UserError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONNECTIONS = 1000  # further ones are answered with 503


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = build_parser().parse_args(arguments)
    # Not at the top: `--help` should not wait for them.
    try:
        import uvicorn

        from emotion.serving.app import create_app
        from emotion.serving.limits import Limits
        from emotion.serving.protocol import ImpatientProtocol
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed; `pip install 'emotion-pipeline[serve]'`.",
            file=sys.stderr,
        )
        return FAILED
    from emotion.prediction.predictor import Predictor

    limits = Limits(megabytes=options.max_megabytes, megapixels=options.max_megapixels)
    try:
        predictor = Predictor.load(options.model, threads=1, max_pixels=limits.pixels)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    if options.host not in LOOPBACK:
        print(
            f"warning: whoever reaches {options.host} can use the model: there is no password",
            file=sys.stderr,
        )
    uvicorn.run(
        create_app(predictor, limits),
        host=options.host,
        port=options.port,
        http=ImpatientProtocol,
        ws="none",
        limit_concurrency=CONNECTIONS,
        access_log=False,
        server_header=False,
        log_level="warning" if options.quiet else "info",
    )
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="emotion serve",
        description="Serve a trained model over HTTP; /docs describes the requests.",
    )
    add = parser.add_argument
    add_model_option(parser)
    add("--host", default=LOOPBACK[0], help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=8000, help="default: %(default)s")
    add(
        "--max-megabytes",
        type=positive_number,
        default=20.0,
        help="of a request (default: %(default)s)",
    )
    add(
        "--max-megapixels",
        type=positive_number,
        default=50.0,
        help="of an image (default: %(default)s)",
    )
    add("--quiet", action="store_true", help="print errors only")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
