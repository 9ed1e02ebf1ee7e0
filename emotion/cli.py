"""The console command `emotion`; each subcommand is also `python -m emotion.<name>`."""

import argparse
import sys
from collections.abc import Callable

from emotion.core.commands import FAILED, run_command
from emotion.core.version import __version__


def _predict(arguments: list[str]) -> int:
    from emotion.predict import main

    return main(arguments)


def _serve(arguments: list[str]) -> int:
    from emotion.serve import main

    return main(arguments)


def _audit(arguments: list[str]) -> int:
    from emotion.audit import main

    return main(arguments)


def _compare(arguments: list[str]) -> int:
    from emotion.compare import main

    return main(arguments)


def _evaluate(arguments: list[str]) -> int:
    from emotion.evaluate import main

    return main(arguments)


def _backbones(arguments: list[str]) -> int:
    from emotion.backbones import main

    return main(arguments)


def _soup(arguments: list[str]) -> int:
    from emotion.soup import main

    return main(arguments)


def _verify(arguments: list[str]) -> int:
    from emotion.verify import main

    return main(arguments)


# Each imports its packages when it is called: prediction is installed without those of the audit.
COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "predict": (_predict, "classify images with a trained model"),
    "serve": (_serve, "answer over HTTP with a trained model"),
    "evaluate": (_evaluate, "report on a trained model and a corpus of your own"),
    "compare": (_compare, "tell whether two revisions differ by more than chance"),
    "backbones": (_backbones, "list the pretrained backbones that can be had now"),
    "soup": (_soup, "average the weights of several runs into one network"),
    "verify": (_verify, "run the committed pipeline again and compare every output"),
    "audit": (_audit, "report what leaks across an existing train/val/test split"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        return run_command(COMMANDS[arguments[0]][0], arguments[1:])
    summary = "\n".join(f"  {name:<9} {text}" for name, (_, text) in COMMANDS.items())
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


if __name__ == "__main__":
    sys.exit(main())
