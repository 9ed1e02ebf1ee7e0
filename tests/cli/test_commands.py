"""Every way in which a command ends has its own exit status, and a crash is never a verdict."""

import argparse
import errno
import subprocess
import sys

import pytest

from emotion.cli.commands import CLOSED_PIPE, FAILED, INTERRUPTED, run_command, whole_number


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
    """1 is Python's own status of a crash, and the verdict "leaks" of the audit."""
    assert run_command(ending_with(error), []) == FAILED == 2
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_and_a_missing_package_end_without_a_traceback(capsys):
    assert run_command(ending_with(KeyboardInterrupt()), []) == INTERRUPTED
    missing = ModuleNotFoundError("No module named 'x'", name="x")
    assert run_command(ending_with(missing), []) == FAILED
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_goes_away_is_neither_an_error_nor_a_verdict():
    code = (
        "import sys; from emotion.cli.commands import run_command\n"
        "def command(_):\n for _ in range(100_000): print('x' * 100)\n return 0\n"
        "sys.exit(run_command(command, []))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == CLOSED_PIPE


def test_a_file_that_the_system_refuses_is_one_sentence(capsys):
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "out\x1b[2J/report.json")
    assert run_command(ending_with(error), []) == FAILED
    expected = (
        r"error: No such file or directory (out\x1b[2J/report.json); correct that and try again."
    )
    assert capsys.readouterr().err.strip() == expected


@pytest.mark.parametrize("text", ["-1", "100", "1e1", "1.0", "", "٣x", "9" * 5000, "0x1"])
def test_a_whole_number_out_of_its_range_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="give a number from 0 to 99"):
        whole_number(0, 99)(text)
    assert whole_number(0, 99)("42") == 42
