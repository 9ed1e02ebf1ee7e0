"""Render comparisons as tables for a terminal, as Markdown, and as JSON."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from emotion.core import markdown
from emotion.core.text import counted, printable
from emotion.evaluation.comparison import sentences
from emotion.evaluation.comparison.paired import Comparison, Difference

SCORE_LABELS = {"macro_f1": "macro-F1", "accuracy": "accuracy", "ece": "ECE (lower is better)"}
VERDICTS = {1: "better", -1: "worse", 0: "no difference shown"}
ECE_REMARK = "the difference of the ECE has no interval: a bootstrap of it is not reliable"
PAGE = 100  # characters of a line, except for the verdict
WIDTH = 22  # characters of a name in a table, so that its lines fit a page


def render_text(comparisons: Sequence[Comparison], split: str) -> str:
    """Tables for a terminal, and a sentence for each revision."""
    lines = [_title(comparisons, split), "", *_align(_table(comparisons)), ""]
    for remark in _remarks(comparisons):
        lines += [*textwrap.wrap(remark, PAGE, break_on_hyphens=False), ""]
    return "\n".join(map(printable, [*lines, *_verdicts(comparisons, split)]))


def render_markdown(comparisons: Sequence[Comparison], split: str) -> str:
    """The same for a pull request, the sentences first."""
    header, *rows = _table(comparisons)
    verdicts = [f"**{markdown.escape(verdict)}**" for verdict in _verdicts(comparisons, split)]
    parts = [
        "  \n".join(verdicts),
        markdown.escape(_title(comparisons, split)),
        markdown.table(header, rows),
        markdown.bullets(_remarks(comparisons)),
    ]
    return "\n\n".join(parts).rstrip()


def render_json(comparisons: Sequence[Comparison], split: str) -> str:
    """All numbers, unrounded; an interval that cannot be computed is null."""
    content = {
        "split": split,
        "baseline": comparisons[0].first,
        "comparisons": [_content(one, split, len(comparisons)) for one in comparisons],
    }
    return json.dumps(content, indent=2)


def _content(comparison: Comparison, split: str, comparisons: int) -> dict[str, Any]:
    rows, mcnemar = comparison.rows, comparison.mcnemar
    return {
        "revision": comparison.second,
        "verdict": VERDICTS[comparison.verdict],
        "sentence": sentences.state_verdict(comparison, split, comparisons),
        "notes": list(sentences.state_notes(comparison)),
        "images": len(rows.labels),
        "groups": rows.group_count,
        "unpaired": {"baseline": rows.only_first, "revision": rows.only_second},
        "label_conflicts": rows.conflicts,
        "metrics": {name: _numbers(score) for name, score in comparison.scores.items()},
        "class_f1": {name: _numbers(score) for name, score in comparison.class_f1.items()},
        "p_value": comparison.p_value,
        "p_value_holm": comparison.adjusted,
        "images_needed": comparison.images_needed,
        "mcnemar": {
            "only_baseline_correct": mcnemar.only_first,
            "only_revision_correct": mcnemar.only_second,
            "p_value": mcnemar.p_value,
        },
    }


def _numbers(score: Difference) -> dict[str, float | None]:
    low, high = score.interval or (None, None)
    values = {"baseline": score.first, "revision": score.second, "difference": score.difference}
    return values | {"low": low, "high": high}


def _title(comparisons: Sequence[Comparison], split: str) -> str:
    first = comparisons[0].first
    if len(comparisons) > 1:
        return f"{len(comparisons)} revisions against {first}, {split} split: macro-F1"
    rows = comparisons[0].rows
    images = counted(len(rows.labels), "image")
    groups = counted(rows.group_count, "group")
    return f"{comparisons[0].second} against {first}, {split} split: {images} in {groups}"


def _remarks(comparisons: Sequence[Comparison]) -> list[str]:
    if len(comparisons) == 1:
        return [
            *sentences.state_notes(comparisons[0]),
            ECE_REMARK,
            sentences.state_mcnemar(comparisons[0]),
        ]
    return [f"{one.second}: {note}" for one in comparisons for note in sentences.state_notes(one)]


def _verdicts(comparisons: Sequence[Comparison], split: str) -> list[str]:
    return [
        sentences.state_verdict(comparison, split, len(comparisons)) for comparison in comparisons
    ]


def _table(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """The header and the rows: of the metrics for one revision, of the revisions for several."""
    if len(comparisons) > 1:
        header = ["revision", "images", "baseline", "macro-F1", "difference", "95 % interval"]
        return [[*header, "p (Holm)"], *map(_revision_row, comparisons)]
    (comparison,) = comparisons
    names = map(_shorten, (comparison.first, comparison.second))
    table = [["metric", *names, "difference", "95 % interval"]]
    labeled = {SCORE_LABELS[name]: score for name, score in comparison.scores.items()}
    labeled |= {f"F1 of {name}": score for name, score in comparison.class_f1.items()}
    return table + [[_shorten(label), *_cells(score)] for label, score in labeled.items()]


def _revision_row(comparison: Comparison) -> list[str]:
    return [
        _shorten(comparison.second),
        f"{len(comparison.rows.labels):,}",
        *_cells(comparison.macro_f1),
        sentences.p_text(comparison.adjusted).removeprefix("p ").removeprefix("= "),
    ]


def _cells(score: Difference) -> list[str]:
    interval = "[{:+.3f}, {:+.3f}]".format(*score.interval) if score.interval else "none"
    return [
        f"{score.first:.3f}",
        f"{score.second:.3f}",
        sentences.signed(score.difference),
        interval,
    ]


def _align(table: list[list[str]]) -> Iterator[str]:
    """Lines with the first column to the left and the numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *others in table:
        numbers = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([f"{first:<{widths[0]}}", *numbers])


def _shorten(name: str) -> str:
    return name if len(name) <= WIDTH else name[: WIDTH - 1] + "…"
