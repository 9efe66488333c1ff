"""Experiments as pages: start one of any kind, watch it, read its answer, take it along as files."""
