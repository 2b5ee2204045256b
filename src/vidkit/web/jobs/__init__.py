"""Jobs of the server: the queue, the process of each job, and how far it is."""
