"""Readers of corpus formats: files in, sentences grouped by meaning out; one module a format."""
