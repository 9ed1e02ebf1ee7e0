"""Text of the user is shown in one readable line, and names no other folder and no formula."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.core.text import cell_of, counted, file_name_of, message_of, printable, shorten

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_escape_sequences_and_line_ends_are_written_out():
    assert printable("\x1b[2Jred\x07") == r"\x1b[2Jred\x07"
    assert printable("a\nb\r") == r"a\nb\r"
    assert printable("\u202egnp.exe") == r"\u202egnp.exe"  # reverses what follows on a terminal
    assert printable("\udce9.png") == r"\udce9.png"  # a byte of a file name that is not UTF-8


def test_words_of_every_language_and_emoji_are_shown_as_they_are():
    for text in ("glücklich", "幸福", "شادی\u200cها", "\U0001f468\u200d\U0001f469", "$x^2$"):
        assert printable(text) == text


@given(ANY_TEXT)
def test_nothing_that_a_terminal_executes_is_left(text):
    shown = printable(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in shown)
    shown.encode()  # can be printed


def test_long_text_keeps_its_ends_and_says_how_much_is_left_out():
    assert shorten("x" * 80) == "x" * 80
    assert shorten("a" + "x" * 98 + "b", 10) == "axxxx ... [90 characters] ... xxxxb"


def test_a_message_is_bounded_whatever_is_inserted_into_it():
    assert message_of("a.csv: 'sad' is wrong.") == "a.csv: 'sad' is wrong."
    assert len(message_of(f"{'y' * 5_000_000} is wrong.")) < 400
    assert message_of(f"{'y' * 5_000_000} is wrong.").endswith(" is wrong.")
    assert len(message_of("word " * 1_000_000)) < 4_200


def test_the_lines_of_a_message_stay_lines():
    assert message_of("first\nsecond \x1b[0m") == "first\nsecond \\x1b[0m"


@pytest.mark.parametrize("name", ["happy", "sehr_froh", "幸福", "happy-2"])
def test_an_ordinary_class_name_is_its_own_file_name(name):
    assert file_name_of(name) == name


@given(ANY_TEXT)
def test_a_file_name_stays_in_its_folder_and_fits_every_file_system(text):
    name = file_name_of(text)
    assert name
    assert not set(name) & set("/\\\0.$ ")
    assert len(name.encode()) < 100


@given(st.lists(ANY_TEXT, min_size=2, max_size=2, unique=True))
def test_two_names_never_share_a_file(texts):
    first, second = map(file_name_of, texts)
    assert first != second


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "@SUM(A1)",
        "+cmd|x",
        "-1+cmd|x",
        "-cmd|x",
        "\t=1",
        "\r=1",
        " =1",
        "＝1",
        "-1e5x",
        "+-1",
    ],
)
def test_a_formula_becomes_text_in_a_cell(text):
    assert cell_of(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["happy", "-1.5", "+3", "-.5", "-1e-5", "a=b", "", "a - b", "a; b"]
)
def test_numbers_and_words_are_left_as_they_are_in_a_cell(text):
    assert cell_of(text) == text


@pytest.mark.parametrize("text", ["x;=1+1", "x\n=1", "x\t@SUM(A1)", "x; -cmd"])
def test_a_formula_after_another_separator_becomes_text_too(text):
    """German and French spreadsheets separate cells by semicolons."""
    assert cell_of(text).replace("'", "") == text
    assert not re.search(r"[;\n\t]\s*[=@-]", cell_of(text))


def test_a_number_has_its_noun_in_the_right_form():
    found = [counted(number, "group") for number in (0, 1, 2, 1234)]
    assert found == ["0 groups", "1 group", "2 groups", "1,234 groups"]
