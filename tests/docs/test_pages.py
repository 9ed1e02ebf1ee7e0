"""Commands, options, settings and files that README.md and docs/ name exist."""

import ast
import contextlib
import io
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from docs import conf
from emotion.cli import main as cli

PAGES = {
    path.as_posix(): path.read_text(encoding="utf-8")
    for path in (Path("README.md"), *sorted(Path("docs").glob("*.md")))
}
PARAMS = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))


def code_of(page):
    """The lines of code of a page: those of fenced blocks, and inline code."""
    fence = re.compile(r"^ *```.*?\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    blocks = fence.findall(page)
    inline = re.findall(r"`([^`]+)`", fence.sub("", page))
    joined = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [line.strip().removeprefix("$ ") for line in joined] + [
        " ".join(text.split()) for text in inline
    ]


CODE = [(page, line) for page, text in PAGES.items() for line in code_of(text)]


@cache
def help_of(name):
    """The help of a subcommand of `emotion`."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
        cli.main([name, "--help"])
    return printed.getvalue()


def test_every_command_and_option_exists():
    commands = [re.search(r"(?:^|\| )emotion (\w+)(.*)", line.split("  #")[0]) for _, line in CODE]
    found = [match.groups() for match in commands if match]
    assert {name for name, _ in found} == set(cli.COMMANDS)  # each is explained somewhere
    for name, arguments in found:
        for option in re.findall(r"(?<!\S)--[\w-]+", arguments):
            assert re.search(rf"{option}\b", help_of(name)), (name, option)


def test_every_make_target_exists():
    targets = set(re.findall(r"^([\w-]+):", Path("Makefile").read_text(), flags=re.MULTILINE))
    named = {match[1] for _, line in CODE if (match := re.match(r"make ([\w-]+)", line))}
    assert named >= {"repro", "test", "verify", "experiments", "docs", "bench"}
    assert named <= targets


def test_every_setting_in_a_command_exists():
    keys = {key for _, line in CODE for key in re.findall(r"-S ([\w.]+)=", line)}
    assert "model_type" in keys
    assert [key for key in keys if not is_setting(key)] == []


def test_every_setting_in_the_text_exists():
    sections = "|".join(name for name, value in PARAMS.items() if isinstance(value, dict))
    pattern = re.compile(rf"({sections})\.(?!csv)(\w+)(?:[:=].*)?")  # train.csv is a file
    found = {match.group(1, 2) for _, line in CODE if (match := pattern.fullmatch(line))}
    assert ("train", "checkpoint") in found
    assert [".".join(key) for key in found if not is_setting(".".join(key))] == []


def is_setting(key):
    section, _, name = key.partition(".")
    return section in PARAMS and (not name or name in PARAMS[section])


def test_every_python_module_that_is_run_exists():
    named = {match[1] for _, line in CODE if (match := re.match(r"python -m ([\w.]+)", line))}
    assert "docs.update" in named
    for module in named:
        assert Path(module.replace(".", "/") + ".py").exists(), module


def test_every_python_example_is_python():
    for page, text in PAGES.items():
        for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            ast.parse(example, page)


def test_the_index_links_every_page():
    linked = {
        Path("docs", path).resolve()
        for path in re.findall(r"\]\(([^)#]+)\)", PAGES["docs/index.md"])
    }
    pages = {path.resolve() for path in Path("docs").glob("*.md")} - {
        Path("docs/index.md").resolve()
    }
    others = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/tour.ipynb")
    assert linked >= pages | {Path(name).resolve() for name in others}


def test_the_navigation_of_the_site_has_every_page_of_the_index():
    source = [PAGES["docs/index.md"]]
    conf.add_navigation(None, conf.root_doc, source)
    [_, *tables] = source[0].split("```{toctree}\n")
    entries = [entry for table in tables for entry in re.findall(r"<(.+)>", table)]
    assert entries == re.findall(r"\]\(([^)]+\.md)\)", PAGES["docs/index.md"])
    assert len(tables) == PAGES["docs/index.md"].count("\n## ")


def test_no_page_shows_the_earlier_setting_of_reproducibility():
    assert not [page for page, text in PAGES.items() if "portable" in text]
