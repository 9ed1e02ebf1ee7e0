"""Groups of rows that show one person or one image, and the leaks between splits."""
