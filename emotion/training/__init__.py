"""Training: the recipe of params.yaml, its loop, and the sanity checks before it."""
