"""Vectors (embeddings) of moments: what all backends share, and the index beside a SQLite or MongoDB library."""
