"""Measurements, each against a bare run of the same work in the same process; no timing stands in a test."""
