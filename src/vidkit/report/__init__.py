"""`vidkit report`: the library, or what a search finds of it, as one HTML file that needs nothing else."""
