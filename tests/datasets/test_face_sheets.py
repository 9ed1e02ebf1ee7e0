"""The sheets of faces show what was cropped, and where nothing or more than one face was found."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from emotion.data.crop_params import CropParams
from emotion.data.face import FaceImage
from emotion.data.manifest import face_images
from emotion.data.pixels import to_rgb
from emotion.datasets import face_sheets, sheets
from emotion.datasets.face_search import FoundFace
from tests.conftest import preprocessing_of
from tests.datasets.conftest import make_face


@pytest.fixture
def faces(dataset, detector):  # noqa: ARG001
    """Images of 0 to 2 faces, which differ in their mean brightness by class."""
    for index in range(48):
        dataset.add(f"{index:03d}.png", ("happy", "sad")[index % 2], size=40 + index % 3)
    return dataset.prepare(faces="aligned", several_faces="all")


def test_a_contact_sheet_has_the_crops_of_faces(faces, tmp_path, monkeypatch):
    crops = []
    crop = sheets.shown_part
    monkeypatch.setattr(
        sheets,
        "shown_part",
        lambda image, face, side: crops.append(face) or crop(image, face, side),
    )
    sheets.draw_contact_sheets(tmp_path, faces.rows)
    expected = [image.face for image in face_images(faces.rows)]
    assert len(crops) == len(expected)
    assert set(crops) == set(expected)


@pytest.mark.slow
def test_the_sheets_of_faces_are_drawn_where_faces_are_detected(faces, tmp_path):
    names = {"faces_cropped.png", "faces_missing.png", "faces_several.png"}
    sheets.draw_all(tmp_path / "with", faces, CropParams(faces="box", face_margin=1.5))
    assert names <= {path.name for path in (tmp_path / "with").iterdir()}
    sheets.draw_all(tmp_path / "without", faces, CropParams())
    assert not names & {path.name for path in (tmp_path / "without").iterdir()}


@pytest.mark.parametrize("kind", ["box", "aligned"])
def test_the_sheet_of_crops_shows_what_a_network_sees(faces, tmp_path, kind):
    crop = CropParams(faces=kind, face_margin=1.3)
    first, *_ = images = face_images(faces.rows)[:5]
    face_sheets.draw_crops(tmp_path / "a.png", images, 99, crop)
    with Image.open(tmp_path / "a.png") as sheet:
        pixels = np.asarray(to_rgb(sheet)).astype(int)
    inner = face_sheets.SIDE - 2 * face_sheets.BORDER
    left = face_sheets.GAP + face_sheets.SIDE + face_sheets.GAP + face_sheets.BORDER
    top = face_sheets.HEAD + face_sheets.BORDER
    network = preprocessing_of(inner, faces=kind, face_margin=1.3)
    expected = network.center_crop(network.read(first)).transpose(1, 2, 0)
    shown = pixels[top : top + inner, left : left + inner]
    assert np.abs(shown - expected).mean() < 4


def test_boxes_are_drawn_in_green_for_the_largest_face_and_in_another_color_for_others(
    faces, tmp_path
):
    found = faces.faces[faces.faces["faces"].map(len) == 2]
    face_sheets.draw_images(tmp_path / "a.png", found, "images")
    with Image.open(tmp_path / "a.png") as sheet:
        colors = {color for _, color in sheet.convert("RGB").getcolors(1 << 20)}
    assert {ImageColor.getrgb(face_sheets.FOUND), ImageColor.getrgb(face_sheets.OTHER)} <= colors
    face_sheets.draw_images(tmp_path / "b.png", faces.faces[:0], "images")  # an empty sheet


@pytest.mark.slow
def test_sheets_of_faces_do_not_depend_on_the_order_of_the_rows(faces, tmp_path):
    for name, step in (("a", 1), ("b", -1)):
        rows, found = faces.rows.iloc[::step], faces.faces.iloc[::step]
        face_sheets.draw_all(tmp_path / name, rows, found, CropParams(faces="box"))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_unusual_images_are_drawn_too(tmp_path):
    """A line, and a face that extends beyond its image."""
    Image.linear_gradient("L").resize((2000, 2)).save(tmp_path / "a.png")
    face = FoundFace(make_face(-50, -30, 400), "", b"")
    found = pd.DataFrame({"path": [str(tmp_path / "a.png")], "faces": [(face,)]})
    face_sheets.draw_images(tmp_path / "b.png", found, "images")
    image = FaceImage(str(tmp_path / "a.png"), face.face)
    face_sheets.draw_crops(tmp_path / "c.png", [image], 1, CropParams(faces="aligned"))
