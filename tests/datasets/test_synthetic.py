"""Shares of synthetic rows, compared with counts by hand."""

import pandas as pd
import pytest

from emotion.datasets.synthetic import exceeds_share, lies_in_synthetic_folder
from tests.user_errors import user_error


def rows(real, made):
    records = [("train", "happy", False, f"r{i}") for i in range(real)]
    records += [("train", "happy", True, f"m{i}") for i in range(made)]
    records += [("test", "happy", False, "t")]
    table = pd.DataFrame(records, columns=["split", "label", "synthetic", "sha256"])
    return table.assign(path=table["sha256"])


@pytest.mark.parametrize(("fraction", "stay"), [(0.0, 0), (0.3, 3), (0.5, 7), (0.8, 20), (1.0, 20)])
def test_the_share_refers_to_the_class_including_its_synthetic_rows(fraction, stay):
    # 3 of 3 + 7 is 30 %; 28 of 28 + 7 would be 80 %, and there are only 20
    table = rows(real=7, made=20)
    over = exceeds_share(table, fraction)
    assert (table["synthetic"] & ~over).sum() == stay
    assert not over[~table["synthetic"]].any()


def test_the_choice_does_not_depend_on_the_order_of_the_rows():
    table = rows(real=4, made=9)
    shuffled = table.sample(frac=1, random_state=0)
    dropped = set(table["path"][exceeds_share(table, 0.5)])
    assert dropped == set(shuffled["path"][exceeds_share(shuffled, 0.5)])
    assert dropped == {f"m{i}" for i in range(4, 9)}


def test_folders_below_the_root_mark_images_as_synthetic_and_the_root_does_not():
    root = "data/synthetic/faces"
    names = ["happy/1.jpg", "happy/Augmented/1.jpg", "generated/2.jpg", "synthetics/3.jpg", "4.jpg"]
    paths = pd.Series([f"{root}/{name}" for name in names])
    assert lies_in_synthetic_folder(paths, root + "/").tolist() == [False, True, True, False, False]


def test_a_class_of_synthetic_images_only_is_refused_among_photographs(balanced):
    for index in range(6):
        balanced.add(f"made{index}.png", "angry", synthetic="true")
    with user_error("'angry'", hint="data.classes"):
        balanced.prepare()
    assert set(balanced.prepare(classes=["happy", "sad"]).label_map) == {"happy", "sad"}
