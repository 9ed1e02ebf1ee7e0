"""Metrics: scores of predictions, their confidence intervals, and the style of the figures."""
