"""Publish on the Hugging Face Hub: a self-contained model folder, its model card, the upload.

Runs without torch: everything on the card is read from the JSON files of earlier stages.
"""
