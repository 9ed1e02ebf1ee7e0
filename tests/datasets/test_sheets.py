"""All figures are written, and the same rows give the same bytes."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from emotion.data.crop_params import CropParams
from emotion.datasets import sheets
from tests.conftest import WARNINGS_ARE_ERRORS


@pytest.mark.slow
def test_every_class_has_a_sheet_and_bytes_do_not_depend_on_the_row_order(balanced, tmp_path):
    balanced.add("same_a.png", "happy", seed=7)
    balanced.add("same_b.png", "sad", seed=7)
    prepared = balanced.prepare()
    for name, rows in (("a", prepared.rows), ("b", prepared.rows.iloc[::-1])):
        sheets.draw_all(tmp_path / name, dataclasses.replace(prepared, rows=rows), CropParams())
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [
        "class_distribution.png",
        "contact_happy.png",
        "contact_sad.png",
        "duplicates.png",
    ]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        with Image.open(tmp_path / "a" / name) as image:
            assert "Software" not in image.info


def test_a_contact_sheet_frames_each_image_in_the_color_of_its_split(balanced, tmp_path):
    prepared = balanced.prepare()
    sheets.draw_contact_sheets(tmp_path, prepared.rows)
    with Image.open(tmp_path / "contact_happy.png") as sheet:
        colors = {color for _, color in sheet.convert("RGB").getcolors(1 << 20)}
    assert {(0x33, 0x60, 0x8C), (0xE0, 0xA0, 0x30), (0xB5, 0x50, 0x4A)} <= colors


def test_a_pair_of_duplicates_says_how_its_images_differ(balanced, tmp_path, monkeypatch):
    for name, turn in (("same", 0), ("mirrored", None), ("turned", -1)):
        with Image.open(balanced.root / "000.png") as image:
            pixels = np.asarray(image)
        copy = np.fliplr(pixels) if turn is None else np.rot90(pixels, turn)
        Image.fromarray(copy).save(balanced.root / f"{name}.png")
        balanced.rows.append({"path": f"{name}.png", "label": "happy"})
    written = []
    monkeypatch.setattr(sheets, "write", lambda *arguments: written.append(arguments[2]))
    sheets.draw_duplicates(tmp_path / "duplicates.png", balanced.prepare().duplicates)
    for caption in ("same pixels", "0 bits, mirrored", "0 bits, turned 90 degrees"):
        assert caption in written


NAMES = ["$\\frac$", "sehr/../froh", "$5_x^2$ and $", "幸福"]


def test_every_class_name_has_its_own_file_in_the_folder(balanced, tmp_path):
    prepared = balanced.prepare()
    rows = prepared.rows.assign(label=np.resize(NAMES, len(prepared.rows)))
    sheets.draw_contact_sheets(tmp_path / "figures", rows)
    drawn = list((tmp_path / "figures").iterdir())
    assert len(drawn) == len(NAMES)
    assert all(path.name.startswith("contact_") for path in drawn)


@WARNINGS_ARE_ERRORS  # matplotlib warns of characters that the font lacks
def test_class_names_are_no_formulas_in_the_class_distribution(balanced, tmp_path):
    prepared = balanced.prepare()
    rows = prepared.rows.assign(label=np.resize(NAMES, len(prepared.rows)))
    sheets.plot_class_distribution(tmp_path / "a.png", rows)
    assert (tmp_path / "a.png").stat().st_size > 1000
