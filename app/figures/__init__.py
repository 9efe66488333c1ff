"""Figures as SVG: pure functions from numbers to drawings, no database, no files, no clock."""
