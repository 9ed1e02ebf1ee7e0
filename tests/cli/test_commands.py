"""Each way in which a command ends has its own exit status, and a crash is never a result."""

import argparse
import errno
import sys

import pytest

from emotion.cli import main
from emotion.cli.commands import (
    FAILED,
    INTERRUPTED,
    positive_number,
    run_command,
    whole_number,
)
from emotion.core.errors import UserError


def ending_with(error):
    def command(_arguments):
        raise error

    return command


def test_the_status_of_the_command_is_returned():
    assert run_command(lambda arguments: len(arguments), ["a", "b", "c"]) == 3


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), OSError(errno.EIO, "input/output error"), RuntimeError()]
)
def test_a_crash_has_a_traceback_and_another_status_than_a_leak(error, capsys):
    """1 is Python's own status of a crash, and the result "leaks" of the audit."""
    assert run_command(ending_with(error), []) == FAILED == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "shown"),
    [
        (UserError("no rows", "add some", file="a.csv"), FAILED, "error: a.csv no rows; add some."),
        (FileNotFoundError(errno.ENOENT, "x", "out\x1b[2J/report.json"), FAILED, r"out\x1b[2J/"),
        (ModuleNotFoundError("No module named 'x'", name="x"), FAILED, "x is not installed"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_of_the_user_is_one_line_without_a_traceback(error, status, shown, capsys):
    assert run_command(ending_with(error), []) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert shown in captured.err
    assert captured.err.count("\n") == bool(shown)


def test_without_a_standard_output_no_result_is_lost_without_a_word(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert run_command(lambda _: 0, []) == FAILED
    assert "standard output is closed" in capsys.readouterr().err


NO_NUMBERS = [
    "",
    " ",
    " 5 ",
    "5\n",
    "1_0",
    "１２",
    "٣",
    "²",
    "0x1",
    "nan",
    "inf",
    "-1",
    "1,5",
    "5px",
]


@pytest.mark.parametrize("text", [*NO_NUMBERS, "100", "1e1", "1.0", "+5", "9" * 5000])
def test_a_whole_number_out_of_its_range_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"\b0 .*\b99\b"):
        whole_number(0, 99)(text)
    assert whole_number(0, 99)("42") == 42


@pytest.mark.parametrize(
    "text", [*NO_NUMBERS, "0", "0.0", "1e400", "1e-400", "9" * 5000, "1e", "."]
)
def test_what_is_not_a_finite_number_above_0_is_refused_with_its_text(text):
    """Python reads 1_0, digits of other scripts, nan and inf as numbers."""
    with pytest.raises(argparse.ArgumentTypeError, match="above 0") as caught:
        positive_number(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("0.5", 0.5), (".5", 0.5), ("2.", 2), ("+1e-3", 0.001), ("1E2", 100)],
)
def test_decimal_numbers_are_read(text, value):
    assert positive_number(text) == value


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in main.COMMANDS)])
def test_every_command_has_its_help(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(" ".join(["usage: emotion", *arguments[:-1]]))
    assert len(arguments) == 2 or set(main.COMMANDS) <= set(shown.split())


@pytest.mark.parametrize("arguments", [[], ["predikt"], ["--model"]])
def test_an_unknown_command_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 2
    assert "usage: emotion" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "importer", "arguments", "extra"),
    [
        ("pandas", "emotion.cli.audit", ["audit", "a.csv", "b.csv"], "train"),
        ("cv2", "emotion.prediction.video", ["predict", "a.mp4"], "video"),
        ("uvicorn", "emotion.prediction.serving.deadlines", ["serve"], "serve"),
        ("fastapi", "emotion.prediction.serving.access", ["serve"], "serve"),
    ],
)
def test_a_missing_package_is_named_with_what_installs_it(
    package, importer, arguments, extra, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, importer, raising=False)
    assert main.main(arguments) == FAILED
    error = capsys.readouterr().err
    assert f"{package} is not installed" in error
    assert f"emotion-pipeline[{extra}]" in error
