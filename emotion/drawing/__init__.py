"""Faces drawn from FACS action units: labelled pictures with no download and a known evidence."""
