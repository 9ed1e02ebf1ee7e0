"""Read the subject of each image from its path, or point out that file names have subjects.

Many corpora name the person in the file name only: read as class folders, they would have the same
people in train and test.
"""

import re
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.text import printable, shorten
from emotion.data.identifiers import identifier_key
from emotion.data.labels import canonical_label

LONGEST_PATTERN = 200  # characters
TIME_LIMIT = 60.0  # seconds for all paths: a pattern such as (a+)+b can take years for one
SHOWN = 3  # subjects in the hint

CK_PLUS = r"(?:^|/)(S\d+)_\d+_\d+[^/]*$"
_EXPRESSION = "(?:AF|AN|DI|FE|HA|NE|SA|SU)"
# Of names whose form alone shows the corpus: CK+, KDEF, JAFFE, RaFD.
_CORPORA = {
    CK_PLUS: "data.format to ckplus, or ",
    rf"(?:^|/)[AB]([FM]\d\d){_EXPRESSION}(?:FL|FR|HL|HR|S)\.\w+$": "",
    rf"(?:^|/)([A-Z]{{2}})\.{_EXPRESSION}\d\.\d+\.\w+$": "",
    r"(?:^|/)Rafd\d+_(\d+)_[^/]*$": "",
}
# What comes before the first separator, and before the last number.
_CODES = (r"(?:^|/)([^/_. -]+)[_. -][^/]*\.\w+$", r"(?:^|/)([^/]*?)[_. -]*\d+\.\w+$")
_NO_PERSON = re.compile(r"\d{6}|\A[\d_. -]*\Z")  # a date, or a number alone
_MOST_MATCH = 0.9  # share of the names that have a code
_LARGEST = 0.25  # share of the images of one subject


def check_pattern(pattern: str) -> str:
    """The pattern, a regular expression with one group, or "" for none.

    Raises:
        ValueError: it is neither.
    """
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        reason = f"it is none ({error})"
    else:
        reason = f"it has {groups} groups"
        if not pattern or (groups == 1 and len(pattern) <= LONGEST_PATTERN):
            return pattern
    raise ValueError(
        f"a regular expression of at most {LONGEST_PATTERN} characters with one group, the "
        f"subject, such as '/(S\\d+)_': {reason}"
    )


def match_subjects(paths: Iterable[str], pattern: str) -> list[str]:
    """What the group of the pattern matches in each path; "" for a path that does not match."""
    search = re.compile(pattern).search
    return [match[1] or "" if (match := search(path)) else "" for path in paths]


def read_subjects(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Fill the unknown subjects by the pattern; without one, print a hint if names have subjects.

    Args:
        rows: of an adapter; the pattern is applied to `path`, which is relative to the folder of
            the dataset.
        pattern: of `check_pattern`.

    Raises:
        UserError: the pattern matches no path, or takes too long; or no subject is unknown.
    """
    unknown = rows["subject"] == ""
    if not pattern:
        if unknown.all() and (settings := _find_subjects(rows["path"], rows["label"])):
            print(settings)
        return rows
    paths = rows.loc[unknown, "path"]
    if paths.empty:
        problem = "data.subject_pattern is set, but the dataset names the subject of every image"
        raise UserError(problem, "set it to ''", key="data.subject_pattern")
    with _time_limit(pattern):
        found = pd.Series(match_subjects(paths, pattern), index=paths.index, dtype=str)
    lost = paths[found == ""]
    if len(lost) == len(paths):
        problem = (
            f"data.subject_pattern {pattern!r} matches none of {len(paths):,} paths, "
            f"such as {paths.iloc[0]}"
        )
        raise UserError(problem, "correct it, or set it to ''", key="data.subject_pattern")
    if len(lost):
        first = printable(shorten(lost.iloc[0], 200))
        print(
            f"data.subject_pattern does not match {len(lost):,} of {len(paths):,} paths, such as "
            f"{first}: their subjects are unknown"
        )
    return rows.assign(subject=rows["subject"].mask(unknown, found))


def _find_subjects(paths: pd.Series, labels: pd.Series) -> str:
    """A hint with the settings that read subjects from the names; "" if the names have none."""
    sample = paths.iloc[:: len(paths) // 1000 + 1]
    words = {identifier_key(label) for label in labels.unique()}
    for pattern in (*_CORPORA, *_CODES):
        if sum(map(bool, match_subjects(sample, pattern))) < _MOST_MATCH * len(sample):
            continue
        found = pd.DataFrame({"label": labels, "code": match_subjects(paths, pattern)})
        found = found[found["code"] != ""]
        repeats = pattern in _CORPORA and found["code"].duplicated().any()
        if repeats or _look_like_subjects(found, len(paths), words):
            first = ", ".join(printable(code) for code in sorted(set(found["code"]))[:SHOWN])
            return (
                f"file names look like people or clips ({first}, ...), each of which could be in "
                "two splits: set "
                f"{_CORPORA.get(pattern, '')}data.subject_pattern to '{pattern}' (options of "
                "emotion evaluate: --format, --subject-pattern)"
            )
    return ""


def _look_like_subjects(found: pd.DataFrame, total: int, words: set[str]) -> bool:
    """Whether codes are many, each of few images, in several classes, with several in a class.

    Numbers that begin anew in each class are in several classes too, but once in each.
    """
    sizes = found["code"].value_counts()
    if sizes.sum() < _MOST_MATCH * total or sizes.iloc[0] > _LARGEST * total:
        return False
    if any(_NO_PERSON.search(code) or _names_class(code, words) for code in sizes.index):
        return False
    of_classes = found.value_counts(["code", "label"]).groupby("code").agg(["size", "max"])
    return bool((of_classes > 1).mean().min() > 0.5)


def _names_class(code: str, words: set[str]) -> bool:
    parts = re.split(r"[_. -]+", code)
    return any(canonical_label(part) or identifier_key(part) in words for part in parts)


@contextmanager
def _time_limit(pattern: str) -> Iterator[None]:
    """Raise a UserError after TIME_LIMIT, where the system can interrupt the search."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        problem = f"data.subject_pattern {pattern!r} takes more than {TIME_LIMIT:g} s"
        hint = "write it without repeated groups that repeat, such as (a+)+"
        raise UserError(problem, hint, key="data.subject_pattern")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
