"""The audit of an existing split finds leaks, changes no file, and sets the exit status."""

import os

import pandas as pd
import pytest
from PIL import Image

from emotion.cli.audit import main
from tests.datasets.conftest import save_noise


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


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_split_without_leaks_exits_with_0_and_no_file_is_changed(split, capsys):
    before = snapshot(split)
    assert run(split) == 0
    out = capsys.readouterr().out
    assert "18 images read: train 12, test 6" in out
    assert "no leaks" in out
    assert snapshot(split) == before


def test_a_subject_in_both_splits_exits_with_1_and_is_counted(split, capsys):
    table = pd.read_csv(split / "test.csv")
    table.loc[0, "subject"] = "s3"
    table.to_csv(split / "test.csv", index=False)
    assert run(split) == 1
    out = capsys.readouterr().out
    assert "LEAK between train and test: 1 group, with 1 train row and 1 test row\n" in out
    assert "  1 of 6 people of test also stands in train, with 1 of its 6 rows (16.7 %)\n" in out
    assert "identically" not in out
    assert "near-duplicate in" not in out
    assert f"{split}/images/3.png  ~  {split}/images/20.png" in out


def test_an_identical_image_with_another_label_is_counted(split, capsys):
    save_noise(split / "images" / "25.png", seed=0)
    assert run(split) == 1
    assert "2 rows whose pixels also occur with another label" in capsys.readouterr().out


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
    assert "LEAK between train and test: 2 groups, with 2 train rows and 3 test rows\n" in out
    assert "  2 of 6 test rows (33.3 %) stand identically in train\n" in out
    assert "  1 of 6 test rows (16.7 %) has a near-duplicate in train, but no identical" in out
    assert "people" not in out.split("such as")[0]


def test_pairs_follow_the_arguments_if_the_names_are_not_usual(split, capsys):
    (split / "train.csv").rename(split / "old.csv")
    (split / "test.csv").rename(split / "new.csv")
    save_noise(split / "images" / "20.png", seed=0)
    assert main([str(split / "old.csv"), str(split / "new.csv")]) == 1
    assert "1 of 6 new rows (16.7 %) stands identically in old" in capsys.readouterr().out


def test_a_clean_pair_beside_a_leaking_one_is_named(split, capsys):
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
    assert "none of the 6 images of test can be read" in capsys.readouterr().err


def test_a_split_with_an_unreadable_image_is_never_called_clean(split, capsys):
    (split / "images" / "3.png").unlink()
    (split / "images" / "4.png").write_text("text")
    assert run(split) == 2
    out = capsys.readouterr().out
    assert "1 left out: missing" in out
    assert "no leaks among the images that were read; 2 could not be read and may leak" in out
    assert "no leaks" not in out.splitlines()


def test_a_leak_is_a_leak_also_beside_unreadable_images(split):
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


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
def test_what_is_no_table_is_an_error_and_not_waited_for(split, kind, capsys):
    table = split / "test.csv"
    table.unlink()
    make = {"folder": table.mkdir, "pipe": lambda: os.mkfifo(table)}
    make.get(kind, lambda: table.symlink_to(table))()
    assert run(split) == 2
    assert f"{table} " in capsys.readouterr().err


def test_images_in_another_folder_are_found_with_root(split, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (split / "images").rename(elsewhere / "images")
    assert run(split) == 2
    assert "--root" in capsys.readouterr().err
    assert run(split, "--root", str(elsewhere)) == 0


def test_a_table_without_the_columns_is_an_error(split, capsys):
    (split / "test.csv").write_text("picture\nx.png\n")
    assert run(split) == 2
    assert "test.csv lacks the column(s) path, label" in capsys.readouterr().err


def test_a_table_without_rows_is_an_error(split, capsys):
    (split / "test.csv").write_text("path,label\n")
    assert run(split) == 2
    assert "test.csv has no rows" in capsys.readouterr().err


def test_a_single_table_is_an_error(split, capsys):
    assert main([str(split / "train.csv")]) == 2
    assert "two or more tables" in capsys.readouterr().err
