"""Comparisons: one prompt answered normal, with neurons changed, and with random neurons changed, side by side."""
