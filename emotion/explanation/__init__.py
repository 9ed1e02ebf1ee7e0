"""The engine of the stage explain: which images, which scores, what they say, and the figures."""
