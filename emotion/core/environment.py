"""Environment variables that native libraries read once, when they are loaded.

They decide how long idle threads spin, and with which instructions numpy and OpenCV compute the
last bits of a result. So they are set before numpy and torch are imported: by the packages emotion
and stages, when they are imported. Only the standard library is imported here.
"""

import os

from emotion.core.machine import has_avx2, has_avx512

# At the end of each parallel section, libgomp's threads spin before they sleep: by default so long
# that a process which needs one of the cores slows all of them (benchmarks/bench_busy_machine.py).
SPIN_COUNT = "3000"
CHOSEN_BY_USER = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")

# AVX-512 code rounds differently. It is left out where a library would choose it.
NUMPY = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_IPP": "avx2",
}
OPENCV_AVX512 = {"OPENCV_CPU_DISABLE": "AVX512-SKX"}  # a warning where the processor has none


def limit_spinning() -> None:
    """Let idle threads sleep early, unless the user has chosen how they wait."""
    if not any(name in os.environ for name in CHOSEN_BY_USER):
        os.environ["GOMP_SPINCOUNT"] = SPIN_COUNT


def fix_arithmetic() -> None:
    """Use instructions that all x86-64 processors with AVX2 have; on others, do nothing.

    numpy, OpenBLAS and OpenCV lose no time by it that matters here. torch is left as it is: oneDNN
    chooses the block sizes of convolutions from the sizes of the caches, and with them the order of
    summation, so that no choice of instructions gives the same bytes on all processors.
    """
    if has_avx2():
        os.environ.update(NUMPY)
        if has_avx512():
            os.environ.update(OPENCV_AVX512)
