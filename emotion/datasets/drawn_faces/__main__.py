"""Write the contact sheet of the README.

python -m emotion.datasets.drawn_faces docs/drawn_faces.png
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.core import files
from emotion.data.images import encode_image
from emotion.datasets.drawn_faces.sheet import draw_contact_sheet


def main() -> None:
    """Draw the contact sheet and write it to the given path."""
    parser = argparse.ArgumentParser(description="Write a contact sheet of drawn faces.")
    parser.add_argument("path", type=Path, help="PNG file to write")
    path = parser.parse_args().path
    # Quantizing the colors in steps of 6 is invisible in drawings and halves the file size.
    levels = np.asarray(draw_contact_sheet(), dtype=np.uint16) // 6 * 6 + 3
    sheet = Image.fromarray(np.minimum(levels, 255).astype(np.uint8))
    files.write_bytes(path, encode_image(sheet, "PNG", optimize=True))
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
