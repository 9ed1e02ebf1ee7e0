"""Every form of a picture is the same picture, whatever its file format, mode, depth and rotation.

The reference is arithmetic on the values that are stored, without Pillow.
"""

import io
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from emotion.core.errors import UserError
from emotion.prediction.predictor import Predictor
from emotion.prediction.serving.app import create_app
from emotion.prediction.serving.limits import Limits
from emotion.prediction.sources import Source, open_image
from emotion.prediction.video import read_video
from tests.data.conftest import UPRIGHT

CAN_TURN = {"PNG", "TIFF", "WEBP"}


def on_white(colors, alpha):
    return colors * (alpha / 255.0) + 255.0 * (1 - alpha / 255.0)


def gray(values):
    return np.repeat(values[:, :, None], 3, axis=2).astype(float)


# Each makes, of random bytes (H, W, 4): an image, options of save, what is displayed, an array.


def one_bit(v):
    bits = v[..., 0] > 127
    return Image.fromarray(bits), {}, gray(bits * 255), bits


def eight_bits(v):
    return Image.fromarray(v[..., 0]), {}, gray(v[..., 0]), v[..., :1]


def sixteen_bits(v):
    values = v[..., 0].astype(np.uint16) * 256 + v[..., 1]
    values[0, 0] = 65535
    return Image.fromarray(values), {}, gray(values // 256), values


def big_endian(v):
    image, options, shown, values = sixteen_bits(v)
    return image, options, shown, values.astype(">u2")


def floats(v):
    values = v[..., 0].astype(np.float32) / 255
    return Image.fromarray(values), {}, gray(v[..., 0]), values.astype(np.float64)


def gray_and_alpha(v):
    shown = on_white(gray(v[..., 0]), v[..., 3:])
    return Image.fromarray(v[..., [0, 3]]), {}, shown, v[..., [0, 3]]


def rgb(v):
    return Image.fromarray(v[..., :3]), {}, v[..., :3].astype(float), v[..., :3]


def rgba(v):
    return Image.fromarray(v), {"exact": True}, on_white(v[..., :3], v[..., 3:]), v


def palette(v):
    colors = np.random.default_rng(int(v[0, 0, 0])).integers(0, 256, (256, 3), dtype=np.uint8)
    image = Image.fromarray(v[..., 0])
    image.putpalette(colors.tobytes())
    return image, {}, colors[v[..., 0]].astype(float), colors[v[..., 0]]


def palette_with_hole(v):
    image, _, shown, _ = palette(v)
    shown = np.where(v[..., :1] == v[0, 0, 0], 255, shown)
    return image, {"transparency": int(v[0, 0, 0])}, shown, shown.astype(np.uint8)


def gray_with_hole(v):
    shown = gray(np.where(v[..., 0] == v[0, 0, 0], 255, v[..., 0]))
    transparency = {"transparency": int(v[0, 0, 0])}
    return Image.fromarray(v[..., 0]), transparency, shown, shown.astype(np.uint8)


def deep_gray_with_hole(v):
    image, _, _, values = sixteen_bits(v)
    shown = gray(np.where(values == values[1, 1], 255, values // 256))
    return image, {"transparency": int(values[1, 1])}, shown, shown.astype(np.uint8)


def color_with_hole(v):
    colors = v[..., :3]
    hole = (colors == colors[0, 0]).all(axis=2, keepdims=True)
    shown = np.where(hole, 255, colors)
    transparency = {"transparency": tuple(int(value) for value in colors[0, 0])}
    return Image.fromarray(colors), transparency, shown.astype(float), shown


def inks(v):
    values = v.astype(float)
    shown = (255 - values[..., :3]) * (255 - values[..., 3:]) / 255
    return Image.fromarray(v, "CMYK"), {}, shown, np.rint(shown).astype(np.uint8)


def luma_and_chroma(v):
    y, cb, cr = (v[..., channel].astype(float) for channel in range(3))
    red, blue = y + 1.402 * (cr - 128), y + 1.772 * (cb - 128)
    green = y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)
    shown = np.stack([red, green, blue], axis=2).clip(0, 255)
    return Image.fromarray(v[..., :3], "YCbCr"), {}, shown, np.rint(shown).astype(np.uint8)


KINDS = {
    "PNG": [
        *(one_bit, eight_bits, sixteen_bits, gray_and_alpha, rgb, rgba, palette),
        *(palette_with_hole, gray_with_hole, deep_gray_with_hole, color_with_hole),
    ],
    "BMP": [one_bit, eight_bits, rgb, palette],
    "GIF": [eight_bits, palette, palette_with_hole],
    "TIFF": [
        *(one_bit, eight_bits, sixteen_bits, big_endian, floats, gray_and_alpha, rgb, rgba),
        *(palette, inks, luma_and_chroma),
    ],
    "WEBP": [rgb, rgba],
    "PPM": [one_bit, eight_bits, sixteen_bits, rgb],
}
GRID = [(format, kind) for format, kinds in KINDS.items() for kind in kinds]


def encode(image, format, orientation, options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    options = options | ({"lossless": True} if format == "WEBP" else {})
    image.save(file, format, **(options | {"exif": exif} if format in CAN_TURN else options))
    return file.getvalue()


def forms_of(path):
    """A path and all that a program can make of it."""
    data = path.read_bytes()
    yield from (path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data))
    yield from os.scandir(os.fsencode(path.parent))  # of the one file, its path as bytes
    with path.open("rb") as file, path.open("rb", buffering=0) as unbuffered:
        yield from (file, unbuffered)
    # Not of the path: Pillow 13.0.0 maps an uncompressed TIFF file into memory, and garbles it if
    # it is to be turned by a quarter.
    with Image.open(io.BytesIO(data)) as image:
        yield image
    loaded = Image.open(io.BytesIO(data))
    loaded.load()
    yield loaded


def read(form):
    image = open_image(Source.of(form))
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(GRID), st.sampled_from([*UPRIGHT]), st.integers(0, 2**32), st.integers(2, 40)
)
def test_all_forms_of_a_picture_have_the_pixels_that_are_displayed(case, orientation, seed, width):
    format, kind = case
    orientation = orientation if format in CAN_TURN else 1
    values = np.random.default_rng(seed).integers(0, 256, (13, width, 4), dtype=np.uint8)
    image, options, shown, array = kind(values)
    shown = UPRIGHT[orientation](shown)
    array = UPRIGHT[orientation](array)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture")
        path.write_bytes(encode(image, format, orientation, options))
        first, *others = map(read, forms_of(path))
    assert np.abs(first - shown).max() <= 1 + (kind in (inks, luma_and_chroma))
    for other in others:
        np.testing.assert_array_equal(other, first)
    assert np.abs(read(array) - shown).max() <= 1


@pytest.mark.parametrize(("format", "kind"), GRID)
def test_every_mode_of_every_format_is_read_upright(tmp_path, format, kind):
    values = np.random.default_rng(0).integers(0, 256, (13, 20, 4), dtype=np.uint8)
    image, options, shown, _ = kind(values)
    orientation = 6 if format in CAN_TURN else 1
    (tmp_path / "picture").write_bytes(encode(image, format, orientation, options))
    difference = read(tmp_path / "picture") - UPRIGHT[orientation](shown)
    assert np.abs(difference).max() <= 1 + (kind in (inks, luma_and_chroma))


RAMP = np.linspace(0, 1, 12 * 20).reshape(12, 20)
UNSCALED = {
    "12 of 16 bits": (RAMP * 4095).astype(np.uint16),
    "8 of 16 bits": (RAMP * 255).astype(np.uint16),
    "floats of 0..255": (RAMP * 255).astype(np.float32),
    "floats of 0..65535": (RAMP * 65535).astype(np.float32),
    "negative floats": (RAMP - 0.3).astype(np.float32),
    "a float above 1": (RAMP * 1.01).astype(np.float32),
    "NaN": np.where(RAMP > 0.9, np.nan, RAMP).astype(np.float32),
    "infinity": np.where(RAMP > 0.9, np.inf, RAMP).astype(np.float32),
    "32-bit integers": (RAMP * 255).astype(np.int32),
}


@pytest.mark.parametrize("name", UNSCALED)
def test_what_has_no_certain_scale_is_refused_in_every_form_with_its_range(tmp_path, name):
    values = UNSCALED[name]
    path = tmp_path / "picture.tif"
    Image.fromarray(values).save(path)
    messages = set()
    for form in [*forms_of(path), values]:
        with pytest.raises(UserError) as caught:
            read(form)
        if not getattr(form, "closed", False):
            messages.add(str(caught.value).replace("int32", "32-bit or signed"))
    ranges = f"from {values.min():g} to {values.max():g}"
    assert any(ranges in message for message in messages), messages


def test_a_frame_and_an_upload_are_predicted_as_the_file(onnx_file, tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(values)
    writer.release()
    [frame] = read_video(tmp_path / "a.avi", None)
    Image.fromarray(frame.content).save(tmp_path / "a.png")  # the codec is lossy
    predictor = Predictor.load(onnx_file, threads=1)
    expected = predictor.predict(tmp_path / "a.png").probabilities
    [of_frame] = predictor.predict_sources([frame])[0].predictions
    assert of_frame.probabilities == expected
    app = create_app(predictor, Limits(bytes=10**6, pixels=10**6))
    with TestClient(app) as client:
        [image] = client.post("/predict", content=(tmp_path / "a.png").read_bytes()).json()[
            "images"
        ]
    assert image["answers"][0]["probabilities"] == pytest.approx(expected, abs=1e-6)
