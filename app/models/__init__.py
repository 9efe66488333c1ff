"""Models: naming one, the proof that it is read correctly, and its card."""
