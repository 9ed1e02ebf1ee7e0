"""List the pretrained backbones that are available on this machine.

    emotion backbones              packages, your own folder, the cache of the Hub
    emotion backbones 'vit_*'      and those of the Hub that match, if it is reachable

Write a name into params.yaml, or into `dvc exp run -S model_type=NAME`. Exit status: 0; 2 on wrong
arguments.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

import emotion.models  # noqa: F401, first: it prepares torchvision for timm
from emotion.cli.commands import run_command
from emotion.core.hub_client import find_hub_problem
from emotion.core.text import printable
from emotion.models.sources.catalog import AvailableBackbone, list_hub, list_local, names_on_hub

OWN_WEIGHTS = Path("data/weights")
HEADER = ("model_type", "source", "parameters", "MB", "license of the weights")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    description = "List the pretrained backbones that are available on this machine."
    parser = argparse.ArgumentParser(prog="emotion backbones", description=description)
    explained = "also names of the Hub, such as 'vit_*'"
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help=explained)
    options = parser.parse_args(arguments)
    found, problem = list(list_local(OWN_WEIGHTS)), find_hub_problem()
    if options.pattern and not problem:
        local = {backbone.model_type for backbone in found}
        on_hub = tqdm(list_hub(options.pattern), desc="query", unit="model", leave=False)
        found += [backbone for backbone in on_hub if backbone.model_type not in local]
    print(format_table([backbone for backbone in found if not backbone.problem]))
    for backbone in (backbone for backbone in found if backbone.problem):
        print(f"unavailable: {printable(backbone.model_type)} ({printable(backbone.problem)})")
    names = f"{len(names_on_hub()):,} names of timm"
    if problem:
        print(f"The Hugging Face Hub is not reachable ({problem}); it has {names}.")
    elif not options.pattern:
        print(f"The Hugging Face Hub has {names}: `emotion backbones 'resnet*'` lists the matches.")
    return 0


def format_table(backbones: Iterable[AvailableBackbone]) -> str:
    """A table with one line per backbone."""
    rows: list[tuple[str, ...]] = [HEADER]
    for backbone in backbones:
        numbers = f"{backbone.parameters / 1e6:.1f} M", f"{backbone.megabytes:.0f}"
        rows.append((backbone.model_type, backbone.source, *numbers, backbone.license))
    rows = [tuple(map(printable, row)) for row in rows]
    name, source, count, size, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    layout = f"{{:<{name}}}  {{:<{source}}}  {{:>{count}}}  {{:>{size}}}  {{}}"
    return "\n".join(layout.format(*row) for row in rows)


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
