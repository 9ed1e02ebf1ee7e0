"""Compare Git revisions and DVC experiments: their predictions, and what a reviewer is shown."""
