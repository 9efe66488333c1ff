"""The first page, the health checks, and what Babelscope is about."""
