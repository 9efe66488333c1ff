"""Readers of files that other programs wrote, each a process of its own without network, database or settings."""
