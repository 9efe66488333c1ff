"""Languages, scripts, corpora and tokens as text: pure Python, shared by the web app and the worker."""
