"""The contact sheet of the README."""

import subprocess
import sys

import pytest
from PIL import Image

from emotion.datasets.drawn_faces.sheet import draw_contact_sheet


def test_the_sheet_has_one_row_per_class_and_one_column_per_person():
    sheet = draw_contact_sheet(people=2, size=48, labels=("happy", "contempt", "disgust"))
    assert sheet.height == 3 * (48 + 4) + 4
    assert sheet.width > 2 * (48 + 4)


@pytest.mark.slow
def test_the_module_writes_the_contact_sheet_of_the_readme(tmp_path):
    path = tmp_path / "docs" / "faces.png"
    subprocess.run([sys.executable, "-m", "emotion.datasets.drawn_faces", str(path)], check=True)
    with Image.open(path) as sheet:
        assert sheet.format == "PNG"
    assert path.stat().st_size < 500_000
