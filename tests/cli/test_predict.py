"""The command `emotion predict`: its table, its errors, its exit status, and what it imports."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion.cli import predict
from emotion.cli.commands import CLOSED_PIPE
from emotion.cli.main import main as emotion
from emotion.cli.predict import main
from emotion.data import face_detector
from emotion.prediction.formats import SYNTHETIC_NOTE
from tests.conftest import make_checkpoint
from tests.prediction.conftest import write_face_model, write_onnx
from tests.user_errors import user_error

LAST_KEYS = ("confidence", "uncertain", "probabilities")


@pytest.fixture
def run(onnx_file, capsys):
    """Run the command; returns its status, the cells of its rows, and the lines of stderr."""

    def run_command(*arguments, model=onnx_file):
        status = main(["--model", str(model), *map(str, arguments)])
        captured = capsys.readouterr()
        parse = json.loads if "--json" in arguments else str.split
        return status, list(map(parse, captured.out.splitlines())), captured.err.splitlines()

    return run_command


def test_the_table_has_class_and_probability_of_every_image(run, faces):
    status, [header, *rows], _ = run(faces / "red.jpg", faces)
    assert (status, header) == (0, ["image", "class", "probability"])
    names = ("red.jpg", "deep/blue.PNG", "green.png", "red.jpg")
    assert [row[0] for row in rows] == [str(faces / name) for name in names]
    assert [row[1] for row in rows] == ["angry", "sad", "happy", "angry"]
    assert all(0.99 < float(row[2]) <= 1 for row in rows)


def test_an_unreadable_file_is_one_line_and_the_others_are_classified(run, faces):
    names = ["notes.txt", "green.png", "gone.png", "a\x1b[31m\nb.png"]
    (faces / names[-1]).write_text("no image")
    status, [_, row], errors = run(*(faces / name for name in names))
    assert (status, row[1]) == (1, "happy")
    for error, name in zip(errors, ("notes.txt", "gone.png", r"a\x1b[31m\nb.png"), strict=True):
        assert error.startswith(f"error: {faces / name} ")


def test_a_model_of_drawn_faces_marks_each_prediction(run, tmp_path, faces):
    drawn = write_onnx(tmp_path / "drawn.onnx", synthetic_fraction=1.0)
    status, [_, *rows], _ = run(faces, model=drawn)
    assert (status, rows[3:]) == (0, [line.split() for line in SYNTHETIC_NOTE.splitlines()])
    assert [row[-1] for row in rows[:3]] == ["*"] * 3
    mixed = write_onnx(tmp_path / "mixed.onnx", synthetic_fraction=0.5)
    assert "*" not in str(run(faces, model=mixed))


def test_an_uncertain_prediction_is_marked_aligned_and_explained(tmp_path, faces, capsys):
    """The probabilities of the faces are above 0.9, those of a gray image are 1 / 3."""
    model = write_onnx(tmp_path / "model.onnx", threshold="0.7123", target_error="0.1")
    main(["--model", str(model), str(faces)])
    assert "uncertain" not in capsys.readouterr().out.replace(str(faces), "")
    gray = np.full((40, 40), 90, np.uint8)
    gray[0] = 91  # so that it is not blank
    Image.fromarray(gray).save(faces / "gray.png")
    assert main(["--model", str(model), str(faces)]) == 0
    lines = capsys.readouterr().out.splitlines()
    table, note = lines[:5], " ".join(lines[5:])
    labels = [" ".join(line.split()[1:-1]) for line in table[1:]]
    assert labels == ["sad", "uncertain (angry)", "happy", "angry"]
    assert len({len(line) for line in table}) == 1
    assert "0.7123" in note
    assert "10 %" in note


def test_json_has_one_object_per_image_with_error_or_probabilities(run, faces):
    images = [faces / "green.png", faces / "notes.txt", faces / "red.jpg"]
    status, rows, errors = run("--json", *images)
    assert (status, errors) == (1, [])
    assert [row["image"] for row in rows] == list(map(str, images))
    assert [row.get("label") for row in rows] == ["happy", None, "angry"]
    assert set(rows[1]) == {"image", "error"}
    assert rows[0]["confidence"] == max(rows[0]["probabilities"].values())
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_csv_has_one_column_per_class_and_no_formula(onnx_file, faces, capsys, monkeypatch):
    monkeypatch.chdir(faces)
    (faces / "red.jpg").rename("=cmd|x,y.jpg")
    assert main(["--model", str(onnx_file), "--csv", "green.png", "=cmd|x,y.jpg", "notes.txt"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["image"] for row in rows] == ["green.png", "'=cmd|x,y.jpg", "notes.txt"]
    assert [row["label"] for row in rows] == ["happy", "angry", ""]
    assert float(rows[0]["happy"]) == float(rows[0]["confidence"]) > 0.9
    assert "notes.txt" in rows[2]["error"]
    assert rows[2]["happy"] == rows[0]["error"] == ""


def test_names_that_are_not_utf8_stay_different(command, faces):
    names = [
        b"b\xff.png",
        b"b\xfe.png",
        "gr\xfc\xdfe.png".encode(),
        "\u6012\U0001f620.png".encode(),
    ]
    for name in names:
        (faces / os.fsdecode(name)).write_bytes((faces / "green.png").read_bytes())
    paths = [os.fsencode(faces) + b"/" + name for name in names]
    for encoding in ("utf-8", "ascii", "cp1252"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        for option in ("--json", "--csv"):
            run = {"env": environment, "capture_output": True, "check": True}
            lines = subprocess.run([*command, option, *paths], **run).stdout.decode(encoding)
            if option == "--csv":
                found = [row["image"] for row in csv.DictReader(io.StringIO(lines))]
            else:
                found = [json.loads(line)["image"] for line in lines.splitlines()]
            assert len(set(found)) == 4
            assert [Path(name).name for name in found[:2]] == [r"b\udcff.png", r"b\udcfe.png"]
            if option == "--json" or encoding == "utf-8":
                assert found[2:] == [os.fsdecode(path) for path in paths[2:]]


def test_an_address_is_one_line_with_both_slashes(run, faces):
    address = "https://example.org/face.jpg"
    status, [_, row], [error] = run(address, faces / "red.jpg")
    assert (status, row[1]) == (1, "angry")
    assert error.startswith(f"error: {address} ")


def test_a_video_that_is_cut_has_its_frames_and_one_error(run, tmp_path):
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for frame in range(30):
        writer.write(np.random.default_rng(frame).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    writer.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    status, rows, errors = run("--json", path)
    assert (status, errors) == (1, [])
    assert [("error" in row) for row in rows] == [False] * (len(rows) - 1) + [True]
    assert f"{len(rows) - 1} of 30 " in rows[-1]["error"]


@pytest.mark.parametrize("is_image", [True, False])
def test_stdin_is_classified_or_is_one_error(run, faces, monkeypatch, is_image):
    data = (faces / "green.png").read_bytes() if is_image else b"GET / HTTP/1.1"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    status, [row], _ = run("--json", "-")
    assert (status, row["image"], row.get("label")) == (
        (0, "-", "happy") if is_image else (1, "-", None)
    )
    assert row.get("error", "").startswith("" if is_image else "- ")


def test_each_face_has_a_row_with_its_box_and_is_drawn(run, party, tmp_path):
    party.save(tmp_path / "party.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "black.png")
    command = ["--detect", tmp_path, "--draw", tmp_path / "out"]
    status, [black, *rows], _ = run("--json", *command)
    assert (status, black["image"], black["no_face"]) == (1, str(tmp_path / "black.png"), True)
    assert " 20 pixels" in black["error"]
    assert [len(row["box"]) for row in rows] == [4, 4, 4]
    assert all(0.8 <= row["score"] <= 1 for row in rows)
    [drawn] = (tmp_path / "out").rglob("*.jpg")
    assert Image.open(drawn).size == party.size
    status, [header, black, row, note], errors = run(*command, "--min-face", "120")
    assert (status, header, errors) == (1, ["image", "face", "class", "probability"], [])
    assert black == [str(tmp_path / "black.png"), "no", "face"]
    assert re.fullmatch(r"1\d\dx1\d\d\+2\d\d\+\d+", row[1])
    assert "--detect," in note


@pytest.fixture
def photos(party, tmp_path):
    """A photograph of three faces, the same on its side, and one without a face."""
    folder = tmp_path / "photos"
    folder.mkdir()
    party.save(folder / "a.png")
    party.transpose(Image.Transpose.ROTATE_90).save(folder / "b.png")
    Image.radial_gradient("L").save(folder / "c.png")
    return folder


def test_a_model_of_faces_finds_them_itself(run, photos, tmp_path):
    model = write_face_model(tmp_path)
    status, rows, errors = run("--json", photos, "--draw", tmp_path / "out", model=model)
    assert (status, errors) == (1, [])
    assert [Path(row["image"]).name for row in rows] == ["a.png"] * 3 + ["b.png"] * 3 + ["c.png"]
    assert [row.get("turn") for row in rows] == [None] * 3 + [90] * 3 + [None]
    assert set(rows[0]) == {"image", "box", "score", "label", *LAST_KEYS}
    assert set(rows[-1]) == {"image", "no_face", "error"}
    assert rows[-1]["no_face"] is True
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.jpg")) == [
        "a.png.jpg",
        "b.png.jpg",
    ]
    assert run("--json", photos, "--detect", model=model)[1] == rows
    _, large, _ = run("--json", photos / "a.png", "--min-face", "120", model=model)
    [box] = [row["box"] for row in large]
    np.testing.assert_allclose(box, rows[1]["box"], atol=10)  # found at another scale


def test_a_table_has_no_face_in_the_column_of_the_class(run, photos, tmp_path):
    model = write_face_model(tmp_path)
    status, [header, *rows, no_face, note], errors = run(photos, model=model)
    assert (status, header, errors) == (1, ["image", "face", "class", "probability"], [])
    assert no_face == [str(photos / "c.png"), "no", "face"]
    assert len(rows) == 6
    assert "--cropped" in note
    status, lines, errors = run(photos / "a.png", model=model)
    assert (status, len(lines), errors) == (0, 4, [])


def test_csv_tells_no_face_from_a_file_that_cannot_be_read(photos, tmp_path, capsys):
    (photos / "d.png").write_text("no image")
    assert main(["--model", str(write_face_model(tmp_path)), "--csv", str(photos)]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["no_face"] for row in rows] == ["false"] * 6 + ["true", "false"]
    assert [row["turn"] for row in rows] == [""] * 3 + ["90"] * 3 + ["", ""]
    assert [bool(row["label"]) for row in rows] == [True] * 6 + [False] * 2
    assert [bool(row["error"]) for row in rows] == [False] * 6 + [True] * 2


def test_cropped_images_are_classified_as_faces(run, photos, tmp_path):
    model = write_face_model(tmp_path)
    status, rows, errors = run("--json", photos, "--cropped", model=model)
    assert (status, errors) == (0, [])
    assert [set(row) for row in rows] == [{"image", "label", *LAST_KEYS}] * 3
    assert run("--json", photos, "--cropped")[1] == run("--json", photos)[1]  # as they are


def test_a_size_of_faces_needs_detection(run, faces):
    with user_error("30", key="--min-face", hint="--detect"):
        run("--min-face", "30", faces / "red.jpg")


def test_frames_of_a_video_have_their_time(run, tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 64))
    red = np.full((64, 64, 3), (0, 0, 200), np.uint8)  # BGR
    red[:8] = 0  # so that it is not blank
    for _ in range(20):
        writer.write(red)
    writer.release()
    (tmp_path / "b.mp4").write_text("not a video")
    status, [header, *rows], [error] = run("--fps", "1", tmp_path / "b.mp4", tmp_path / "a.mp4")
    assert (status, header) == (1, ["image", "time", "class", "probability"])
    assert [row[1:4] for row in rows] == [["0.00", "s", "angry"], ["1.00", "s", "angry"]]
    assert "b.mp4" in error


def test_frames_without_a_face_have_no_row(run, party, tmp_path):
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, party.size)
    empty = np.asarray(Image.radial_gradient("L").convert("RGB").resize(party.size))
    for frame in (np.asarray(party)[..., ::-1], empty, np.asarray(party)[..., ::-1]):
        writer.write(np.ascontiguousarray(frame))
    writer.release()
    status, rows, errors = run("--json", path, model=write_face_model(tmp_path))
    assert (status, errors) == (0, [])
    assert [row["time"] for row in rows] == [0.0] * 3 + [0.2] * 3


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        ["--json", "--csv", "a.jpg"],
        ["--cropped", "--min-face", "30", "a.jpg"],
        ["--cropped", "--detect", "a.jpg"],
        ["--detect", "--min-face", "0", "a.jpg"],
        ["--detect", "--min-face", "nan", "a.jpg"],
        ["--fps", "-1", "a.mp4"],
        ["--fps", "many", "a.mp4"],
        ["--explain", "a.jpg"],
        ["--draw", "", "a.jpg"],
        ["--camera", "-1"],
        ["--camera", "front"],
    ],
    ids=" ".join,
)
def test_invalid_options_are_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: emotion predict" in capsys.readouterr().err


def test_the_smallest_face_is_that_of_the_detector():
    assert predict.MIN_FACE == face_detector.MIN_FACE


def test_drawing_into_a_file_or_explaining_an_onnx_file_is_an_error(run, faces, onnx_file):
    with user_error(file="notes.txt", key="--draw"):
        run(faces / "red.jpg", "--draw", faces / "notes.txt")
    with user_error(file=onnx_file, hint="--model"):
        run(faces / "red.jpg", "--draw", faces / "out", "--explain")


@pytest.mark.slow
def test_a_checkpoint_explains_what_it_draws(run, faces, tmp_path):
    make_checkpoint().save(tmp_path / "best_model.pth")
    (tmp_path / "model.onnx").unlink()
    drawn = []
    for name, options in (("plain", []), ("explained", ["--explain"])):
        folder = tmp_path / name
        assert run(faces / "red.jpg", "--draw", folder, *options, model=tmp_path)[0] == 0
        drawn += [path.read_bytes() for path in folder.rglob("*.jpg")]
    assert drawn[0] != drawn[1]


@pytest.mark.slow
def test_what_is_explained_is_the_network_that_predicts(run, faces, tmp_path):
    """Of a folder with an ONNX file of another network, and other classes."""
    make_checkpoint(class_names=("fear", "joy")).save(tmp_path / "best_model.pth")
    options = ["--json", faces / "red.jpg", "--draw", tmp_path / "drawn"]
    _, [by_onnx], _ = run(*options, model=tmp_path)
    _, [explained], _ = run(*options, "--explain", model=tmp_path)
    _, [by_checkpoint], _ = run(*options, model=tmp_path / "best_model.pth")
    assert by_onnx["label"] == "angry"
    assert explained["probabilities"] == by_checkpoint["probabilities"]
    assert set(explained["probabilities"]) == {"fear", "joy"}


def test_without_a_model_one_line_says_how_to_get_one(tmp_path, faces, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert emotion(["predict", str(faces)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: models/model.onnx ")
    assert "`dvc repro`" in captured.err
    assert captured.err.count("\n") == 1


@pytest.fixture
def command(onnx_file):
    return [sys.executable, "-m", "emotion.cli.predict", "--model", str(onnx_file)]


def test_a_terminal_without_a_character_shows_a_replacement(command, faces):
    (faces / "red.jpg").rename(faces / "größe.jpg")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*command, faces], env=environment, capture_output=True, check=True)
    assert b"gr??e.jpg" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_the_output_is_one_line(command, faces):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, faces], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_ends_the_command_with_its_own_status(command, faces):
    with subprocess.Popen(
        [*command, *[faces / "red.jpg"] * 2000], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == CLOSED_PIPE


def test_an_onnx_file_needs_neither_torch_nor_pandas(onnx_file, faces):
    code = (
        "import sys; from emotion.cli.main import main; status = main(sys.argv[1:]);"
        "heavy = {'torch', 'pandas', 'sklearn', 'pydantic', 'matplotlib'} & set(sys.modules);"
        "sys.exit(status or len(heavy))"
    )
    command = [sys.executable, "-c", code, "predict", "--model", str(onnx_file), str(faces)]
    subprocess.run(command, check=True, capture_output=True)


def test_help_imports_nothing_but_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); from emotion.cli.main import main\n"
        "try: main(['predict', '--help'])\n"
        "except SystemExit: packages = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "sys.exit(str(packages - {'emotion', *sys.stdlib_module_names} or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
