"""`vidkit report`: the library, or the results of a search, as one HTML file that loads nothing else."""
