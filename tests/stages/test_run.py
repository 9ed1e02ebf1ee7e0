"""A UserError is reported in one sentence; other errors keep their traceback."""

import errno
import os
from pathlib import Path

import pytest

from emotion.core.errors import UserError
from stages.run import explain_interruption, fingerprint_of, run, sources


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


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EISDIR])
def test_a_file_that_the_system_refuses_is_one_sentence(number):
    error = OSError(number, os.strerror(number), "data/spl\x1bits")
    with pytest.raises(SystemExit) as exit_:
        run(failing_with(error))
    expected = rf"{os.strerror(number)} (data/spl\x1bits); correct that and run `dvc repro` again."
    assert exit_.value.code == f"\nerror: {expected}"


def test_a_full_disk_is_one_sentence():
    with pytest.raises(SystemExit, match="the disk is full; free some space"):
        run(failing_with(OSError(errno.ENOSPC, "No space left on device")))


def test_an_operating_system_error_without_a_file_keeps_its_traceback():
    with pytest.raises(OSError, match="hardware"):
        run(failing_with(OSError("hardware")))


def message_in_a_stage(stage, monkeypatch):
    monkeypatch.setenv("DVC_STAGE", stage)
    with pytest.raises(SystemExit) as exit_:
        run(failing_with(UserError("wrong.")))
    return exit_.value.code


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A stage `train` with its fingerprint."""
    monkeypatch.chdir(tmp_path)
    for folder in ("stages", "data/code"):
        Path(folder).mkdir(parents=True)
    Path("stages/train.py").write_text("EPOCHS = 6\n")
    Path("data/code/train.txt").write_text(fingerprint_of("train"))
    Path("data/code/sources.txt").write_text(sources())


@pytest.mark.usefixtures("repository")
def test_a_stage_of_dvc_refuses_to_run_other_code_than_dvc_will_record(monkeypatch):
    assert message_in_a_stage("train", monkeypatch) == "\nerror: wrong."
    Path("stages/train.py").write_text("EPOCHS = 6  # short\n")
    assert message_in_a_stage("train", monkeypatch) == "\nerror: wrong."
    Path("stages/train.py").write_text("EPOCHS = 7\n")
    message = message_in_a_stage("train", monkeypatch)
    assert message.startswith("\nerror: data/code/train.txt is of other code")
    assert "`dvc repro`" in message
    monkeypatch.delenv("DVC_STAGE")  # `python -m stages.train` runs the code as it is
    with pytest.raises(SystemExit, match=r"wrong\."):
        run(failing_with(UserError("wrong.")))


@pytest.mark.usefixtures("repository")
def test_a_refused_stage_says_how_to_get_back_what_dvc_removed(tmp_path, monkeypatch):
    Path("data/code/check_params.txt").touch()
    assert "dvc checkout" not in message_in_a_stage("train", monkeypatch)  # there was no run before
    (tmp_path / "dvc.lock").touch()
    assert "`dvc checkout` and `git checkout metrics`" in message_in_a_stage("train", monkeypatch)
    assert "dvc checkout" not in message_in_a_stage("check_params", monkeypatch)


def test_ctrl_c_during_the_imports_has_no_traceback_and_other_errors_do(capsys):
    for error in (KeyboardInterrupt(), ZeroDivisionError("x")):
        explain_interruption(type(error), error, None)
    err = capsys.readouterr().err
    assert err.startswith("\nerror: interrupted; `dvc repro` starts this stage again.\n")
    assert err.endswith("ZeroDivisionError: x\n")


def test_a_name_that_the_encoding_of_the_system_lacks_is_one_sentence():
    with pytest.raises(UnicodeEncodeError) as caught:
        "contact_幸福.png".encode("ascii")
    with pytest.raises(SystemExit, match=r"\(ascii\) has no 幸福; set LC_ALL=C\.UTF-8"):
        run(failing_with(caught.value))
