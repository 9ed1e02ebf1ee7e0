"""Training: the recipe of params.yaml, one epoch after another, and the checks before it."""
