"""Videos that show the same: hashes of their pictures, and which of them are copies of each other."""
