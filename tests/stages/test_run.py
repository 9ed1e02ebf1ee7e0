"""A UserError is reported in one sentence; other errors keep their traceback."""

import pytest

from emotion.core.errors import UserError
from stages.run import run


def failing_with(error):
    def main():
        raise error

    return main


def test_a_user_error_is_printed_alone_with_a_failing_status():
    with pytest.raises(SystemExit) as exit_:
        run(failing_with(UserError("epochs is -1, but should be at least 1")))
    assert exit_.value.code == "\nerror: epochs is -1, but should be at least 1"


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        run(failing_with(ZeroDivisionError()))


def test_ctrl_c_is_reported_with_the_command_to_resume():
    with pytest.raises(SystemExit, match="dvc repro"):
        run(failing_with(KeyboardInterrupt()))
