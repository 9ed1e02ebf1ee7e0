"""Tables show what was computed, fit a page, and execute nothing in a terminal."""

import json

import pytest

from emotion.evaluation.comparison.paired import compare_with_baseline
from emotion.evaluation.comparison.render import render_json, render_markdown, render_text
from emotion.evaluation.comparison.sentences import state_verdict
from tests.evaluation.comparison.simulated import CLASSES, changed, make_predictions, named, subset

EIGHT = ["angry", "contempt", "disgust", "fearful", "happy", "neutral", "sad", "surprised"]


@pytest.fixture(scope="module")
def one():
    return compare_with_baseline(make_predictions("main"), [make_predictions("new", model=2)], 200)


@pytest.fixture(scope="module")
def several():
    others = [make_predictions(f"new-{number}", model=number) for number in (2, 3)]
    return compare_with_baseline(make_predictions("main"), others, 200)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_one_revision_has_a_row_per_metric_and_class(one):
    lines = render_text(one, "test").splitlines()
    for value in ("new", "main", "test", "180", "30"):
        assert value in lines[0].replace(",", "").split()
    assert lines[2].split()[1:3] == ["main", "new"]
    score = one[0].macro_f1
    low, high = score.interval
    values = [score.first, score.second]
    changes = [f"{score.difference:+.3f}", f"[{low:+.3f},", f"{high:+.3f}]"]
    assert lines[3].split() == ["macro-F1", *(f"{value:.3f}" for value in values), *changes]
    assert [line.split()[0] for line in lines[4:6]] == ["accuracy", "ECE"]
    assert [line[:16].strip() for line in lines[6:10]] == [f"F1 of {name}" for name in CLASSES]
    assert lines[-1] == state_verdict(one[0], "test")


def test_several_revisions_have_a_row_and_a_sentence_each(several):
    lines = render_text(several, "test").splitlines()
    assert "main," in lines[0].split()
    for line, comparison in zip(lines[3:5], several, strict=True):
        assert line.split()[:2] == [comparison.second, "180"]
        assert line.split()[-1] == f"{comparison.adjusted:.3f}"
    assert lines[-2:] == [state_verdict(comparison, "test", 2) for comparison in several]


@pytest.mark.parametrize("count", [1, 3])
def test_the_table_of_eight_classes_and_long_names_fits_100_characters(count):
    rename = dict(zip(CLASSES, EIGHT[-4:], strict=True))

    def long(name, model):
        predictions = make_predictions(name * 10, model=model)
        columns = {name: predictions.rows[name].replace(rename) for name in ("label", "predicted")}
        columns["label"][:8] = columns["predicted"][:8] = EIGHT
        return named(changed(predictions, **columns), EIGHT)

    others = [long("other-", model) for model in range(2, 2 + count)]
    comparisons = compare_with_baseline(long("main-", 1), others, 400)
    assert len(comparisons[0].class_f1) == 8
    table = render_text(comparisons, "test").split("\n\n")[1].splitlines()
    assert len(table) == (12 if count == 1 else 4)
    assert max(map(len, table)) <= 100


def test_control_characters_of_names_reach_no_terminal_and_no_markdown():
    evil = "a\x1b[31m\n\u202eb"
    names = [evil, *CLASSES[1:]]

    def renamed(model):
        rows = make_predictions(evil, model=model).rows.replace("angry", evil)
        return named(changed(make_predictions(evil, model=model), **rows), names)

    for others in ([renamed(2)], [renamed(2), renamed(3)]):
        comparisons = compare_with_baseline(renamed(1), others, 200)
        for render in (render_text, render_markdown, render_json):
            text = render(comparisons, "test")
            assert all(c.isprintable() or c == "\n" for c in text), render
            assert "31m\n" not in text


def test_markdown_is_a_table_whose_cells_are_not_broken_by_names():
    second = make_predictions("a|b <i> `c` [x](y)", model=2)
    text = render_markdown(compare_with_baseline(make_predictions("main"), [second], 200), "test")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert cells(table[0])[1:3] == ["main", r"a\|b &lt;i&gt; \`c\` \[x\](y)"]
    assert set(table[1]) <= set("|-: ")
    assert {len(cells(line)) for line in table} == {5}
    assert text.startswith("**")


def test_json_has_all_numbers_and_null_where_there_is_none(one):
    content = json.loads(render_json(one, "test"))
    assert (content["split"], content["baseline"]) == ("test", "main")
    (entry,) = content["comparisons"]
    score = one[0].macro_f1
    assert entry["metrics"]["macro_f1"] == {
        "baseline": score.first,
        "revision": score.second,
        "difference": score.difference,
        "low": score.interval.low,
        "high": score.interval.high,
    }
    assert list(entry["class_f1"]) == CLASSES
    assert entry["verdict"] == "no difference shown"
    assert entry["sentence"] == state_verdict(one[0], "test")
    assert entry["p_value"] == entry["p_value_holm"] == one[0].p_value

    first = subset(make_predictions("main"), slice(6))
    second = subset(make_predictions("new", model=2), slice(6))
    one_group = compare_with_baseline(first, [second], 200)
    content = json.loads(render_json(one_group, "test"))
    assert content["comparisons"][0]["metrics"]["accuracy"]["low"] is None
    assert "none" in render_text(one_group, "test").split()
