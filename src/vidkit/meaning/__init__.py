"""Search by meaning: models that turn texts and pictures into vectors (extra `meaning`)."""
