"""The Hugging Face Hub: a folder that a stranger can use, its model card, and the upload.

Starts without torch: everything it says about the model is read from the JSON of earlier stages.
"""
