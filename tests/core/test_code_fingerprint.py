"""A fingerprint changes with what the code of a script does, and with nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from emotion.core.code_fingerprint import code_reached, fingerprint, hash_sources
from tests.user_errors import user_error

SCRIPT = Path("stages/work.py")
SOURCE = '''\
"""What it does."""
from library.engine import run

class Engine:
    """Of a car."""

    size: int = 3

def start(a, *, b=1.5, c=None):
    """Start."""
    # twice
    return f"{a!r:>{b}}" + "x" if b > 1 else run(c, b"y", -2, ...)
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A script, a library of three modules and a template; returns a function that writes files."""
    monkeypatch.chdir(tmp_path)

    def write(**sources):
        for name, source in sources.items():
            path = Path(*name.split("__")).with_suffix("" if name.endswith("txt") else ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")

    write(
        stages__work=SOURCE,
        library__engine="from library import wheels\ndef run(*args): from library import later\n",
        library__wheels="COUNT = 4\n",
        library__later="import library.wheels\n",
        library__unused="import library.engine\n",
    )
    Path("library/__init__.py").touch()
    Path("library/template.md").write_text("Hello")
    return write


def files_in(text):
    return [line.split("  ")[1] for line in text.splitlines()]


@pytest.mark.usefixtures("project")
def test_it_names_each_file_that_the_script_reaches_and_the_data_beside_them():
    assert files_in(fingerprint(SCRIPT, {})) == [
        "library/__init__.py",
        "library/engine.py",
        "library/later.py",
        "library/template.md",
        "library/wheels.py",
        "stages/work.py",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# twice", "# three times"),
        ('    """Start."""\n', ""),
        ('"""Of a car."""', '"""Of a boat."""'),
        ("    size: int = 3\n", '    size: int = 3\n    """In liters."""\n'),
        ('"""What it does."""\n', '"""What it does."""\n\n\n'),
        ('"x" if b > 1 else', "('x') if b > 1 \\\n    else"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(project, before, after):
    first = fingerprint(SCRIPT, {})
    assert before in SOURCE
    project(stages__work=SOURCE.replace(before, after))
    assert fingerprint(SCRIPT, {}) == first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("b=1.5", "b=1.25"),
        ("b > 1", "b >= 1"),
        ('"x"', 'b"x"'),
        ("-2", "2"),
        ("!r", "!s"),
        ("size: int = 3", "size: float = 3"),
        ("c=None", "c=False"),
        ("def start", "async def start"),
        ("(a, *, b", "(a, b"),
        ("return f", "f"),
    ],
)
def test_every_other_change_counts(project, before, after):
    first = fingerprint(SCRIPT, {})
    assert before in SOURCE
    project(stages__work=SOURCE.replace(before, after))
    assert fingerprint(SCRIPT, {}) != first


def test_one_line_changes_per_changed_file_and_none_for_a_file_that_is_not_reached(project):
    first = fingerprint(SCRIPT, {}).splitlines()
    project(library__wheels="COUNT = 5\n", library__unused="")
    second = fingerprint(SCRIPT, {}).splitlines()
    assert files_in("\n".join(set(first) ^ set(second))) == ["library/wheels.py"] * 2
    Path("library/template.md").write_text("Hello ")  # data counts by its bytes
    third = fingerprint(SCRIPT, {}).splitlines()
    assert files_in("\n".join(set(second) ^ set(third))) == ["library/template.md"] * 2


@pytest.mark.usefixtures("project")
def test_the_hash_is_the_same_in_every_version_of_python():
    """Recorded with Python 3.11; the workflow of GitHub runs this with later versions."""
    [line] = [line for line in fingerprint(SCRIPT, {}).splitlines() if "work.py" in line]
    assert line[:16] == "4a693f359f71157f"


def test_the_hash_of_the_sources_changes_with_every_byte_and_name(project):
    hashes = [hash_sources([Path("stages"), Path("library")])]
    project(library__unused="# another comment\n")
    hashes.append(hash_sources([Path("stages"), Path("library")]))
    Path("library/template.md").rename("library/renamed.md")
    hashes.append(hash_sources([Path("stages"), Path("library")]))
    Path("library/__pycache__").mkdir()
    Path("library/__pycache__/engine.cpython-311.pyc").touch()
    assert hash_sources([Path("stages"), Path("library")]) == hashes[-1]
    assert len({*hashes}) == 3


def test_imports_for_the_type_checker_alone_do_not_count(project):
    project(
        stages__work="from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import library.unused\nelse:\n    import library.wheels\n"
    )
    assert "library/wheels.py" in files_in(fingerprint(SCRIPT, {}))
    assert "library/unused.py" not in files_in(fingerprint(SCRIPT, {}))


@pytest.mark.parametrize("call", ["importlib.import_module(name)", "__import__(name)"])
def test_an_import_by_name_must_be_declared_and_is_followed_then(project, call):
    project(library__wheels=f"import importlib\ndef load(name): return {call}\n")
    with user_error("by name", file="library/wheels.py", hint="declare"):
        fingerprint(SCRIPT, {})
    declared = {Path("library/wheels.py"): ["library.unused"]}
    assert "library/unused.py" in files_in(fingerprint(SCRIPT, declared))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("from . import engine", "relatively"),
        ("def", "not Python"),
        ("\0", "not Python"),
        ("+".join("1" * 9999), "deep"),
    ],
)
def test_a_file_that_cannot_be_followed_is_an_error_that_names_it(project, source, problem):
    project(library__later=source)
    with user_error(problem, file="library/later.py"):
        fingerprint(SCRIPT, {})


LOADED = """
import sys
from pathlib import Path
import stages.{stage}
files = [getattr(module, "__file__", None) for module in sys.modules.values()]
root = Path.cwd()
ours = [Path(file).relative_to(root) for file in files if file and Path(file).is_relative_to(root)]
print(*sorted(file.as_posix() for file in ours if file.parts[0] in ("emotion", "stages")))
"""


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["draw_faces", "prepare_splits", "class_weights", "train"])
def test_what_python_loads_is_what_is_reached_at_the_start(stage):
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED.format(stage=stage)],
        capture_output=True,
        text=True,
        check=True,
    )
    reached = code_reached(Path(f"stages/{stage}.py"), at_start=True)
    assert loaded.stdout.split() == sorted(file.as_posix() for file in reached)
