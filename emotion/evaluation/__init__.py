"""Evaluation: held-out scores with confidence intervals, calibration and figures.

It scores the test split once, and selects nothing by the result.
"""
