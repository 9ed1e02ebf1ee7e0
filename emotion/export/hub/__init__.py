"""The Hugging Face Hub: a self-contained model folder, its model card, and the upload.

Needs no torch: everything on the card is read from the JSON files of earlier stages.
"""
