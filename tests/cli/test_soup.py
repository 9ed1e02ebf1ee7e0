"""`emotion soup` averages runs, prints what that is worth, and overwrites no other file."""

import contextlib
import re

import pytest
import torch
from dvc.repo import Repo

from emotion.cli.soup import main
from emotion.data.manifest import COLUMNS, write_manifest
from emotion.models.checkpoint import load_checkpoint
from tests.training.soup.conftest import make_ingredient  # noqa: F401


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch, striped_rows, make_ingredient):  # noqa: F811
    """A repository with splits, three runs as files, and one of them as the workspace's model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_TEST", "true")
    with contextlib.closing(Repo.init(no_scm=True)):
        pass
    rows = striped_rows.assign(subject="", source="s", group=striped_rows["sha256"])
    rows = rows.assign(width=40, height=40)
    assert set(COLUMNS) <= set(rows)
    write_manifest(tmp_path / "data/splits/train.csv", rows[:16])
    write_manifest(tmp_path / "data/splits/val.csv", rows[16:])
    for name, bias in (("left", 2.0), ("right", -2.0), ("broken", 90.0)):
        make_ingredient(name, bias=bias).checkpoint.save(tmp_path / f"{name}.pth")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "best_model.pth").write_bytes((tmp_path / "left.pth").read_bytes())
    return tmp_path


def numbers_of(line):
    return [float(word) for word in re.findall(r"\d\.\d{3}", line)]


def test_the_average_is_written_and_its_scores_are_printed(project, capsys):
    assert main(["left.pth", "right.pth", "broken.pth"]) == 0
    _, first, second, third, sentence, *rest = capsys.readouterr().out.splitlines()
    assert {first.split()[0], second.split()[0]} == {"left.pth", "right.pth"}
    assert "kept" in second
    assert third.startswith("broken.pth")
    assert "left out" in third
    assert "2 of 3" in sentence
    assert [len(numbers_of(line)) for line in (first, second, third)] == [3, 6, 6]
    assert numbers_of(sentence)[0::2] == numbers_of(second)[3:]  # of the average
    assert numbers_of(sentence)[1::2] == numbers_of(first)  # of the best run
    assert "dvc exp run -S train.checkpoint=data/weights/soup.pth" in rest[-1]
    checkpoint = load_checkpoint(project / "data/weights/soup.pth")
    assert sorted(checkpoint.ingredients) == ["left.pth", "right.pth"]
    assert checkpoint.state_dict["head.bias"].tolist() == [0, 0]


def test_the_workspace_is_a_run(project):
    assert main(["workspace", "right.pth"]) == 0
    assert "workspace" in load_checkpoint(project / "data/weights/soup.pth").ingredients


def test_where_no_average_helps_nothing_is_written(project, capsys):
    """Also with an earlier average that another run does not improve."""
    assert main(["left.pth", "broken.pth"]) == 1
    assert "left.pth" in capsys.readouterr().out.splitlines()[-1]
    assert not (project / "data/weights/soup.pth").exists()
    assert main(["left.pth", "right.pth", "--output", "earlier.pth"]) == 0
    assert main(["earlier.pth", "broken.pth"]) == 1
    assert "earlier.pth" in capsys.readouterr().out.splitlines()[-1]
    assert not (project / "data/weights/soup.pth").exists()


def test_an_average_elsewhere_comes_with_the_way_into_the_pipeline(capsys):
    assert main(["left.pth", "right.pth", "--output", "shared/ours.pth"]) == 0
    *_, copy, run = capsys.readouterr().out.splitlines()
    assert copy.split() == ["cp", "shared/ours.pth", "data/weights/"]
    assert run.endswith("-S train.checkpoint=data/weights/ours.pth")


def test_an_earlier_average_is_replaced_but_no_other_file(project, capsys):
    assert main(["left.pth", "right.pth"]) == 0
    assert main(["right.pth", "left.pth"]) == 0
    for name in ("left.pth", "data/notes.pth"):
        path = project / name
        path.touch()
        before = path.read_bytes()
        assert main(["left.pth", "right.pth", "--output", name]) == 2
        error = capsys.readouterr().err
        assert name in error
        assert "--output" in error
        assert path.read_bytes() == before


def test_equal_runs_give_equal_bytes(project):
    main(["left.pth", "right.pth"])
    first = (project / "data/weights/soup.pth").read_bytes()
    main(["left.pth", "right.pth"])
    assert (project / "data/weights/soup.pth").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["left.pth", "none.pth"], ["none.pth"]),
        (["left.pth", "left.pth"], ["left.pth", "weights"]),
        (["left.pth", "main"], ["Git"]),  # there is no repository
        (["left.pth", "right.pth", "--output", "soup"], ["--output", "'soup'", ".pth"]),
    ],
)
def test_what_cannot_be_averaged_is_one_line_on_stderr(arguments, named, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert all(word in err for word in named)
    assert err.count("error: ") == err.count("\n") == 1
    assert out == ""


@pytest.mark.parametrize("name", ["run", "R.PTH", "deep/v1.0"])
def test_an_argument_that_is_a_file_is_that_file(project, name):
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_bytes((project / "right.pth").read_bytes())
    assert main(["left.pth", name]) == 0
    found = load_checkpoint(project / "data/weights/soup.pth").ingredients
    assert sorted(found) == sorted(["left.pth", name.split("/")[-1]])


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("m.onnx", b"\x08\x08\x12\x07pytorch" + bytes(40), "an ONNX file"),
        ("notes", b"path,label\n", "a text file"),
        ("a.safetensors", b"", "an empty file"),
    ],
)
def test_a_file_of_another_kind_is_named_and_not_taken_for_a_revision(
    project, capsys, name, content, named
):
    (project / name).write_bytes(content)
    assert main(["left.pth", name]) == 2
    error = capsys.readouterr().err
    assert f"error: {name} is not a checkpoint" in error
    assert named in error


@pytest.mark.parametrize("name", ["models", "none.onnx", "https://example.org/left.pth"])
def test_a_folder_an_address_and_a_missing_file_are_no_revisions(capsys, name):
    assert main(["left.pth", name]) == 2
    error = capsys.readouterr().err
    assert f"error: {name} " in error
    assert "Git" not in error


def rewrite(path, change):
    content = torch.load(path, weights_only=True)
    change(content["state_dict"])
    torch.save(content, path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda weights: weights.pop("head.bias"), "head.bias"),
        (lambda weights: weights["head.bias"].fill_(float("nan")), "head.bias"),
        (lambda weights: weights["head.weight"].fill_(3e38), "not finite"),  # in its logits
    ],
    ids=["missing", "nan", "overflow"],
)
@pytest.mark.parametrize("run", ["right.pth", "workspace"])
def test_the_run_that_cannot_be_averaged_is_named_and_nothing_written(
    project, capsys, change, named, run
):
    """A network that overflows has an NLL of NaN, which is neither better nor worse."""
    rewrite(project / ("right.pth" if run == "right.pth" else "models/best_model.pth"), change)
    for runs in (["broken.pth", run], [run, "broken.pth"]):
        assert main(runs) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert run in error
        assert named in error
    assert not (project / "data/weights/soup.pth").exists()


def test_one_run_is_not_enough(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["left.pth"])
    assert "at least two runs" in capsys.readouterr().err


def test_runs_of_other_splits_are_refused(project, capsys):
    text = (project / "data/splits/val.csv").read_text()
    (project / "data/splits/val.csv").write_text(text.replace(",happy,", ",sad,", 1))
    assert main(["left.pth", "right.pth"]) == 2
    error = capsys.readouterr().err
    assert all(word in error for word in ("left.pth", "right.pth", "data/splits/"))
