"""Native libraries see their variables before they are loaded, and a user's choice is kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emotion.core.environment import CHOSEN_BY_USER, NUMPY, SPIN_COUNT, TORCH, fix_arithmetic
from emotion.core.machine import has_avx2

# Prints how torch and numpy compute, and a hash of one training step.
PROBE = """
import hashlib, os, numpy, torch
torch.manual_seed(0)
network = torch.nn.Sequential(
    torch.nn.Conv2d(3, 32, 3), torch.nn.SiLU(), torch.nn.Flatten(), torch.nn.Linear(28800, 7)
)
network(torch.randn(8, 3, 32, 32)).log_softmax(dim=1).std().backward()
gradients = b"".join(p.grad.numpy().tobytes() for p in network.parameters())
print(
    torch.backends.cpu.get_cpu_capability(),
    torch.get_num_threads(),
    os.environ.get("MKL_CBWR"),
    numpy._core._multiarray_umath.__cpu_features__["X86_V4"],
    hashlib.sha256(gradients).hexdigest(),
)
"""
OURS = {*CHOSEN_BY_USER, *NUMPY, *TORCH}
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


@pytest.fixture
def stage(tmp_path):
    """A repository with one stage, PROBE."""
    (tmp_path / "dvc.yaml").write_text("stages:\n  probe:\n    params: [train]\n")
    package = tmp_path / "stages"
    package.mkdir()
    for name in ("__init__", "paths", "run"):
        (package / f"{name}.py").write_text(Path(f"stages/{name}.py").read_text())
    (package / "probe.py").write_text(PROBE)

    def probe(deterministic, **variables):
        (tmp_path / "params.yaml").write_text(f"train: {{deterministic: {deterministic}}}\n")
        return run_python("-m", "stages.probe", folder=tmp_path, **variables).split()

    return probe


@needs_avx2
def test_a_portable_stage_computes_with_avx2_and_two_threads_whatever_the_user_has_set(stage):
    user = {"OMP_NUM_THREADS": "7", "ATEN_CPU_CAPABILITY": "default"}
    assert stage("portable", **user)[:4] == ["AVX2", "2", "COMPATIBLE", "False"]


@needs_avx2
def test_a_portable_stage_gives_the_same_bytes_whatever_torch_would_choose(stage):
    # What another processor would make torch choose.
    others = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    here, there = ({"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "3", **others})
    assert stage("portable", **here)[-1] == stage("portable", **there)[-1]
    assert stage("true", **here)[-1] != stage("true", **there)[-1]


def test_another_stage_leaves_torch_as_it_is(stage):
    assert stage("true", OMP_NUM_THREADS="1")[1:3] == ["1", "None"]


def test_a_stage_with_unreadable_params_starts_and_reports_them_itself(stage):
    assert stage("[", OMP_NUM_THREADS="1")[1] == "1"
    assert stage("portabel", OMP_NUM_THREADS="1")[1] == "1"


def test_nothing_is_fixed_on_a_processor_without_avx2(monkeypatch):
    monkeypatch.setattr("emotion.core.environment.has_avx2", lambda: False)
    before = dict(os.environ)
    fix_arithmetic(portable=True)
    assert dict(os.environ) == before


def test_opencv_is_told_to_leave_out_avx_512_only_where_it_is(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr("emotion.core.environment.has_avx2", lambda: True)
    monkeypatch.setattr("emotion.core.environment.has_avx512", lambda: False)
    fix_arithmetic(portable=False)
    assert os.environ == NUMPY
    monkeypatch.setattr("emotion.core.environment.has_avx512", lambda: True)
    fix_arithmetic(portable=True)
    assert os.environ == {**NUMPY, **TORCH, "OPENCV_CPU_DISABLE": "AVX512-SKX"}
