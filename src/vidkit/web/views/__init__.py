"""The calls of the API and the pages, a module for each subject."""
