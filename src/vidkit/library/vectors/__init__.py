"""Vectors of moments: what all homes have, and the index beside a library in SQLite or MongoDB."""
