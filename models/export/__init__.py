"""Encoders, for embeddings and for labels: traced by optimum where the extra `export` is there, or written by us."""
