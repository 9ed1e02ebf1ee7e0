"""Scores of predictions, how far each can be trusted, and the style in which figures show them."""
