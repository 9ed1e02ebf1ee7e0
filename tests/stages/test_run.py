"""A user's mistake ends in one sentence, our own in a traceback."""

import pytest

from emotion.core.errors import UserError
from stages.run import run


def failing_with(error):
    def main():
        raise error

    return main


def test_a_users_mistake_is_one_sentence_and_a_failing_status():
    with pytest.raises(SystemExit) as exit_:
        run(failing_with(UserError("epochs is -1, but should be at least 1")))
    assert exit_.value.code == "\nerror: epochs is -1, but should be at least 1"


def test_our_own_mistake_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run(failing_with(ZeroDivisionError()))


def test_ctrl_c_says_how_to_go_on():
    with pytest.raises(SystemExit, match="dvc repro"):
        run(failing_with(KeyboardInterrupt()))
