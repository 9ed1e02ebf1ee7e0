"""Faces drawn from FACS action units: labeled images with known evidence, without a download."""
