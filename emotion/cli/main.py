"""The console command `emotion`; each subcommand is also `python -m emotion.cli.<name>`."""

import argparse
import sys
from functools import partial
from importlib import import_module

from emotion.cli.commands import FAILED, run_command
from emotion.core.version import __version__

# Modules of this package, with their help. Each is imported when it is called: prediction can be
# installed without the packages of the others.
COMMANDS = {
    "predict": "classify images with a trained model",
    "serve": "serve a trained model over HTTP",
    "evaluate": "evaluate a trained model on a dataset of your own",
    "compare": "test whether two revisions differ by more than chance",
    "backbones": "list the pretrained backbones that are available on this machine",
    "recipe": "write a recipe, a set of values with a measured result, into params.yaml",
    "soup": "average the weights of several runs into one network",
    "verify": "run the committed pipeline again and compare every output",
    "audit": "report leaks across an existing train/val/test split",
}


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        return run_command(partial(_run, arguments[0]), arguments[1:])
    commands = "\n".join(f"  {name:<10}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="emotion",
        usage="%(prog)s [-h] [--version] COMMAND ...",
        description="Facial-emotion classification.",
        epilog=f"commands:\n{commands}\n\n`emotion COMMAND --help` shows its options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"emotion {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    parser.parse_args(arguments[:1])
    return FAILED


def _run(name: str, arguments: list[str]) -> int:
    status: int = import_module(f"emotion.cli.{name}").main(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
