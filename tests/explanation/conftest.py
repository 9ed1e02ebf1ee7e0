"""Rows with masks, and a tiny model."""

from tests.explanation.methods.conftest import checkpoint, options, rows  # noqa: F401, fixtures
