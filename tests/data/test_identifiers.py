"""Identifiers that mean the same are equal, however a program or a person has spelled them."""

import unicodedata
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emotion.data.identifiers import identifier_key, is_missing, merge_spellings

TEXTS = st.text(max_size=12) | st.from_regex(r"[+-]?[0-9]{0,3}[.,]?0{0,2}(e\+0[0-9])?")
# What programs and people do to the spelling of an identifier.
RESPELL: list[Callable[[str], str]] = [
    *(lambda text, form=form: unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC")),
    str.swapcase,
    lambda text: f"\u00a0{text} ",
    lambda text: text.replace(" ", "\u3000"),
    lambda text: "\u200b".join(text),
    lambda text: text.replace("-", "\u2011"),
    lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in text),
    lambda text: f"{text}.0" if text.isascii() and text.isdigit() else text,
    lambda text: f"00{text}" if text.isascii() and text.isdigit() else text,
]


@st.composite
def spellings(draw, words=("7", "120", "S010", "José", "Ann Lee", "P-3", "ÅB", "angry", "0")):
    """Two spellings of one identifier."""
    word = draw(st.sampled_from(words))
    both = []
    for _ in range(2):
        text = word
        for change in draw(st.lists(st.sampled_from(RESPELL), max_size=3)):
            text = change(text)
        both.append(text)
    return both


@given(TEXTS)
@example("\u0345")
@example("ﬁ\u00ad1")
def test_the_key_of_a_key_is_itself(text):
    assert identifier_key(identifier_key(text)) == identifier_key(text)


@given(spellings())
def test_spellings_of_one_identifier_have_one_key(both):
    assert identifier_key(both[0]) == identifier_key(both[1])


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("007", "7"),
        ("-7.00", "-7"),
        ("7,0", "7"),  # with a decimal comma
        ("000", "0"),
        ("1e+16", "10000000000000000"),  # pandas, of large numbers
        ("1.23457E+11", "123457000000"),  # spreadsheets
        ("٧", "7"),
        ("Anna\t B", "anna b"),
        ("P–3", "p-3"),
        ("😢\ufe0f", "😢"),
    ],
)
def test_a_number_is_its_digits_and_a_word_has_one_form(spelling, key):
    assert identifier_key(spelling) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("S010", "S10"),  # zeros inside a name may distinguish
        ("1e5", "100000"),  # hexadecimal
        ("7.5", "7"),
        ("1.0.0", "1"),
        ("1,000", "1"),  # thousands
        ("-7", "7"),
        ("a b", "ab"),
        ("Jose", "José"),
        ("9" * 5000, "9" * 4999),
    ],
)
def test_different_identifiers_stay_different(one, other):
    assert identifier_key(one) != identifier_key(other)


@pytest.mark.parametrize(
    "cell",
    ["", " ", "NaN", "<NA>", "#N/A", "None", "NULL", "-1.0", "-", "—", "?", "n.a.", "\u200b"],
)
def test_what_stands_for_no_value_is_missing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", ["0", "1", "7", "Nan Lee", "no", "neutral", "unbekannt"])
def test_a_value_is_not_missing(cell):
    assert not is_missing(cell)


def test_spellings_are_merged_to_one_of_them_whatever_the_order_of_the_rows():
    cells = pd.Series(["s010", "7.0", "", "S010", "7", "S011"], index=[5, 4, 3, 2, 1, 0])
    merged = merge_spellings(cells)
    assert merged.tolist() == ["S010", "7", "", "S010", "7", "S011"]
    assert merge_spellings(cells[::-1]).loc[cells.index].tolist() == merged.tolist()
