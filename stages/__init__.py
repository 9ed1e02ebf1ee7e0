"""One small script per stage of dvc.yaml; only they use the paths of the repository."""
