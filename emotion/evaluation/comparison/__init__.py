"""Compare Git revisions and DVC experiments: their predictions, and the report for a reviewer."""
