"""Native libraries see their variables before they are loaded, and a user's choice is kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emotion.core.environment import CHOSEN_BY_USER, NUMPY, SPIN_COUNT, fix_arithmetic
from emotion.core.machine import has_avx2

# Prints whether numpy was imported too early, may use AVX-512, and the variables of libraries.
PROBE = """
import os, sys
print("numpy" in sys.modules)
import numpy
print(numpy._core._multiarray_umath.__cpu_features__["X86_V4"])
print(os.environ["OPENBLAS_CORETYPE"], os.environ["OMP_NUM_THREADS"])
"""
OURS = {*CHOSEN_BY_USER, *NUMPY}
needs_avx2 = pytest.mark.skipif(not has_avx2(), reason="this processor has no AVX2")


def run_python(*arguments, folder=None, **variables):
    """What a new process prints."""
    environment = {key: value for key, value in os.environ.items() if key not in OURS}
    environment |= {"PYTHONPATH": str(Path.cwd()), **variables}
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def test_threads_spin_less_in_every_process_that_imports_the_package():
    program = "import emotion, os, sys; print(os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules)"
    assert run_python("-c", program) == f"{SPIN_COUNT} False"


@pytest.mark.parametrize(
    ("name", "value"), [("GOMP_SPINCOUNT", "77"), ("OMP_WAIT_POLICY", "PASSIVE")]
)
def test_a_users_choice_of_how_threads_wait_is_kept(name, value):
    program = f"import emotion, os; print(*(os.environ.get(name) for name in {CHOSEN_BY_USER}))"
    expected = [value if name == variable else "None" for variable in CHOSEN_BY_USER]
    assert run_python("-c", program, **{name: value}).split() == expected


@needs_avx2
def test_a_stage_fixes_the_instructions_of_numpy_before_it_is_imported_and_no_threads(tmp_path):
    package = tmp_path / "stages"
    package.mkdir()
    for name in ("__init__", "paths", "run"):
        (package / f"{name}.py").write_text(Path(f"stages/{name}.py").read_text())
    (package / "probe.py").write_text(PROBE)
    user = {"OMP_NUM_THREADS": "3", "OPENBLAS_CORETYPE": "SkylakeX"}
    printed = run_python("-m", "stages.probe", folder=tmp_path, **user)
    assert printed.split() == ["False", "False", "Haswell", "3"]


def test_nothing_is_fixed_on_a_processor_without_avx2(monkeypatch):
    monkeypatch.setattr("emotion.core.environment.has_avx2", lambda: False)
    before = dict(os.environ)
    fix_arithmetic()
    assert dict(os.environ) == before


def test_opencv_is_told_to_leave_out_avx_512_only_where_it_is(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr("emotion.core.environment.has_avx2", lambda: True)
    monkeypatch.setattr("emotion.core.environment.has_avx512", lambda: False)
    fix_arithmetic()
    assert os.environ == NUMPY
    monkeypatch.setattr("emotion.core.environment.has_avx512", lambda: True)
    fix_arithmetic()
    assert os.environ == {**NUMPY, "OPENCV_CPU_DISABLE": "AVX512-SKX"}
