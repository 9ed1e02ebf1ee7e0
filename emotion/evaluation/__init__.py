"""Evaluation: held-out scores with confidence intervals, calibration and figures.

The only part that scores the test split. It does so once, and selects nothing by the result.
"""
