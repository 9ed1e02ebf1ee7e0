"""Rejected rows are counted, reported with a hint, and listed in a fixed order."""

import pandas as pd
import pytest

from emotion.datasets.params import DataParams
from emotion.datasets.rejected import COLUMNS, refuse_too_many, write_rejected
from tests.user_errors import user_error


def rejected(*reasons):
    rows = [(f"p/{i}.png", "happy", reason, "") for i, reason in enumerate(reasons)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_too_many_rejected_rows_raise_with_counts_first_files_and_hints():
    bad = rejected("blank", "blank", "blank", "blank", "missing")
    names = ["5 of 11", "4 blank (p/0.png, p/1.png, p/2.png, ...)", "1 missing (p/4.png)"]
    with user_error(*names, hint="data.max_rejected from 0.4 to 0.4546") as caught:
        refuse_too_many(bad, total=11, max_rejected=0.4)
    assert "min_size" not in str(caught.value)
    refuse_too_many(bad, total=11, max_rejected=0.4546)


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("too small", "data.min_size"),
        ("not an image", "JPEG, PNG"),
        ("unknown label", "data.labels"),
        ("outside data.root", "data.allow_outside"),
        ("unknown range of values", "floats of 0..1"),
    ],
)
def test_every_reason_has_its_hint_and_max_rejected_is_no_hint_for_all(reason, hint):
    with user_error(f"4 {reason}", hint=hint) as caught:
        refuse_too_many(rejected(*[reason] * 4), total=4, max_rejected=0.0)
    assert "max_rejected" not in str(caught.value)


def test_what_is_tolerated_is_said_loudly_with_counts_and_first_files(capsys):
    bad = rejected("blank", "blank", "unknown label", "no majority").assign(label="grin")
    refuse_too_many(bad, total=1000, max_rejected=0.01)
    out = capsys.readouterr().out
    assert out.startswith("WARNING: 3 of 1,000 images")
    for part in ("2 blank (p/0.png, p/1.png)", "1 unknown label: 'grin' (1)", "rejected.csv"):
        assert part in out
    refuse_too_many(bad[3:], total=1000, max_rejected=0.01)
    refuse_too_many(bad[:0], total=1000, max_rejected=0.0)
    assert capsys.readouterr().out == ""


def test_a_hundredth_is_tolerated_unless_it_is_set_otherwise():
    assert DataParams(root="x").max_rejected == 0.01


def test_pointers_and_pages_in_place_of_images_are_named(tmp_path):
    (tmp_path / "a.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    bad = rejected("not an image").assign(path=str(tmp_path / "a.png"))
    with user_error("a.png (a pointer of Git LFS)", hint="git lfs pull"):
        refuse_too_many(bad, total=1, max_rejected=0.01)


def test_images_without_agreement_of_annotators_do_not_count():
    refuse_too_many(rejected("no majority", "not a face", "tied vote"), total=4, max_rejected=0.0)


def test_the_list_is_written_in_a_fixed_order_and_also_if_empty(tmp_path):
    bad = rejected("blank", "missing")
    for name, rows in (("a.csv", bad), ("b.csv", bad.iloc[::-1])):
        write_rejected(tmp_path / name, rows)
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    write_rejected(tmp_path / "none.csv", bad[:0])
    assert (tmp_path / "none.csv").read_text() == "path,label,reason,detail\n"


def test_labels_in_another_language_are_listed_up_to_a_limit():
    bad = rejected(*["unknown label"] * 30).assign(label=[f"слово{i}" for i in range(30)])
    with user_error("30 unknown label", "'слово0' (1)", "18 others", "angry", hint="data.labels"):
        refuse_too_many(bad, total=30, max_rejected=0)


def test_cells_of_the_list_are_no_formulas(tmp_path):
    bad = rejected("blank").assign(label="=1+1", path="=cmd|x.png")
    write_rejected(tmp_path / "a.csv", bad)
    assert "'=1+1" in (tmp_path / "a.csv").read_text()
