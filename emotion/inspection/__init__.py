"""Inspection of the image files: defects, size, exact and perceptual hash."""
