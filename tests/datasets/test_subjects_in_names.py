"""Subjects are read from paths by a pattern, and names that have them are pointed out."""

import random
import re

import pandas as pd
import pytest

from emotion.datasets import subjects_in_names
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from emotion.datasets.subjects_in_names import check_pattern, read_subjects
from tests.datasets.conftest import touch
from tests.user_errors import user_error

CLASSES = ("angry", "happy", "sad")
CODES = {"angry": "AN", "happy": "HA", "sad": "SA"}
PEOPLE, SHOTS = range(1, 21), range(3)
RANDOM = random.Random(0)


def rows_of(names, subject=""):
    """Rows of class folders; `names` makes the name of an image from class, person and shot."""
    paths = [
        f"{label}/{names(label, person, shot)}"
        for label in CLASSES
        for person in PEOPLE
        for shot in SHOTS
    ]
    label = [path.split("/")[0] for path in paths]
    return pd.DataFrame({"path": paths, "label": label, "subject": subject}, dtype=str)


PEOPLE_IN_NAMES = {
    "CK+": (lambda c, p, s: f"S{p:03d}_{CLASSES.index(c):03d}_{s + 15:08d}.png", "S001"),
    "KDEF": (lambda c, p, s: f"AF{p:02d}{CODES[c]}{('S', 'HL', 'FR')[s]}.JPG", "F01"),
    "JAFFE": (lambda c, p, s: f"K{chr(64 + p)}.{CODES[c]}{s}.{p * 9 + s}.tiff", "KA"),
    "RaFD": (lambda c, p, s: f"Rafd{45 * s:03d}_{p:02d}_Caucasian_male_{c}_left.jpg", "01"),
    "LFW": (lambda c, p, s: f"George_{chr(64 + p)}_Bush_{CLASSES.index(c) * 3 + s:04d}.jpg", None),
    "NimStim": (lambda c, p, s: f"{p:02d}F_{CODES[c]}_{'COX'[s]}.BMP", "01F"),
    "SFEW": (lambda *which: f"{RANDOM.choice('ABCDEFGH')}Movie_{which[2]:09d}_0001.png", None),
}
PLAIN = {
    "numbers": lambda *_: f"{RANDOM.randrange(10**5)}.png",
    "img_001": lambda c, p, s: f"img_{CLASSES.index(c) * 100 + p * 3 + s:03d}.png",
    "numbers that begin anew in each class": lambda _, p, s: f"{p * 3 + s:03d}.png",
    "the same with a word": lambda _, p, s: f"face{p * 3 + s:03d}_crop.png",
    "FER2013": lambda *_: (
        f"{RANDOM.choice(['Training', 'PrivateTest'])}_{RANDOM.randrange(9**5)}.jpg"
    ),
    "RAF-DB": lambda *_: f"train_{RANDOM.randrange(12271):05d}_aligned.jpg",
    "AffectNet": lambda *_: f"{RANDOM.randbytes(28).hex()}.jpg",
    "FFHQ": lambda *_: f"{RANDOM.randrange(70000):05d}.png",
    "ExpW": lambda _, p, s: f"{('angry', 'happy', 'afraid', 'sad')[s]}_actor{p % 7}_{p}.jpg",
    "cameras": lambda _, p, s: f"IMG_202301{p:02d}_{s}{RANDOM.randrange(10**5):05d}.jpg",
    "the class": lambda c, p, s: f"{c}_{p * 3 + s}.png",
    "UUIDs": lambda *_: f"{RANDOM.randbytes(4).hex()}-{RANDOM.randbytes(4).hex()}.jpg",
    "a search engine": lambda _, p, s: f"images ({p * 3 + s}).jpg",
    "augmented copies": lambda _, p, s: f"{p:04d}_{('flip', 'rot', 'crop')[s]}.png",
}


@pytest.mark.parametrize("corpus", PEOPLE_IN_NAMES)
def test_names_with_people_give_a_hint_with_settings_that_read_them(corpus, capsys):
    names, first = PEOPLE_IN_NAMES[corpus]
    rows = rows_of(names)
    assert read_subjects(rows, "").equals(rows)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert ("ckplus" in out) == (corpus == "CK+")
    pattern = check_pattern(re.search(r"subject_pattern to '(.*)' \(", out)[1])
    subjects = read_subjects(rows, pattern)["subject"]
    assert "" not in set(subjects)
    if first:
        assert sorted(set(subjects))[0] == first
        assert subjects.nunique() == len(PEOPLE)


@pytest.mark.parametrize("corpus", PLAIN)
def test_ordinary_names_give_no_hint(corpus, capsys):
    read_subjects(rows_of(PLAIN[corpus]), "")
    assert capsys.readouterr().out == ""


def test_known_subjects_give_no_hint(capsys):
    read_subjects(rows_of(PEOPLE_IN_NAMES["CK+"][0], subject="S1"), "")
    assert capsys.readouterr().out == ""


def test_the_pattern_reads_the_path_below_the_root_of_any_format(tmp_path, capsys):
    root = touch(tmp_path / "S9", "happy/S1/a.png", "sad/S2/b.png", "sad/c.png")
    settings = DataParams(root=str(root), format="folder", subject_pattern=r"/(S\d)/")
    rows, _ = read_dataset(settings)
    assert rows["subject"].tolist() == ["S1", "S2", ""]
    assert "1 of 3" in capsys.readouterr().out
    table = "path,label,subject\nhappy/S1/a.png,happy,\nsad/S2/b.png,sad,Ann\n"
    (root / "labels.csv").write_text(table)
    rows, _ = read_dataset(DataParams(root=str(root), format="csv", subject_pattern=r"/(S\d)/"))
    assert rows["subject"].tolist() == ["S1", "Ann"]


def test_a_pattern_that_fills_nothing_is_an_error():
    rows = rows_of(PLAIN["img_001"])
    with user_error("180 paths", file=None, key="data.subject_pattern", hint="correct"):
        read_subjects(rows, r"(S\d+)")
    with user_error(key="data.subject_pattern"):
        read_subjects(rows.assign(subject="a"), r"(i)")


@pytest.mark.parametrize(
    "wrong", ["(", "S\\d+", "(a)(b)", "*", "(" * 2000, "(a)" + "b" * 200, "(a{99999999999})"]
)
def test_a_pattern_without_one_group_is_refused_when_params_are_read(wrong):
    with pytest.raises(ValueError, match="one group"):
        check_pattern(wrong)
    with pytest.raises(ValueError, match="one group"):
        DataParams(root="x", subject_pattern=wrong)


def test_a_pattern_that_would_take_years_is_stopped(monkeypatch):
    monkeypatch.setattr(subjects_in_names, "TIME_LIMIT", 0.2)
    rows = rows_of(lambda *_: "a" * 40 + ".png")
    with user_error(key="data.subject_pattern", hint="repeat"):
        read_subjects(rows, r"/((?:a+)+)b")


def test_long_names_of_separators_do_not_slow_the_search_for_people_down(capsys):
    rows = rows_of(lambda *_: "_" * 250 + ".png")
    read_subjects(rows, "")
    assert capsys.readouterr().out == ""
