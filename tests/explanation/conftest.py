"""Rows with masks, and a tiny model."""

from tests.explainers.conftest import checkpoint, options, rows  # noqa: F401, fixtures
