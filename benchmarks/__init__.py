"""Benchmarks of time and memory, one per stage; run as `python -m benchmarks.bench_<stage>`."""
