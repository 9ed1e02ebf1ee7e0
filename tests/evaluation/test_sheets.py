"""Sheets show the first rows of their table, whatever the images and class names are."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.data.image_sheet import COLORS
from emotion.evaluation.sheets import draw_label_noise, draw_mistakes

GRAY = (0xB0, 0xB0, 0xB0)


def color_of(index):
    return (10 * index, 0, 200)


@pytest.fixture
def images(tmp_path):
    """Paths of 25 images, each of one color."""
    paths = [tmp_path / f"{index}.png" for index in range(25)]
    for index, path in enumerate(paths):
        Image.new("RGB", (40, 40), color_of(index)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def sheet(tmp_path):
    """A function that draws a table of mistakes, or of candidates if it has splits."""

    def draw(paths, **columns):
        table = {"path": paths, "label": "sad", "predicted": "happy", "group": "g"}
        table = pd.DataFrame(table | {"confidence": 0.9, "label_probability": 0.05} | columns)
        if "split" in table:
            names = {"predicted": "suggested", "label_probability": "label_quality"}
            draw_label_noise(tmp_path / "sheet.png", table.rename(columns=names))
        else:
            draw_mistakes(tmp_path / "sheet.png", table)
        with Image.open(tmp_path / "sheet.png") as image:
            return np.asarray(image.convert("RGB"))

    return draw


def rows_and_columns(sheet, color):
    """Positions of the pixels of this color."""
    return np.nonzero((sheet == color).all(axis=2))


def rgb_of(name):
    return tuple(bytes.fromhex(COLORS[name][1:]))


def test_the_first_24_mistakes_are_shown_row_by_row(sheet, images):
    drawn = sheet(images)
    corners = []
    for index in range(24):
        rows, columns = rows_and_columns(drawn, color_of(index))
        corners.append((rows.min(), columns.min()))
    assert corners == sorted(set(corners))
    assert len({row for row, _ in corners}) == 4
    assert not len(rows_and_columns(drawn, color_of(24))[0])


def test_class_probabilities_and_the_number_of_rows_are_text_of_the_sheet(sheet, images):
    drawn = sheet(images)
    assert (drawn == sheet(images, label_probability=0.0502)).all()
    for column, value in (
        ("label_probability", 0.06),
        ("confidence", 0.8),
        ("label", "angry"),
        ("predicted", "sad"),
    ):
        assert (drawn != sheet(images, **{column: value})).any()
    more = sheet([*images, images[0]])  # shows the same 24 images
    changed = np.nonzero((drawn != more).any(axis=2))[0]
    assert len(changed)
    assert changed.max() < rows_and_columns(drawn, color_of(0))[0].min()


@pytest.mark.parametrize("name", ["contemptuous or disdainful", "самодовольный и недовольный"])
def test_a_long_class_name_does_not_reach_the_next_image(sheet, images, name):
    drawn = sheet(images[:2], label=["sad", "sad"])
    changed = np.nonzero((drawn != sheet(images[:2], label=[name, "sad"])).any(axis=2))[1]
    assert len(changed)
    assert changed.max() < rows_and_columns(drawn, color_of(1))[1].min()


@pytest.mark.parametrize("name", ["怒り", "غاضب", "a\nb", "x" * 500, "😀", " ", ""])
def test_class_names_of_any_script_are_drawn(sheet, images, name):
    assert (sheet(images[:1], label=name) != sheet(images[:1])).any()


def test_candidates_are_framed_in_the_color_of_their_split(sheet, images):
    splits = ["val", "test", "test", "other"]
    drawn = sheet(images[:4], split=splits)
    for index, split in enumerate(splits):
        rows, columns = rows_and_columns(drawn, color_of(index))
        frame = drawn[rows.min(), columns.min() - 1]
        assert tuple(frame) == rgb_of(split if split in COLORS else "")
    assert len(rows_and_columns(drawn, rgb_of("val"))[0])
    assert not len(rows_and_columns(drawn, rgb_of("train"))[0])  # the legend has the used ones


def test_an_image_that_is_gone_is_gray_and_the_others_are_drawn(sheet, images, tmp_path):
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_bytes(b"not an image")
    drawn = sheet(images[:4])
    found = [len(rows_and_columns(drawn, color_of(index))[0]) > 0 for index in range(4)]
    assert found == [True, False, False, True]
    gray, colored = (len(rows_and_columns(drawn, color)[0]) for color in (GRAY, color_of(0)))
    assert 2 * colored <= gray < 2.1 * colored  # the edges of letters are gray too


def test_images_of_any_mode_and_shape_are_drawn(sheet, images, tmp_path):
    shapes = {"L": (1, 1), "I;16": (3, 500), "RGBA": (1500, 900), "P": (500, 3), "1": (64, 48)}
    paths = []
    for mode, size in shapes.items():
        paths.append(str(tmp_path / f"any{len(paths)}.png"))
        Image.new(mode, size).save(paths[-1])
    assert sheet(paths).shape == sheet(images[:5]).shape


@pytest.mark.parametrize("columns", [{}, {"split": "val"}])
def test_an_empty_table_gives_a_sheet_with_a_title(sheet, images, columns):
    drawn = sheet([], **columns)
    assert drawn.shape[0] < sheet(images[:1]).shape[0]
    assert (drawn < 100).any()


def test_equal_tables_give_equal_bytes(sheet, images, tmp_path):
    contents = []
    for _ in range(2):
        sheet(images[:3])
        contents.append((tmp_path / "sheet.png").read_bytes())
    assert contents[0] == contents[1]
