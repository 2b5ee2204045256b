"""Rows on a Ray cluster: the connection, the slots, their workers, and the state that the workers share."""
