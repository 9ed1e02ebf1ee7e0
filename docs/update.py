"""Write the results in README.md and docs/ from the files that hold them.

Run     python -m docs.update             after `dvc repro` or a benchmark
        python -m docs.update --record    first repeats the commands of docs/recorded/, which need
                                          the experiments that they name
Reads   metrics/, benchmarks/results/, docs/recorded/; plots/ and models/ where they exist
Writes  the text between `<!-- begin: NAME -->` and `<!-- end -->` in README.md and docs/*.md, and
        the pictures that are copies of figures

docs/blocks.py has a function for each NAME. A test checks that running this changes nothing.
"""

import argparse
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from docs.blocks import BLOCKS
from docs.committed_run import RECORDED, read_session
from emotion.core import files
from emotion.data.images import encode_image

BLOCK = re.compile(r"(?<=<!-- begin: )(\w+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
FIGURES = Path("plots/explain/figures")  # in the DVC cache
PICTURES = {  # a copy, its figure and its width in pixels
    Path("docs/explanations.png"): (FIGURES / "overview.png", 1200),
    Path("docs/mistakes.png"): (FIGURES / "mistakes.png", 1000),
}


def main() -> None:
    """Rewrite what is out of date, and name it."""
    parser = argparse.ArgumentParser(description="Write the results in README.md and docs/.")
    parser.add_argument("--record", action="store_true", help="repeat the recorded commands first")
    if parser.parse_args().record:
        for path in sorted(RECORDED.glob("*.txt")):
            record(path)
    for path, content in outdated():
        files.write_bytes(path, content)
        print(f"{path}: updated")


def outdated() -> Iterator[tuple[Path, bytes]]:
    """The files that disagree with the results, with the content that they should have."""
    for path in [Path("README.md"), *sorted(Path("docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        if (updated := update(text)) != text:
            yield path, updated.encode()
    for path, (figure, width) in PICTURES.items():
        if not figure.exists():
            continue
        picture = shrink(figure, width)
        if not np.array_equal(picture, Image.open(path)):
            yield path, encode_image(picture, "PNG", optimize=True)


def update(text: str) -> str:
    """The text with the present content of its blocks; a block without its source is kept."""

    def rewrite(block: re.Match[str]) -> str:
        name, between, old = block.groups()
        new = BLOCKS[name]()
        return f"{name}{between}{old if new is None else new + chr(10)}"

    return BLOCK.sub(rewrite, text)


def shrink(figure: Path, width: int) -> Image.Image:
    """The figure as RGB on white, `width` pixels wide.

    Colors are in steps of 8, which is invisible in drawings and halves the size of the file.
    """
    image = Image.open(figure).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    size = (width, round(image.height * width / image.width))
    pixels = np.asarray(white.resize(size, Image.Resampling.LANCZOS))
    return Image.fromarray(pixels // 8 * 8 + 4)


def record(path: Path) -> None:
    """Repeat the command in the first line of a recorded session, and write its output."""
    command, _ = read_session(path.stem)
    done = subprocess.run(
        shlex.split(command),
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "160"},
    )
    files.write_text(path, f"$ {command}\n{done.stdout.strip()}\n")


if __name__ == "__main__":
    main()
