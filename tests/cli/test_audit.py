"""The audit of an existing split finds leaks, changes no file, and sets the exit status."""

import re

import pandas as pd
import pytest
from PIL import Image

from emotion.cli.audit import audit, main
from tests.datasets.conftest import save_noise
from tests.user_errors import user_error


@pytest.fixture
def split(tmp_path):
    """12 images in train.csv and 6 in test.csv, without leaks."""
    for name, start, count in (("train", 0, 12), ("test", 20, 6)):
        rows = []
        for index in range(start, start + count):
            save_noise(tmp_path / "images" / f"{index}.png", seed=index)
            label = ("happy", "sad")[index % 2]
            rows.append({"path": f"images/{index}.png", "label": label, "subject": f"s{index}"})
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def run(split, *extra):
    return main([str(split / "train.csv"), str(split / "test.csv"), *extra])


def kinds_of_leak(out):
    """The first words of each line that counts rows or people of a split."""
    return re.findall(r"^  (\d+ of \d+ \w+)", out, re.MULTILINE)


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_split_without_leaks_exits_with_0_and_no_file_is_changed(split, capsys):
    before = snapshot(split)
    assert run(split) == 0
    out = capsys.readouterr().out
    for count in ("18 images", "train 12", "test 6"):
        assert count in out
    assert snapshot(split) == before


def test_a_subject_in_both_splits_exits_with_1_and_is_counted(split, capsys):
    table = pd.read_csv(split / "test.csv")
    table.loc[0, "subject"] = "s3"
    table.to_csv(split / "test.csv", index=False)
    assert run(split) == 1
    out = capsys.readouterr().out
    assert kinds_of_leak(out) == ["1 of 6 people"]
    for part in ("LEAK between train and test: 1 group", "1 of its 6 rows (16.7 %)"):
        assert part in out
    assert f"{split}/images/3.png  ~  {split}/images/20.png" in out


def test_an_identical_image_with_another_label_is_counted(split, capsys):
    save_noise(split / "images" / "25.png", seed=0)
    assert run(split) == 1
    assert "2 rows whose pixels" in capsys.readouterr().out


def copy_image(split, source, target, quality):
    with Image.open(split / "images" / source) as image:
        image.save(split / "images" / target, format="JPEG", quality=quality)


def test_identical_and_near_rows_are_counted_in_rows_of_the_second_split(split, capsys):
    table = pd.read_csv(split / "test.csv")
    for name in ("20.png", "21.png"):  # two rows of test with the image of one row of train
        (split / "images" / name).write_bytes((split / "images" / "0.png").read_bytes())
    copy_image(split, "2.png", "22.png", quality=70)
    table.loc[:1, "label"] = "happy"
    table.to_csv(split / "test.csv", index=False)
    assert run(split) == 1
    out = capsys.readouterr().out
    for part in ("train and test: 2 groups", "2 train rows", "3 test rows", "33.3 %", "16.7 %"):
        assert part in out
    assert kinds_of_leak(out) == ["2 of 6 test", "1 of 6 test"]  # identical, near


def test_pairs_follow_the_arguments_if_the_names_are_not_usual(split, capsys):
    (split / "train.csv").rename(split / "old.csv")
    (split / "test.csv").rename(split / "new.csv")
    save_noise(split / "images" / "20.png", seed=0)
    assert main([str(split / "old.csv"), str(split / "new.csv")]) == 1
    assert kinds_of_leak(capsys.readouterr().out) == ["1 of 6 new"]


def test_a_clean_pair_is_named_in_the_report_of_a_leaking_one(split, capsys):
    rows = [{"path": "images/40.png", "label": "sad", "subject": "s40"}]
    save_noise(split / "images" / "40.png", seed=40)
    pd.DataFrame(rows).to_csv(split / "val.csv", index=False)
    save_noise(split / "images" / "20.png", seed=0)
    assert run(split, str(split / "val.csv")) == 1
    out = capsys.readouterr().out
    assert out.index("no leaks between train and val") < out.index("LEAK between train and test")
    assert "no leaks between val and test" in out


def test_a_split_without_readable_images_is_an_error_and_not_clean(split, capsys):
    for index in range(20, 26):
        (split / "images" / f"{index}.png").unlink()
    assert run(split) == 2
    assert "6 images of test" in capsys.readouterr().err


def test_a_split_with_an_unreadable_image_is_never_called_clean(split, capsys):
    (split / "images" / "3.png").unlink()
    (split / "images" / "4.png").write_text("text")
    assert run(split) == 2
    out = capsys.readouterr().out
    assert "1 left out: missing" in out
    assert "2 could not be read" in out
    assert "no leaks" not in out.splitlines()


def test_a_leak_is_found_also_where_other_images_are_unreadable(split):
    (split / "images" / "3.png").unlink()
    save_noise(split / "images" / "20.png", seed=0)
    assert run(split) == 1


def test_the_splits_that_the_pipeline_wrote_can_be_audited(split, capsys):
    for name in ("train", "test"):
        table = pd.read_csv(split / f"{name}.csv")
        table.assign(group="g", sha256="0", width=64, height=64, synthetic=False).to_csv(
            split / f"{name}.csv", index=False
        )
    assert run(split) == 0
    assert "no leaks" in capsys.readouterr().out.splitlines()


def test_images_in_another_folder_are_found_with_root(split, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (split / "images").rename(elsewhere / "images")
    assert run(split) == 2
    assert "--root" in capsys.readouterr().err
    assert run(split, "--root", str(elsewhere)) == 0


@pytest.mark.parametrize(
    ("text", "names"), [("picture\nx.png\n", ["path, label"]), ("path,label\n", ["rows"])]
)
def test_a_table_without_the_columns_or_rows_is_an_error(split, text, names):
    (split / "test.csv").write_text(text)
    with user_error(*names, file="test.csv"):
        audit([split / "train.csv", split / "test.csv"])


def test_a_single_table_is_an_error(split):
    with user_error("train", hint="test.csv"):
        audit([split / "train.csv"])
