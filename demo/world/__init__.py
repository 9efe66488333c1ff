"""A small invented world described in five languages: meaning frames in, grammatical sentences out."""
