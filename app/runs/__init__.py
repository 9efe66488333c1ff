"""Runs: choosing what to scan, what it will cost, and how it goes."""
