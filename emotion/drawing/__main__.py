"""`python -m emotion.drawing docs/drawn_faces.png` writes the README's sheet of faces."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.core import files
from emotion.drawing.sheet import contact_sheet


def main() -> None:
    """Parse the path, draw, write."""
    parser = argparse.ArgumentParser(description="Write a sheet of drawn faces.")
    parser.add_argument("path", type=Path, help="the PNG to write")
    path = parser.parse_args().path
    with files.replacing(path) as temporary:
        # Six levels a step are invisible in drawings and halve the file.
        levels = np.asarray(contact_sheet(), dtype=np.uint16) // 6 * 6 + 3
        sheet = Image.fromarray(np.minimum(levels, 255).astype(np.uint8))
        sheet.save(temporary, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
