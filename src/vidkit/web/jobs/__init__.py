"""Jobs of the server: the queue, the process of each job, and its progress."""
