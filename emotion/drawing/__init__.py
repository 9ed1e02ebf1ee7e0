"""Faces drawn from FACS action units: labeled images with no download and a known evidence."""
