"""Find copies among videos: hashes of their frames, and which videos show the same."""
