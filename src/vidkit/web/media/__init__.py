"""Files of a video as answers: which file is meant, which part of it, and how it is sent."""
