"""List the pretrained backbones that can be had on this machine right now.

    emotion backbones              packages, your own folder, the cache of the Hub
    emotion backbones 'vit_*'      and those of the Hub that match, if it answers
    python -m emotion.cli.backbones    the same

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
from emotion.models.sources.catalog import Offer, list_hub, list_local, names_on_hub

OWN_WEIGHTS = Path("data/weights")
HEADER = ("model_type", "source", "parameters", "MB", "license of the weights")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="emotion backbones",
        description="List the pretrained backbones that can be had on this machine.",
    )
    parser.add_argument(
        "pattern", nargs="?", metavar="PATTERN", help="also names of the Hub, such as 'vit_*'"
    )
    options = parser.parse_args(arguments)
    offers, problem = list(list_local(OWN_WEIGHTS)), find_hub_problem()
    if options.pattern and not problem:
        local = {offer.model_type for offer in offers}
        found = tqdm(list_hub(options.pattern), desc="ask", unit="model", leave=False)
        offers += [offer for offer in found if offer.model_type not in local]
    print(format_offers([offer for offer in offers if not offer.problem]))
    for offer in (offer for offer in offers if offer.problem):
        print(f"not now: {printable(offer.model_type)} ({printable(offer.problem)})")
    names = f"{len(names_on_hub()):,} names of timm"
    if problem:
        print(f"The Hugging Face Hub does not answer ({problem}); it has {names}.")
    elif not options.pattern:
        print(f"The Hugging Face Hub has {names}: `emotion backbones 'resnet*'` lists the matches.")
    return 0


def format_offers(offers: Iterable[Offer]) -> str:
    """A table with one line per backbone."""
    rows: list[tuple[str, ...]] = [HEADER]
    for offer in offers:
        size = f"{offer.parameters / 1e6:.1f} M", f"{offer.megabytes:.0f}"
        rows.append((offer.model_type, offer.source, *size, offer.license))
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        f"{name:<{widths[0]}}  {source:<{widths[1]}}  {count:>{widths[2]}}  {size:>{widths[3]}}  "
        f"{license}"
        for name, source, count, size, license in rows
    )


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
