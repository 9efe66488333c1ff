"""Rows and arrays: tables, sessions, the array store."""
