"""How good the model is: held-out scores with their uncertainty, calibration, and figures.

The only engine that scores the test split, and it scores it once: nothing is chosen by its result.
"""
