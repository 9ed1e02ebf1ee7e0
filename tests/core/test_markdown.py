"""Text of the user in Markdown is shown as it is: no link, mention, formula, HTML or list."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from emotion.core import markdown
from emotion.core.text import printable

ANY_TEXT = st.text(st.characters(exclude_categories=()))
# Characters that mean something in Markdown come often.
MARKUP = st.text(st.sampled_from(list("`*_[]()<>|~&$\\@#:!-+=.1ab /\n\t\"'{}^")), max_size=20)
GITHUB = MarkdownIt("gfm-like", {"html": True, "linkify": True})
EVIL = (
    "@octocat",
    "#1",
    "owner/repo#1",
    "_x_",
    "__x__",
    "~~x~~",
    "**x**",
    "&lt;b&gt;",
    "<img src=x>",
    "[x][y]",
    "[x](http://a.b)",
    "![x](y)",
    "$x$",
    "$$x$$",
    r"\(x\)",
    "http://example.com/c",
    "https://example.com",
    "www.example.com",
    "WWW.example.com",
    "mailto:a@b.c",
    "a@b.c",
    ":smile:",
    "`x`",
    "a | b",
    "- x",
    "+ x",
    "1. x",
    "12) x",
    "# x",
    "> x",
    "===",
    "a\n\n# b",
    "<!-- x",
    "    x",
)


def shown(source):
    """The text that a reader of the rendered Markdown sees, and the tags around it."""
    html = GITHUB.render(source)
    tags = {tag for tag in re.findall(r"<(\w+)", html) if tag != "p"}
    return shown_text(re.sub(r"</?p>", "", html).strip()), tags


def shown_text(html):
    return unescape(html).replace("\u200b", "")


@pytest.mark.parametrize("text", EVIL)
def test_markup_is_shown_as_it_is(text):
    found, tags = shown(markdown.escape(text))
    assert not tags
    assert found == " ".join(printable(text).split())


@given(MARKUP | ANY_TEXT)
def test_no_text_becomes_markup(text):
    source = markdown.escape(text)
    assert "\n" not in source
    assert not re.search(r"[@#]\w", source.replace("&#", "&"))  # GitHub looks in what is shown
    found, tags = shown(source)
    assert not tags
    assert found.replace("\u200b", "") == " ".join(printable(text).split()).replace("\u200b", "")


@pytest.mark.parametrize("text", ["macro-F1 of sad", "kept: NLL falls by 0.1", "vit_base_patch16"])
def test_ordinary_text_stays_readable(text):
    assert markdown.escape(text) == text


@given(MARKUP)
def test_code_has_no_markup_and_does_not_end_early(text):
    source = markdown.code(text)
    found, tags = shown(source)
    assert tags <= {"code"}
    found = re.sub(r"</?code>", "", found) if source.startswith("`") else found
    assert found == " ".join(printable(text).split())


@given(st.lists(st.lists(MARKUP, min_size=2, max_size=2), min_size=1, max_size=3))
def test_a_table_has_the_cells_that_it_was_given(rows):
    html = GITHUB.render(markdown.table(["a", "b"], rows))
    assert html.count("<tr>") == len(rows) + 1
    cells = [shown_text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]
    assert cells == [" ".join(printable(text).split()) for row in rows for text in row]
    assert set(re.findall(r"<(\w+)", html)) <= {"table", "thead", "tbody", "tr", "th", "td"}
