"""Search by meaning: models that turn texts and images into vectors (embeddings). Needs the extra `meaning`."""
