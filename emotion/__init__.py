"""Facial-emotion classification: the shared library under the stages of dvc.yaml."""
