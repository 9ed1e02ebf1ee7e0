"""Measurements of time and memory, stage by stage; run as `python -m benchmarks.bench_<stage>`."""
