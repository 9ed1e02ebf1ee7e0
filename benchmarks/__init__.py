"""Measurements: each module is a program that writes to benchmarks/results/."""

import emotion  # noqa: F401, limits how long threads spin, before torch is imported
