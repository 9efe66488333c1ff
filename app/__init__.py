"""Babelscope: see where a multilingual language model keeps its languages."""

__version__ = "0.1.0"
