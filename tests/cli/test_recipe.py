"""`emotion recipe` shows what it changes in params.yaml, and writes exactly that, or nothing."""

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides  # what `dvc exp run -S` does
from ruamel.yaml import YAML

from emotion.cli import edit_params, recipe
from emotion.cli.commands import run_command
from emotion.cli.recipes import FILES, load_recipe
from emotion.core import files
from emotion.core.params import load_params
from emotion.data.crop_params import CropParams
from emotion.data.manifest import face_columns
from emotion.data.transforms import AugmentParams
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.fit import fit
from emotion.training.params import TrainParams
from stages import check_params
from tests.datasets.conftest import make_face
from tests.test_params_form import flatten
from tests.training.conftest import paths_in
from tests.user_errors import user_error

ROOT = Path.cwd()
PARAMS = Path("params.yaml")
PHOTOS = ["--root", "data/raw/faces"]
# Values that no recipe has, so that every recipe changes something whatever is shipped.
OTHER = ["model_type=resnet18", "train.img_size=64", "train.epochs=3", "evaluate.bootstrap=500"]
# Keys of `train` that do not decide which network comes out, but for its seed and the last bits.
EXECUTION = {
    "seed",
    "deterministic",
    "amp",
    "cache",
    "cache_gb",
    "workers",
    "statistics",
    "tracker",
}
UNUSED = {"mixup_alpha", "cutmix_alpha", "teacher_weight", "teacher_temperature"}  # switched off


def git(*arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A repository whose params.yaml is committed, and a dataset of three formats."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, folder)
    monkeypatch.chdir(folder)
    apply_overrides(PARAMS, OTHER)
    Path("data/raw/faces/happy").mkdir(parents=True)
    Path("data/raw/faces/labels.csv").touch()
    git("init", "-q")
    git("add", "params.yaml")
    git("commit", "-q", "-m", "first")
    return folder


def settings():
    return dict(flatten(YAML(typ="safe", pure=True).load(PARAMS.read_text(encoding="utf-8"))))


def comments(text):
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def changes_shown(printed):
    """By key, the text of the present and of the new value."""
    pairs = (line.split(maxsplit=1) for line in printed.splitlines() if " -> " in line)
    return {key: tuple(values.split(" -> ")) for key, values in pairs}


def test_the_list_has_every_recipe_in_lines_that_fit(capsys):
    assert recipe.main([]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(FILES)]] == list(FILES)
    assert max(map(len, [header, *lines])) <= recipe.WIDTH
    assert lines[list(FILES).index("faces")].split()[-3:] == ["0.722", "0.621", "2.5"]


def test_a_recipe_whose_minutes_are_not_recorded_is_listed():
    found = load_recipe("faces")
    without = found.results[0].model_copy(update={"minutes": None, "accuracy": 0.5})
    shown = recipe.format_list({"faces": found.model_copy(update={"results": [without]})})
    assert shown.splitlines()[1].split()[-2] == "0.500"


@pytest.mark.parametrize("name", FILES)
def test_without_a_root_nothing_is_written(capsys, name):
    before = PARAMS.read_bytes()
    assert recipe.main([name]) == 0
    printed = capsys.readouterr().out
    assert PARAMS.read_bytes() == before
    result = load_recipe(name).results[0]
    for text in (result.dataset.split()[0], f"{result.accuracy:.3f}", f"{result.minutes} minutes"):
        assert text in printed
    assert max(map(len, printed.splitlines())) <= recipe.WIDTH


@pytest.mark.parametrize("name", FILES)
def test_it_writes_the_bytes_that_dvc_would_write(project, name):
    """For the values that differ; the others keep their spelling, such as 1e-3."""
    copy, present = project / "copy.yaml", settings()
    shutil.copy(PARAMS, copy)
    values = {**dict(flatten(load_recipe(name).params)), "data.root": "data/raw/faces"}
    changed = {key: value for key, value in values.items() if value != present[key]}
    apply_overrides(copy, [f"{key}={json.dumps(value)}" for key, value in changed.items()])
    apply_overrides(copy, ["data.format=csv"])
    assert recipe.main([name, *PHOTOS]) == 0
    assert PARAMS.read_bytes() == copy.read_bytes()
    apply_overrides(copy, [f"train.seed={present['train.seed'] + 1}"])
    lines = zip(PARAMS.open(), copy.open(), strict=True)
    assert sum(before != after for before, after in lines) == 1


def test_what_is_shown_is_what_is_written_and_comments_are_kept(capsys):
    before, text = settings(), PARAMS.read_text(encoding="utf-8")
    assert recipe.main(["faces", *PHOTOS]) == 0
    printed = capsys.readouterr().out
    after = settings()
    changed = {key for key in before if before[key] != after[key]}
    assert {"model_type", "data.root", "train.epochs"} <= changed
    assert changed == changes_shown(printed).keys()
    assert changes_shown(printed)["train.epochs"] == ("3", "7")
    assert before.keys() == after.keys()
    assert comments(PARAMS.read_text(encoding="utf-8")) == comments(text)
    assert "dvc repro" in printed.splitlines()[-1]


def test_a_recipe_over_another_gives_what_it_gives_alone():
    assert recipe.main(["imagenet", *PHOTOS]) == 0
    alone = settings()
    assert recipe.main(["faces", *PHOTOS, "--force"]) == 0
    assert recipe.main(["imagenet", *PHOTOS, "--force"]) == 0
    assert settings() == alone


def test_uncommitted_values_are_refused_until_they_are_forced(capsys):
    apply_overrides(PARAMS, ["train.epochs=99"])
    before = PARAMS.read_bytes()
    with user_error("committed", key="--force", hint="--force"):
        recipe.main(["faces", *PHOTOS])
    assert PARAMS.read_bytes() == before
    assert changes_shown(capsys.readouterr().out)["train.epochs"] == ("99", "7")
    git("add", "params.yaml")  # staged is not committed
    with user_error("committed", key="--force"):
        recipe.main(["faces", *PHOTOS])
    assert recipe.main(["faces", *PHOTOS, "--force"]) == 0
    assert settings()["train.epochs"] == 7


def test_values_that_are_there_already_are_not_refused(capsys):
    assert recipe.main(["faces", *PHOTOS]) == 0
    written = PARAMS.read_bytes()
    capsys.readouterr()
    assert recipe.main(["faces", *PHOTOS]) == 0
    assert PARAMS.read_bytes() == written
    assert changes_shown(capsys.readouterr().out) == {}


@pytest.mark.parametrize("case", ["untracked", "ignored", "no repository", "no git"])
def test_what_git_cannot_bring_back_is_not_overwritten(project, monkeypatch, case):
    if case in ("untracked", "ignored"):
        git("rm", "-q", "--cached", "params.yaml")
        git("commit", "-q", "-m", "second")
    if case == "ignored":
        Path(".gitignore").write_text("params.yaml\n")
    if case == "no repository":
        shutil.rmtree(".git")
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    if case == "no git":
        monkeypatch.setenv("PATH", str(project))
    before = PARAMS.read_bytes()
    with user_error(key="--force", hint="--force"):
        recipe.main(["faces", *PHOTOS])
    assert PARAMS.read_bytes() == before
    assert recipe.main(["faces", *PHOTOS, "--force"]) == 0


@pytest.mark.parametrize("name", FILES)
def test_every_recipe_passes_the_check_of_the_pipeline(name):
    recipe.main([name, *PHOTOS])
    check_params.main()


def test_every_section_is_checked_before_it_is_written(project):
    assert recipe.schemas() == {**check_params.DATA, **check_params.NETWORK, **check_params.RESULT}
    PARAMS.write_text(PARAMS.read_text().replace("  opset:", "  opsett:"))
    before = PARAMS.read_bytes()
    with user_error("export_onnx.opsett", "export_onnx.opset", file="params.yaml") as caught:
        recipe.main(["faces", *PHOTOS, "--force"])
    assert str(caught.value).startswith("params.yaml ")
    assert PARAMS.read_bytes() == before
    assert {path.name for path in project.iterdir()} == {"params.yaml", "dvc.yaml", "data", ".git"}


@pytest.mark.parametrize("name", FILES)
def test_a_recipe_sets_every_key_that_training_depends_on(name):
    train = load_recipe(name).params["train"]
    fields = {field.name for field in dataclasses.fields(TrainParams)}
    assert set(train) == fields - EXECUTION - UNUSED
    assert not any(train[switch] for switch in ("use_mixup", "use_cutmix", "teacher"))
    assert set(train["augment"]) == {field.name for field in dataclasses.fields(AugmentParams)}


def test_all_recipes_set_the_same_keys():
    keys = {frozenset(dict(flatten(load_recipe(name).params))) for name in FILES}
    assert len(keys) == 1


@pytest.mark.parametrize("name", FILES)
def test_the_result_of_a_recipe_is_the_one_that_was_measured(name):
    found = load_recipe(name)
    data = found.params["data"]
    photographs = files.read_json(ROOT / "benchmarks/results/faces.json")["photographs"]
    # It was measured before there was this key, whose value 1 changes nothing.
    photographs["params"][name]["train"]["augment"].setdefault("resolution", 1.0)
    assert photographs["params"][name] == {**found.params, "data": {}}
    measured = photographs["recipes"][name][f"{data['faces']}-{data['face_margin']:g}"]
    result = found.results[0]
    assert result.runs == measured["seeds"]
    scores = measured["scores"]["original"]
    assert result.accuracy == round(float(np.mean(scores["accuracy"])), 3)
    assert result.macro_f1 == round(float(np.mean(scores["macro_f1"])), 3)
    assert result.minutes == round(float(np.mean(measured["minutes"])), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_recipe_trains_for_two_steps(project, striped_rows, name):
    """One of the head and one of everything, at the size of the recipe, from random weights."""
    recipe.main([name, *PHOTOS])
    data = load_recipe(name).params["data"]
    crop = CropParams(faces=data["faces"], face_margin=data["face_margin"])
    cells = face_columns(0, make_face(0, 0, 40), image_sha256="0" * 64)
    rows = striped_rows.assign(**cells) if crop.faces != "as_is" else striped_rows
    params = load_params(TrainParams, PARAMS, Path("dvc.yaml"), "train")
    params = dataclasses.replace(params, epochs=2, freeze_backbone_epochs=1, workers=0)
    paths = paths_in(project)
    network = PretrainedParams(model_type=load_recipe(name).params["model_type"], pretrained="none")
    fetch_pretrained(network, paths.weights, project)
    train_rows, val_rows = rows[:16], rows[16:]
    labels, weights = {"happy": 0, "sad": 1}, {"happy": 1.0, "sad": 1.0}
    checkpoint = fit(train_rows, val_rows, labels, weights, params, paths, crop=crop)
    assert len(checkpoint.history["train_loss"]) == 2
    assert np.isfinite(checkpoint.history["train_loss"]).all()
    assert checkpoint.preprocessing.img_size == params.img_size
    assert checkpoint.preprocessing.faces == crop.faces


@pytest.mark.parametrize(
    ("name", "near"),
    [("face", "faces"), ("image_net", "imagenet"), ("../../x", "faces"), ("/etc/passwd", "faces"),
     ("", "imagenet"), ("faces.yaml", "faces"), ("FACES", "faces"), ("\x1b[2J" * 5000, "faces")],
)  # fmt: skip
def test_an_unknown_name_is_one_sentence_with_those_that_exist(name, near):
    with user_error(near, key="NAME") as caught:
        recipe.main([name, *PHOTOS])
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["--root", "data/raw/gone"], "--root"),
        (["--root", ""], "--root"),
        (["--root", "params.yaml"], "--root"),
        (["--root", "."], "--root"),
        (["--root", ".."], "--root"),
        (["--root", "data/raw/empty"], "--root"),
        ([*PHOTOS, "--format", "xls"], "--format"),
    ],
    ids=str,
)
def test_a_wrong_dataset_is_one_sentence_and_changes_nothing(capsys, arguments, key):
    Path("data/raw/empty").mkdir()
    before = PARAMS.read_bytes()
    with user_error(key=key):
        recipe.main(["faces", *arguments])
    assert PARAMS.read_bytes() == before
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("root", "table", "chosen", "stored", "expected"),
    [
        ("data/raw/a", True, None, "data/raw/a", "csv"),
        ("./data/raw/a/", False, None, "data/raw/a", "folder"),
        ("data/raw/a", True, "ferplus", "data/raw/a", "ferplus"),
        ("data/raw/my faces: größer # 笑", False, None, "data/raw/my faces: größer # 笑", "folder"),
        ("data/raw/" + "long name " * 15 + "end", True, None, None, "csv"),
        ("data/raw/2024", False, None, "data/raw/2024", "folder"),
        ("../outside", False, None, "../outside", "folder"),
        ("{here}/data/raw/a", True, None, "data/raw/a", "csv"),
        ("{here}/../elsewhere", True, None, "../elsewhere", "csv"),
    ],
)
def test_the_folder_and_its_format_are_written(project, root, table, chosen, stored, expected):
    root, stored = (text and text.format(here=project) for text in (root, stored or root))
    (Path(root) / "happy").mkdir(parents=True)
    if table:
        (Path(root) / "labels.csv").touch()
    options = ["--format", chosen] if chosen else []
    assert recipe.main(["faces", "--root", root, *options]) == 0
    assert (settings()["data.root"], settings()["data.format"]) == (stored, expected)
    check_params.main()


@pytest.mark.parametrize(
    "arguments", [["--root", "x"], ["faces", "--force"], ["faces", "--format", "csv"]], ids=str
)
def test_options_that_say_nothing_are_a_usage_error(arguments):
    with pytest.raises(SystemExit) as ended:
        recipe.main(arguments)
    assert ended.value.code == 2


BROKEN = {
    "empty": "",
    "comments alone": "# nothing\n",
    "list": "- model_type: resnet50\n",
    "word": "model_type\n",
    "tab": "train:\n\tepochs: 3\n",
    "two documents": "model_type: a\n---\nmodel_type: b\n",
    "repeated key": "model_type: a\nmodel_type: b\n",
    "section is a list": "train: [1, 2]\n",
    "section is a word": "train: fast\n",
    "brackets": "x: " + "[" * 1000,
    "wrong date": "x: 2024-99-99\n",
    "one mapping in two sections": "train: &a {}\nevaluate: *a\n",
    "latin-1": b"# gr\xf6\xdfer\nmodel_type: a\n",
    "archive": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_params_yaml_is_one_sentence_and_is_kept(capsys, content):
    content = content if isinstance(content, bytes) else content.encode()
    PARAMS.write_bytes(content)
    assert run_command(recipe.main, ["faces", *PHOTOS, "--force"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: params.yaml ")
    assert error.count("\n") == 1
    assert len(error) < 5000
    assert PARAMS.read_bytes() == content


def test_a_missing_file_is_one_sentence():
    PARAMS.unlink()
    with user_error(file="params.yaml", hint="root of the repository"):
        recipe.main(["faces", *PHOTOS])


def test_keys_that_are_missing_are_added_in_their_section(capsys):
    lines = PARAMS.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [
        line for line in lines if line.split(":")[0].strip() not in ("epochs", "flip", "pretrained")
    ]
    PARAMS.write_text("".join(kept), encoding="utf-8")
    assert recipe.main(["faces", *PHOTOS, "--force"]) == 0
    assert settings()["train.epochs"] == 7
    assert settings()["evaluate.flip"] is True
    assert settings()["pretrained"] == "require"
    assert changes_shown(capsys.readouterr().out)["train.epochs"] == ("(none)", "7")
    assert comments(PARAMS.read_text(encoding="utf-8")) == comments("".join(kept))
    # Not at its end, where the comment on the next section would precede it.
    assert re.search(r"\ntrain:\n(  #.*\n)?  epochs: 7\n", PARAMS.read_text(encoding="utf-8"))
    assert recipe.main(["faces", *PHOTOS]) == 0  # nothing is left to change


@pytest.mark.parametrize("text", ["train:\n", "{}\n", "train: {epochs: 3}\nevaluate:\n"])
def test_sections_that_are_missing_are_added(text):
    PARAMS.write_text(text)
    assert recipe.main(["faces", *PHOTOS, "--force"]) == 0
    assert settings()["train.epochs"] == 7
    check_params.main()


def test_anchors_and_line_ends_of_windows_are_read():
    text = PARAMS.read_text(encoding="utf-8").replace("epochs: 3", "epochs: &n 3")
    text = text.replace("patience: ", "patience: *n # ")
    PARAMS.write_bytes(text.replace("\n", "\r\n").encode())
    git("add", "params.yaml")
    git("commit", "-q", "-m", "windows")
    before = settings()
    recipe.main(["imagenet", *PHOTOS])
    after = settings()
    assert (before["train.patience"], after["train.patience"], after["train.epochs"]) == (3, 8, 11)
    assert b"\r" not in PARAMS.read_bytes()


def test_a_symbolic_link_stays_one_and_the_mode_of_its_target_too(project):
    target = project / "settings" / "mine.yaml"
    target.parent.mkdir()
    PARAMS.rename(target)
    PARAMS.symlink_to(target)
    target.chmod(0o640)
    with user_error(file="params.yaml", hint="--force"):  # the link is committed, not its target
        recipe.main(["faces", *PHOTOS])
    assert recipe.main(["faces", *PHOTOS, "--force"]) == 0
    assert PARAMS.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert settings()["train.epochs"] == 7


def test_a_failed_write_keeps_the_file(project, monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "params.yaml")

    before = PARAMS.read_bytes()
    monkeypatch.setattr(edit_params.files.os, "replace", refuse)
    assert run_command(recipe.main, ["faces", *PHOTOS]) == 2
    assert "written to" not in capsys.readouterr().out
    assert PARAMS.read_bytes() == before
    assert not list(project.glob(".writing-*"))
