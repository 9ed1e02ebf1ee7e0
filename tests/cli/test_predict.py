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
from emotion.cli.main import main as emotion
from emotion.cli.predict import main
from emotion.data import face_detector
from emotion.prediction.formats import SYNTHETIC_NOTE
from tests.conftest import make_checkpoint
from tests.prediction.conftest import write_onnx


def test_it_prints_class_and_probability_of_every_image(onnx_file, faces, capsys):
    assert main(["--model", str(onnx_file), str(faces / "red.jpg"), str(faces)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["image", "class", "probability"]
    rows = [line.split() for line in out[1:]]
    assert [row[0] for row in rows] == [
        str(faces / name) for name in ("red.jpg", "deep/blue.PNG", "green.png", "red.jpg")
    ]
    assert [row[1] for row in rows] == ["angry", "sad", "happy", "angry"]
    assert all(0.99 < float(row[2]) <= 1 for row in rows)
    assert len({line.index("0.9") for line in out[1:] if "0.9" in line}) <= 1  # aligned


def test_an_unreadable_file_is_one_line_and_the_others_are_answered(onnx_file, faces, capsys):
    images = [str(faces / name) for name in ("notes.txt", "green.png", "gone.png")]
    assert main(["--model", str(onnx_file), *images]) == 1
    captured = capsys.readouterr()
    assert "happy" in captured.out
    errors = captured.err.splitlines()
    assert len(errors) == 2
    assert "notes.txt cannot be read" in errors[0]
    assert "gone.png is missing" in errors[1]


def test_a_model_of_drawn_faces_says_so_with_each_answer(tmp_path, faces, capsys):
    drawn = write_onnx(tmp_path / "drawn.onnx", synthetic_fraction=1.0)
    assert main(["--model", str(drawn), str(faces)]) == 0
    out = capsys.readouterr().out
    assert out.endswith(SYNTHETIC_NOTE + "\n")
    answers = out.removesuffix(SYNTHETIC_NOTE + "\n").splitlines()[1:]
    assert len(answers) == 3
    assert all(line.endswith(" *") for line in answers)
    mixed = write_onnx(tmp_path / "mixed.onnx", synthetic_fraction=0.5)
    main(["--model", str(mixed), str(faces)])
    assert "*" not in capsys.readouterr().out


@pytest.fixture
def doubting(tmp_path):
    """A model whose answers on the faces are above 0.9; gray images get 1 / 3."""
    return write_onnx(tmp_path / "doubting.onnx", threshold="0.7123", target_error="0.1")


def test_an_uncertain_answer_is_marked_aligned_and_explained(doubting, faces, capsys):
    Image.new("RGB", (40, 40), (90, 90, 90)).save(faces / "gray.png")
    assert main(["--model", str(doubting), str(faces)]) == 0
    lines = capsys.readouterr().out.splitlines()
    table, below = lines[:5], lines[5:]
    answers = [" ".join(line.split()[1:-1]) for line in table[1:]]
    assert answers == ["sad", "uncertain (angry)", "happy", "angry"]
    assert len({len(line) for line in table}) == 1
    assert below == [
        "uncertain: the probability is below 0.7123, the threshold chosen on",
        "  validation so that at most 10 % of the other answers are wrong.",
    ]


def test_without_an_uncertain_answer_there_is_no_explanation(doubting, faces, capsys):
    main(["--model", str(doubting), str(faces)])
    assert "uncertain:" not in capsys.readouterr().out  # the folder's own name has the word


def run_json(arguments, capsys):
    status = main([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    return status, [json.loads(line) for line in captured.out.splitlines()]


def test_json_has_one_object_per_image_with_its_error_or_its_probabilities(
    onnx_file, faces, capsys
):
    images = [faces / "green.png", faces / "notes.txt", faces / "red.jpg"]
    status, rows = run_json(["--model", onnx_file, *images], capsys)
    assert status == 1
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
    assert "cannot be read" in rows[2]["error"]
    assert rows[2]["happy"] == rows[0]["error"] == ""


def test_an_image_on_stdin_is_classified(onnx_file, faces, capsys, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO((faces / "green.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    status, [row] = run_json(["--model", onnx_file, "-"], capsys)
    assert (status, row["image"], row["label"]) == (0, "-", "happy")


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1"])
def test_something_else_on_stdin_is_one_line(onnx_file, capsys, monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["--model", str(onnx_file), "-"]) == 1
    assert capsys.readouterr().err.startswith("error: - cannot be read")


def test_each_face_has_a_row_with_its_box_and_is_drawn(onnx_file, party, tmp_path, capsys):
    party.save(tmp_path / "party.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "black.png")
    command = ["--model", onnx_file, "--detect", tmp_path, "--draw", tmp_path / "out"]
    status, rows = run_json(command, capsys)
    assert status == 1
    assert "no face of at least 20 pixels" in rows[0]["error"]
    assert [len(row["box"]) for row in rows[1:]] == [4, 4, 4]
    assert all(0.8 <= row["score"] <= 1 for row in rows[1:])
    [drawn] = (tmp_path / "out").rglob("*.jpg")
    assert Image.open(drawn).size == party.size
    assert main([*map(str, command), "--min-face", "120"]) == 1
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["image", "face", "class", "probability"]
    assert len(table) == 2
    assert re.search(r"  1\d\dx1\d\d\+2\d\d\+\d+  ", table[1])


def test_frames_of_a_video_have_their_time(onnx_file, tmp_path, capsys):
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 64))
    for _ in range(20):
        writer.write(np.full((64, 64, 3), (0, 0, 200), np.uint8))  # BGR: red
    writer.release()
    (tmp_path / "b.mp4").write_text("not a video")
    videos = [str(tmp_path / name) for name in ("b.mp4", "a.mp4")]
    assert main(["--model", str(onnx_file), "--fps", "1", *videos]) == 1
    captured = capsys.readouterr()
    rows = [line.split() for line in captured.out.splitlines()]
    assert rows[0] == ["image", "time", "class", "probability"]
    assert [row[1:4] for row in rows[1:]] == [["0.00", "s", "angry"], ["1.00", "s", "angry"]]
    assert "b.mp4 has no frame" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        ["--json", "--csv", "a.jpg"],
        ["--min-face", "30", "a.jpg"],
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
def test_options_that_mean_nothing_are_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: emotion predict" in capsys.readouterr().err


def test_the_smallest_face_is_that_of_the_detector():
    assert predict.MIN_FACE == face_detector.MIN_FACE


def test_drawing_into_a_file_or_explaining_an_onnx_file_is_one_line(onnx_file, faces, capsys):
    command = ["--model", str(onnx_file), str(faces / "red.jpg"), "--draw"]
    assert main([*command, str(faces / "notes.txt")]) == 2
    assert "notes.txt is not a folder" in capsys.readouterr().err
    assert main([*command, str(faces / "out"), "--explain"]) == 2
    assert "only a checkpoint can be explained" in capsys.readouterr().err


@pytest.mark.slow
def test_a_checkpoint_explains_what_it_draws(faces, tmp_path, capsys):
    make_checkpoint().save(tmp_path / "best_model.pth")
    command = ["--model", str(tmp_path), str(faces / "red.jpg"), "--draw"]
    assert main([*command, str(tmp_path / "plain")]) == 0
    assert main([*command, str(tmp_path / "explained"), "--explain"]) == 0
    [plain], [explained] = (
        list((tmp_path / name).rglob("*.jpg")) for name in ("plain", "explained")
    )
    assert plain.read_bytes() != explained.read_bytes()
    assert "probability" in capsys.readouterr().out


def test_without_opencv_a_video_names_what_installs_it(onnx_file, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "emotion.prediction.video", raising=False)
    assert main(["--model", str(onnx_file), "a.mp4"]) == 2
    assert "emotion-pipeline[video]" in capsys.readouterr().err


def test_without_a_model_it_says_how_to_get_one(tmp_path, faces, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([str(faces)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: models/model.onnx does not exist; `dvc repro`")
    assert captured.out == ""


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(onnx_file, tmp_path, capsys):
    name = tmp_path / "a\x1b[31m\nb.png"
    name.write_text("no image")
    assert main(["--model", str(onnx_file), str(name)]) == 1
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert error.count("\n") == 1


def test_a_terminal_without_a_character_shows_a_replacement(onnx_file, faces):
    (faces / "red.jpg").rename(faces / "größe.jpg")
    command = [sys.executable, "-m", "emotion.cli.predict", "--model", str(onnx_file), str(faces)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"gr??e.jpg" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_the_output_is_one_line(onnx_file, faces):
    command = [sys.executable, "-m", "emotion.cli.predict", "--model", str(onnx_file), str(faces)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: no space is left.\n"


def test_a_closed_pipe_ends_the_command_without_a_traceback(onnx_file, faces):
    command = [sys.executable, "-m", "emotion.cli.predict", "--model", str(onnx_file)]
    images = [str(faces / "red.jpg")] * 2000
    with subprocess.Popen(
        [*command, *images], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read()
    assert process.returncode == 141
    assert error == ""


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
        "import sys; from emotion.cli.main import main\n"
        "try: main(['predict', '--help'])\n"
        "except SystemExit: sys.exit(bool({'numpy', 'PIL', 'onnxruntime'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("arguments", [[], ["predikt"], ["--model"]])
def test_an_unknown_command_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        emotion(arguments)
    assert ended.value.code == 2
    assert "usage: emotion" in capsys.readouterr().err


def test_a_missing_package_is_named_with_what_installs_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for module in [name for name in sys.modules if name.startswith("emotion.cli.audit")]:
        monkeypatch.delitem(sys.modules, module)
    assert emotion(["audit", "a.csv", "b.csv"]) == 2
    assert "emotion-pipeline[train]" in capsys.readouterr().err
