"""Rows on a Ray cluster: the connection, the pool of slots, their workers, and what these share."""
