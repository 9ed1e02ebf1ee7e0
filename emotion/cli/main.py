"""The console command `emotion`; each subcommand is also `python -m emotion.cli.<name>`."""

import argparse
import sys
from functools import partial
from importlib import import_module

from emotion.cli.commands import FAILED, run_command
from emotion.core.version import __version__

# A module of this package each, imported when it is called: prediction is installed without the
# packages that the others need.
COMMANDS = {
    "predict": "classify images with a trained model",
    "serve": "answer over HTTP with a trained model",
    "evaluate": "report on a trained model and a corpus of your own",
    "compare": "tell whether two revisions differ by more than chance",
    "backbones": "list the pretrained backbones that can be had now",
    "soup": "average the weights of several runs into one network",
    "verify": "run the committed pipeline again and compare every output",
    "audit": "report what leaks across an existing train/val/test split",
}


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        return run_command(partial(_run, arguments[0]), arguments[1:])
    summary = "\n".join(f"  {name:<9} {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="emotion",
        description="Facial-emotion classification.",
        epilog=f"commands:\n{summary}\n\n`emotion COMMAND --help` describes each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"emotion {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=" or ".join(COMMANDS))
    parser.parse_args(arguments[:1])
    return FAILED


def _run(name: str, arguments: list[str]) -> int:
    status: int = import_module(f"emotion.cli.{name}").main(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
