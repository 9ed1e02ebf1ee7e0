"""The audit of an existing split finds leaks, changes no file, and sets the exit status."""

import re

import pandas as pd
import pytest
from PIL import Image, ImageOps

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


def test_tables_of_bare_names_are_audited_with_the_root_of_the_images(split, capsys):
    for name in ("train", "test"):
        table = pd.read_csv(split / f"{name}.csv")
        table["path"] = table["path"].str.removeprefix("images/")
        table.to_csv(split / f"{name}.csv", index=False)
    root = split / "root"
    (root / "deep").mkdir(parents=True)
    (split / "images").rename(root / "deep" / "images")
    assert run(split) == 0  # below the folder of the table
    assert run(split, "--root", str(root)) == 0
    assert "18 images read" in capsys.readouterr().out


def test_advice_that_was_followed_is_not_repeated(split, capsys):
    for index in range(20, 26):
        (split / "images" / f"{index}.png").unlink()
    run(split)
    assert "pass the folder" in capsys.readouterr().err
    run(split, "--root", str(split / "images"))
    message = capsys.readouterr().err
    assert "pass the folder" not in message
    assert "another folder" in message
    assert f", {split}/images/20.png" in message


def test_a_root_that_is_no_folder_is_an_error(split, capsys):
    assert run(split, "--root", str(split / "none")) == 2
    assert f"{split}/none is not a folder" in capsys.readouterr().err


def test_images_that_are_there_but_cannot_be_read_are_not_said_to_be_elsewhere(split, capsys):
    for index in range(20, 26):
        (split / "images" / f"{index}.png").write_text("text")
    assert run(split) == 2
    message = capsys.readouterr().err
    assert "not an image" in message
    assert "--root" not in message


def test_a_person_or_class_spelled_otherwise_in_the_other_table_is_the_same(split, capsys):
    table = pd.read_csv(split / "test.csv")
    save_noise(split / "images" / "20.png", seed=0)
    table.loc[0, "label"], table.loc[1, "subject"] = "Happiness", "S3"
    table.to_csv(split / "test.csv", index=False)
    assert run(split) == 1
    out = capsys.readouterr().out
    assert "1 of 6 people" in out
    assert "\n0 rows whose pixels also occur with another label" in out


@pytest.mark.parametrize("leaks", [False, True])
def test_the_copies_that_no_hash_sees_are_named(split, capsys, leaks):
    if leaks:
        save_noise(split / "images" / "20.png", seed=0)
    assert run(split) == leaks
    assert "cropped, shifted" in capsys.readouterr().out


def test_a_mirrored_copy_is_a_leak(split, capsys):
    ImageOps.mirror(Image.open(split / "images" / "0.png")).save(split / "images" / "20.png")
    assert run(split) == 1
    out = capsys.readouterr().out
    assert "1 of 6 test rows (16.7 %) has a near-duplicate in train" in out


def test_unknown_people_are_said_to_be_unknown(split, capsys):
    run(split)
    assert "unknown" not in capsys.readouterr().out
    table = pd.read_csv(split / "test.csv")
    table.drop(columns="subject").to_csv(split / "test.csv", index=False)
    run(split)
    assert "unknown for 6 rows" in capsys.readouterr().out


def test_a_split_with_an_unreadable_image_is_never_called_clean(split, capsys):
    (split / "images" / "3.png").unlink()
    (split / "images" / "4.png").write_text("text")
    assert run(split) == 2
    out = capsys.readouterr().out
    assert "1 left out: missing" in out
    assert "2 could not be read" in out
    assert "no leaks found" not in out


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
    assert "no leaks found" in capsys.readouterr().out.splitlines()


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
