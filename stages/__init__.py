"""One small script a stage of dvc.yaml; they alone know the paths of the repository."""
