"""`emotion evaluate`: its scores equal scikit-learn's, and every row is scored or listed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn import metrics

from emotion.cli import evaluate
from emotion.core import files
from emotion.data.face import FaceImage
from emotion.prediction.model import Model
from tests.conftest import make_checkpoint
from tests.prediction.conftest import CLASSES, PREPROCESSING, write_onnx
from tests.user_errors import user_error

pytestmark = pytest.mark.usefixtures("fast_evaluation")


def save_image(path, brightest, seed, size=40):
    """Smooth noise, in which the model of tests/prediction sees the class of one color channel."""
    coarse = np.random.default_rng(seed).integers(0, 120, (12, 12, 3), dtype=np.uint8)
    coarse[..., CLASSES.index(brightest)] += 100
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(path)


class Dataset:
    """A folder with labels.csv, and images for which a test chooses the predicted class."""

    def __init__(self, root):
        self.root, self.rows = root, []

    def add(self, label, predicted=None, seed=None, **cells):
        name = f"{len(self.rows):03d}.png"
        seed = len(self.rows) if seed is None else seed
        save_image(self.root / name, predicted or label, seed)
        self.rows.append({"path": name, "label": label, "predicted": predicted or label, **cells})

    def write(self):
        table = pd.DataFrame(self.rows).fillna("")
        table.drop(columns="predicted").to_csv(self.root / "labels.csv", index=False)
        return table


@pytest.fixture
def onnx_file(tmp_path):
    return write_onnx(tmp_path / "model.onnx")


@pytest.fixture
def dataset(tmp_path):
    return Dataset(tmp_path / "faces")


@pytest.fixture
def mixed(dataset):
    """30 images in three classes, a third of them mistaken, each of another person."""
    for index in range(30):
        label = CLASSES[index % 3]
        predicted = CLASSES[(index // 3) % 3] if index % 2 else label
        dataset.add(label, predicted, subject=f"s{index}", age=("young", "old")[index % 2])
    dataset.write()
    return dataset


@pytest.fixture
def run(tmp_path, onnx_file):
    """Evaluate as the command does; returns its text, and the folder of the report."""

    def run(data, *extra, model=onnx_file, out=tmp_path / "out"):
        arguments = [str(model), str(data), "--out", str(out), *extra]
        return evaluate.evaluate(evaluate.parse_request(arguments)), out

    return run


def read_report(out):
    return files.read_json(out / "report.json")


def contents(out):
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_report_equals_scikit_learn_on_the_same_predictions(mixed, run):
    text, out = run(mixed.root)
    report, rows = read_report(out), mixed.write()
    actual, predicted = rows["label"], rows["predicted"]
    accuracy = metrics.accuracy_score(actual, predicted)
    macro_f1 = metrics.f1_score(actual, predicted, average="macro")
    assert report["test"]["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert report["test"]["macro_f1"] == pytest.approx(macro_f1, abs=1e-6)
    assert f" {macro_f1:.3f} " in text
    assert report["test"]["macro_f1_low"] < macro_f1 < report["test"]["macro_f1_high"]
    scores = metrics.precision_recall_fscore_support(actual, predicted, labels=CLASSES)
    for index, name in enumerate(CLASSES):
        found = [report["per_class"][name][key] for key in ("precision", "recall", "f1", "support")]
        assert found == pytest.approx([values[index] for values in scores], abs=1e-6)
    assert " 30 images" in text
    assert evaluate.DRAWN_ONLY not in text


def test_the_probabilities_are_those_of_the_model_and_are_not_calibrated_again(mixed, run):
    _, out = run(mixed.root)
    names = mixed.write()
    probabilities = []
    for name in names["path"]:
        with Image.open(mixed.root / name) as image:
            image = image.resize((36, 36), Image.Resampling.BICUBIC)
        means = np.asarray(image)[2:34, 2:34].mean(axis=(0, 1)) / 255
        probabilities.append(np.exp(10 * means) / np.exp(10 * means).sum())
    labels = names["label"].map(CLASSES.index)
    test = read_report(out)["test"]
    assert test["nll"] == pytest.approx(metrics.log_loss(labels, probabilities), abs=1e-4)
    assert test["nll_uncalibrated"] == test["nll"]


def test_a_checkpoint_is_evaluated_with_its_calibration(mixed, run, tmp_path):
    checkpoint = make_checkpoint(img_size=32)
    checkpoint.save(tmp_path / "m" / "best_model.pth")
    _, out = run(mixed.root, model=tmp_path / "m")
    network, names = checkpoint.build_model(), mixed.write()
    read = [
        checkpoint.preprocessing.center_crop(
            checkpoint.preprocessing.read(FaceImage(mixed.root / name))
        )
        for name in names["path"]
    ]
    images = torch.from_numpy(np.stack(read)).float() / 255
    mean, std = (torch.tensor(getattr(checkpoint.preprocessing, k)) for k in ("mean", "std"))
    with torch.no_grad():
        logits = network((images - mean[:, None, None]) / std[:, None, None]).double()
    labels = torch.tensor(names["label"].map(CLASSES.index))
    nll = torch.nn.functional.cross_entropy(logits, labels).item()
    assert read_report(out)["test"]["nll"] == pytest.approx(nll, abs=1e-4)


def test_the_interval_respects_people_and_near_duplicates(dataset, run):
    for index in range(12):
        dataset.add(CLASSES[index % 3], subject=f"s{index // 4}")
    dataset.add("happy", seed=100)
    with Image.open(dataset.root / "012.png") as image:
        image.save(dataset.root / "013.png", format="JPEG", quality=95)
    dataset.rows.append({"path": "013.png", "label": "happy", "predicted": "happy"})
    dataset.write()
    test = read_report(run(dataset.root)[1])["test"]
    assert test["rows"] == 14
    assert test["groups"] == 4  # three people, and one image twice


def test_people_whom_the_names_of_class_folders_name_are_groups(tmp_path, run, capsys):
    for index in range(18):
        label, person = CLASSES[index % 3], index // 6
        save_image(tmp_path / "faces" / label / f"S{person:03d}_001_{index:08d}.png", label, index)
    assert read_report(run(tmp_path / "faces")[1])["test"]["groups"] == 18
    assert "--subject-pattern" in capsys.readouterr().out
    for options in (["--subject-pattern", r"/(S\d+)_"], ["--format", "ckplus"]):
        _, out = run(tmp_path / "faces", *options)
        assert read_report(out)["test"]["groups"] == 3
        assert capsys.readouterr().out == ""


def test_a_pattern_without_a_group_is_an_error_of_the_command_line(mixed, run, capsys):
    with pytest.raises(SystemExit):
        run(mixed.root, "--subject-pattern", "S1")
    assert "one group" in capsys.readouterr().err


def test_the_order_of_the_rows_does_not_matter(mixed, run):
    first = contents(run(mixed.root)[1])
    mixed.rows = mixed.rows[::-1]
    mixed.write()
    assert contents(run(mixed.root)[1]) == first


def test_an_augmented_copy_counts_as_synthetic(dataset, run):
    for label in CLASSES:
        dataset.add(label)
    (dataset.root / "000.png").rename(dataset.root / "001_aug_2.png")
    dataset.rows[0]["path"] = "001_aug_2.png"
    dataset.write()
    test = read_report(run(dataset.root)[1])["test"]
    assert test["synthetic_fraction"] == pytest.approx(1 / 3, abs=1e-6)
    assert test["groups"] == 2


def test_attributes_of_the_dataset_are_slices_and_other_columns_are_not(mixed, run):
    for row in mixed.rows:
        row |= {"evidence": row["path"], "votes_happy": "9", "votes_sad": "0", "label": ""}
    mixed.write()
    _, out = run(mixed.root)
    slices = pd.read_csv(out / "tables" / "slices.csv")
    assert set(slices["attribute"]) == {"age"}


def test_rows_that_cannot_be_used_are_counted_by_reason_and_listed(mixed, run):
    (mixed.root / "000.png").unlink()
    (mixed.root / "001.png").write_text("no image")
    (mixed.root / "002.png").write_bytes((mixed.root / "003.png").read_bytes()[:300])
    Image.new("RGB", (40, 40), "red").save(mixed.root / "004.png")
    text, out = run(mixed.root)
    reasons = ("1 missing", "1 not an image", "1 truncated", "1 blank")
    for count in ("26 images", "WARNING: 4 rows", *reasons):
        assert count in text
    left_out = pd.read_csv(out / "left_out.csv")
    assert set(left_out["path"].str[-7:]) == {"000.png", "001.png", "002.png", "004.png"}
    rows = mixed.write().drop(index=[0, 1, 2, 4])
    accuracy = (rows["label"] == rows["predicted"]).mean()
    assert read_report(out)["test"]["accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_rows_that_an_option_leaves_out_are_no_warning(mixed, run):
    text, _ = run(mixed.root, "--labels", f"{CLASSES[0]}=")
    assert "10 rows left out" in text
    assert "WARNING" not in text


def test_a_class_that_the_model_lacks_is_named_with_the_option_that_maps_it(mixed, run, tmp_path):
    mixed.add("contemptuous", "sad")
    mixed.add("bored", "sad")
    mixed.write()
    names = ("'bored' (1 rows)", "'contempt' (1 rows)", *CLASSES)
    with user_error(*names, "--labels bored=", file="faces", hint="--labels bored=angry"):
        run(mixed.root)
    assert not (tmp_path / "out").exists()
    text, out = run(mixed.root, "--labels", "contempt=sad", "Bored=")
    assert "31 images" in text
    assert "1 excluded" in text
    assert read_report(out)["per_class"]["sad"]["support"] == 11
    assert pd.read_csv(out / "left_out.csv")["label"].tolist() == ["bored"]


def test_a_model_class_without_images_is_named(dataset, run):
    for label, predicted in (("happy", "happy"), ("sad", "angry"), ("sad", "sad")):
        dataset.add(label, predicted)
    dataset.write()
    text, out = run(dataset.root)
    assert "angry (1 predicted)" in text
    macro_f1 = metrics.f1_score(["h", "s", "s"], ["h", "a", "s"], average="macro")
    assert read_report(out)["test"]["macro_f1"] == pytest.approx(macro_f1, abs=1e-6)


@pytest.fixture
def divided(dataset):
    for index in range(12):
        dataset.add(CLASSES[index % 3], split=("train", "test")[index // 8])
    dataset.write()
    return dataset


def test_all_rows_of_a_split_dataset_are_used_unless_a_split_is_chosen(divided, run):
    text, out = run(divided.root)
    assert "12 images, all splits (train 8, test 4)" in text
    assert read_report(out)["test"]["rows"] == 12
    text, out = run(divided.root, "--split", "test")
    assert "4 images, split test" in text
    assert read_report(out)["test"]["rows"] == 4


def test_a_split_that_the_dataset_lacks_is_an_error(divided, run):
    with user_error("val", "train 8, test 4", file="faces", key="--split", hint="--split"):
        run(divided.root, "--split", "val")
    divided.rows = [{**row, "split": ""} for row in divided.rows]
    divided.write()
    with user_error("test", file="faces", key="--split"):
        run(divided.root, "--split", "test")


def test_classes_of_other_splits_do_not_matter(divided, run):
    divided.add("contempt", "sad", split="train")
    divided.write()
    run(divided.root, "--split", "test")


@pytest.mark.parametrize("images", [1, 5])
def test_one_row_and_one_class_are_scored_without_intervals(dataset, run, images):
    for _ in range(images):
        dataset.add("happy", subject="ann")
    dataset.write()
    test = read_report(run(dataset.root)[1])["test"]
    assert (test["accuracy"], test["accuracy_low"]) == (1, None)


def test_class_folders_are_read_without_an_option(tmp_path, run):
    for index, label in enumerate(("happiness", "sadness", "anger")):
        save_image(tmp_path / "photos" / label / "1.png", CLASSES[(index + 1) % 3], index)
    assert read_report(run(tmp_path / "photos")[1])["test"]["accuracy"] == 1


def test_images_inside_a_table_are_unpacked_next_to_the_report(tmp_path, run):
    rng = np.random.default_rng(0)
    pixels = [" ".join(map(str, rng.integers(0, 256, 48 * 48))) for _ in range(5)]
    rows = {"emotion": [0, 3, 4, 0, 3], "pixels": [*pixels[:4], "1 2 3"]}
    usage = ["Training", "PrivateTest", "PrivateTest", "PublicTest", "PrivateTest"]
    (tmp_path / "fer").mkdir()
    pd.DataFrame(rows | {"Usage": usage}).to_csv(tmp_path / "fer" / "fer2013.csv", index=False)
    text, out = run(tmp_path / "fer", "--format", "fer2013", "--split", "test")
    assert "2 images, split test" in text
    assert "1 broken pixels" in text
    images = sorted((out / "images").rglob("*.png"))
    assert len(images) == 2
    tables = (out / "left_out.csv", out / "tables/mistakes.csv", out / "tables/label_noise.csv")
    named = [path for table in tables for path in pd.read_csv(table)["path"]]
    assert {str(Path(path).parent) for path in named} == {str(images[0].parent)}


def test_a_model_of_drawn_faces_gives_a_warning(mixed, run, tmp_path):
    drawn = write_onnx(tmp_path / "drawn.onnx", synthetic_fraction=1.0)
    assert evaluate.DRAWN_ONLY in run(mixed.root, model=drawn)[0]


def test_rows_with_another_label_elsewhere_are_counted(dataset, run):
    for label in ("happy", "sad", "sad"):
        dataset.add(label, "sad", seed=1)
    dataset.add("happy")
    dataset.write()
    assert "\n3 rows " in run(dataset.root)[0]


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["bored"], "'bored'"),
        (["=sad"], "'=sad'"),
        ([" = "], "' = '"),
        (["a=sad", "A=happy"], "'a'"),
        (["happy=bored"], "'bored' (10 rows)"),  # not a class of the model
    ],
)
def test_an_unusable_label_mapping_is_an_error(mixed, run, labels, name):
    with user_error(name, key="--labels"):
        run(mixed.root, "--labels", *labels)


def test_a_missing_folder_an_empty_one_and_one_without_usable_images_are_errors(tmp_path, run):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad" / "sad").mkdir(parents=True)
    (tmp_path / "bad" / "sad" / "x.png").write_text("no image")
    for name in ("gone", "empty"):
        with user_error(tmp_path / name):
            run(tmp_path / name)
    with user_error("1 not an image", file="bad", hint="x.png"):
        run(tmp_path / "bad")


@pytest.mark.parametrize("name", ["gone.onnx", "broken.onnx", "notes.txt", "broken.pth"])
def test_a_file_that_is_no_model_is_an_error_and_nothing_is_written(mixed, run, tmp_path, name):
    if name != "gone.onnx":
        (tmp_path / name).write_text("no model")
    with user_error(name):
        run(mixed.root, model=tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_files_is_not_overwritten(mixed, run, tmp_path):
    out = tmp_path / "out"
    for name in ("evaluation.json", "images/photo.jpg", "tables/prices.csv", "report.json"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("{}")
    before = contents(out)
    for folder in (out, out / "report.json", mixed.root / "report"):
        with user_error(file=folder, key="--out", hint="--out"):
            run(mixed.root, out=folder)
    assert contents(out) == before


def test_an_earlier_evaluation_is_replaced_and_its_settings_recorded(mixed, run):
    _, out = run(mixed.root)
    (out / "tables" / "notes.txt").write_text("mine")
    before = (out / "report.json").read_bytes()
    run(mixed.root, "--labels", "angry=")
    assert (out / "report.json").read_bytes() != before
    assert (out / "tables" / "notes.txt").read_text() == "mine"
    settings = json.loads((out / "evaluation.json").read_text())
    assert "tables/mistakes.csv" in settings["files"]
    assert settings["labels"] == {"angry": ""}
    assert settings["split"] == "all"


def test_what_is_read_may_not_lie_in_the_folder_that_is_written(mixed, run, tmp_path, onnx_file):
    _, out = run(mixed.root)
    model = out / "figures" / "model.onnx"
    model.parent.mkdir(exist_ok=True)
    model.write_bytes(onnx_file.read_bytes())
    with user_error(model, file=out, key="--out"):
        run(mixed.root, model=model)
    (out / "images").mkdir()
    inside = mixed.root.rename(out / "images" / "faces")
    (tmp_path / "link").symlink_to(inside)
    for data in (inside, tmp_path / "link"):
        with user_error(data, file=out, key="--out"):
            run(data)
    table = tmp_path / "elsewhere"
    table.mkdir()
    rows = pd.read_csv(inside / "labels.csv")
    rows.assign(path=str(inside) + "/" + rows["path"]).to_csv(table / "labels.csv", index=False)
    with user_error("30", inside / "000.png", file=out, key="--out"):
        run(table)
    assert len(list(inside.glob("*.png"))) == 30
    assert model.exists()


def test_a_run_that_fails_keeps_the_earlier_report(mixed, run):
    _, out = run(mixed.root)
    before = contents(out)
    for image in mixed.root.glob("*.png"):
        image.write_text("no image")
    model = next(iter(out.parent.glob("*.onnx")))
    with user_error(file=mixed.root):
        evaluate.main([str(model), str(mixed.root), "--out", str(out)])
    assert contents(out) == before
    assert [path.name for path in out.parent.iterdir() if path.name[0] == "."] == []


def test_the_report_goes_to_a_folder_named_by_model_and_dataset(
    mixed, onnx_file, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert evaluate.main([str(onnx_file), str(mixed.root)]) == 0
    assert (tmp_path / "reports" / "model_on_faces" / "report.json").is_file()


def test_images_are_predicted_in_batches_and_a_probability_of_0_is_finite(mixed, run, monkeypatch):
    sizes = []

    def one_hot(images):
        sizes.append(len(images))
        return np.eye(3, dtype=np.float32)[np.zeros(len(images), dtype=int)]

    model = Model(
        class_names=CLASSES,
        preprocessing=PREPROCESSING,
        synthetic_fraction=0.0,
        threshold=0.5,
        target_error=0.1,
        probabilities=one_hot,
        batch_size=16,
    )
    for _ in range(30):
        mixed.add("sad")
    mixed.write()
    monkeypatch.setattr(evaluate, "load_model", lambda *_, **__: model)
    text, out = run(mixed.root)
    assert sum(sizes) == 60
    assert max(sizes) <= 32
    report = read_report(out)
    assert report["test"]["nll"] == pytest.approx(50 / 60 * 87.3365, abs=1e-2)
    assert report["answered"]["coverage"] == 1
    assert " 0.833" in text  # error rate of the images above the threshold


@pytest.mark.slow
def test_figures_and_tables_are_those_of_the_stage(mixed, run, monkeypatch):
    monkeypatch.undo()
    _, out = run(mixed.root)
    figures = {path.name for path in (out / "figures").iterdir()}
    assert {"confusion.png", "reliability.png", "risk_coverage.png", "per_class.png"} <= figures
    tables = {path.name for path in (out / "tables").iterdir()}
    assert {"confusion.csv", "confusions.csv", "slices.csv", "mistakes.csv"} <= tables
