"""The exit codes of every command."""

EXIT_DONE, EXIT_SOME_FAILED, EXIT_WRONG, EXIT_INTERRUPTED = 0, 1, 2, 130
