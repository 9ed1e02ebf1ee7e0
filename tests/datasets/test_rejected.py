"""Rejected rows are counted, reported with a fix, and listed in a fixed order."""

import pandas as pd
import pytest

from emotion.core.errors import UserError
from emotion.datasets.rejected import COLUMNS, refuse_too_many, write_rejected


def rejected(*reasons):
    rows = [(f"p/{i}.png", "happy", reason, "") for i, reason in enumerate(reasons)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_too_many_rejected_rows_raise_with_counts_first_files_and_fixes():
    bad = rejected("blank", "blank", "blank", "blank", "missing")
    with pytest.raises(UserError) as caught:
        refuse_too_many(bad, total=11, max_rejected=0.4)
    message = str(caught.value)
    assert "5 of 11 images cannot be used" in message
    assert "4 blank (p/0.png, p/1.png, p/2.png, ...)" in message
    assert "1 missing (p/4.png)" in message
    assert "data.max_rejected from 0.4 to 0.4546" in message
    assert "min_size" not in message
    refuse_too_many(bad, total=11, max_rejected=0.4546)


def test_the_error_for_only_small_images_names_min_size_and_not_max_rejected():
    with pytest.raises(UserError, match=r"lower data\.min_size") as caught:
        refuse_too_many(rejected(*["too small"] * 4), total=4, max_rejected=0.0)
    assert "max_rejected" not in str(caught.value)


def test_images_without_agreement_of_annotators_do_not_count():
    refuse_too_many(rejected("no majority", "not a face", "tied vote"), total=4, max_rejected=0.0)


def test_the_list_is_written_in_a_fixed_order_and_also_if_empty(tmp_path):
    bad = rejected("blank", "missing")
    for name, rows in (("a.csv", bad), ("b.csv", bad.iloc[::-1])):
        write_rejected(tmp_path / name, rows)
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    write_rejected(tmp_path / "none.csv", bad[:0])
    assert (tmp_path / "none.csv").read_text() == "path,label,reason,detail\n"


def test_an_image_of_another_format_is_named_with_the_readable_formats():
    with pytest.raises(UserError, match=r"1 not an image.*readable formats: JPEG, PNG"):
        refuse_too_many(rejected("not an image"), total=2, max_rejected=0)


def test_labels_in_another_language_are_listed_up_to_a_limit():
    bad = rejected(*["unknown label"] * 30).assign(label=[f"слово{i}" for i in range(30)])
    with pytest.raises(UserError) as caught:
        refuse_too_many(bad, total=30, max_rejected=0)
    message = str(caught.value)
    assert "30 unknown label: 'слово0' (1)" in message
    assert "and 18 others" in message
    assert "data.labels" in message


def test_cells_of_the_list_are_no_formulas(tmp_path):
    bad = rejected("blank").assign(label="=1+1", path="=cmd|x.png")
    write_rejected(tmp_path / "a.csv", bad)
    assert "'=1+1" in (tmp_path / "a.csv").read_text()
