"""Corpora: reading uploads, storing them, and looking at the sentences."""
