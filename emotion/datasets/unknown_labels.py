"""Say what to do about labels that are no known class, in the pipeline and in an evaluation."""

import json
import re
import shlex
from collections.abc import Iterable

import pandas as pd

from emotion.core.text import shorten
from emotion.data.identifiers import identifier_key, is_missing

# Words that can be a key on the command line of DVC (Hydra's grammar of overrides).
_PLAIN = re.compile(r"[a-z_][a-z0-9_-]*|0|[1-9][0-9]*", re.ASCII)


def count_words(labels: pd.Series, shown: int) -> str:
    """The first different words, each with its number of rows: `'grin' (3), 'None' (1)`."""
    counts = labels.value_counts().sort_index()
    first = [f"{shorten(repr(str(word)))} ({count:,})" for word, count in counts[:shown].items()]
    others = f" and {len(counts) - shown:,} others" if len(counts) > shown else ""
    return ", ".join(first) + others + explain_missing(counts.index)


def explain_missing(words: Iterable[str]) -> str:
    """A clause on the words that stand for no label, if any; they are no class by themselves."""
    named = sorted(repr(str(word)) for word in words if str(word).strip() and is_missing(str(word)))
    return f" ({', '.join(named)}: no label)" if named else ""


def how_to_map(words: Iterable[str]) -> str:
    """The lines of params.yaml and the option of DVC that map the first of some words to a class.

    A word that stands for no label is an example only if there is no other.
    """
    word = min(map(str, words), key=lambda word: (is_missing(word), word), default="")
    key = identifier_key(word)
    label = "neutral" if is_missing(word) else "happy"
    line = f"data.labels, such as `labels: {{{json.dumps(word, ensure_ascii=False)}: {label}}}`"
    option = shlex.quote(f"+data.labels.{key}={label}")
    on_command_line = f" (`dvc exp run -S {option}`)" if _PLAIN.fullmatch(key) else ""
    return f"map the unknown labels to classes in {line}{on_command_line}"
